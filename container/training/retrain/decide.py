"""Whether a retrained model takes the place of the old one: figures of both on the same texts, and the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from training import LABELS
from training.evaluation import metrics
from training.retrain import finetune

NOISE = 0.05  # chance at which a fall is taken for more than noise
STRICT = 0.01  # the same for likelihoods, whose test finds smaller falls
FLOOD = 0.4  # share of the learned texts above which one label is taken for a flood
LEAST_PROBABILITY = 1e-3  # lower ones count as this, so that no single text decides


@dataclass(frozen=True)
class Comparison:
    """Two models on the same texts.

    Attributes:
        texts: how many.
        old: share that the old model gets right.
        new: share that the new one gets right.
        won: texts that only the new model gets right.
        lost: texts that only the old one gets right.
        worse: chance of losing so many of those, or more, if both models were equally good (McNemar's exact test, one
            side).
        old_loss: mean negative log likelihood of the labels under the old model.
        new_loss: under the new one.
        less_likely: chance that the new model's loss is greater by so much, or more, if both were equally good (paired
            z-test, one side).
        matrices: confusion matrices of old and new.
    """

    texts: int
    old: float
    new: float
    won: int
    lost: int
    worse: float
    old_loss: float
    new_loss: float
    less_likely: float
    matrices: tuple[list[list[int]], list[list[int]]]

    @property
    def figures(self) -> dict[str, Any]:
        """The main ones, as plain numbers, for card and report."""
        return {
            "texts": self.texts,
            "old": round(self.old, 4),
            "new": round(self.new, 4),
            "won": self.won,
            "lost": self.lost,
            "p_worse": round(self.worse, 4),
            "old_loss": round(self.old_loss, 4),
            "new_loss": round(self.new_loss, 4),
        }


def compare(
    old: metrics.Floats, new: metrics.Floats, labels: Sequence[Sequence[str]], threshold: float = 0.0
) -> Comparison:
    """Hold two models against each other.

    Args:
        old: probabilities of the one, [texts, labels].
        new: of the other.
        labels: of each text: one, several of which each is right, or none; then the text is to be left unanswered.
        threshold: confidence from which the models answer; 0: without labels there is no right and wrong, only loss.
    """
    wanted = finetune.targets(labels)
    told = np.array([bool(some) for some in labels], bool)
    judged = told | (threshold > 0)
    places = np.arange(len(labels))
    before, after = (
        np.where(told, wanted[places, one.argmax(1)] > 0, one.max(1, initial=0) < threshold) for one in (old, new)
    )
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    losses = [_losses(one, wanted) for one in (old, new)]
    first = np.array([LABELS.index(some[0]) for some in labels if some], np.int64)
    return Comparison(
        texts=len(labels),
        old=float(before[judged].mean()) if judged.any() else 0.0,
        new=float(after[judged].mean()) if judged.any() else 0.0,
        won=won,
        lost=lost,
        worse=chance(won, lost),
        old_loss=float(losses[0].mean()) if len(labels) else 0.0,
        new_loss=float(losses[1].mean()) if len(labels) else 0.0,
        less_likely=_greater(losses[1] - losses[0]),
        matrices=(metrics.confusion(old[told], first).tolist(), metrics.confusion(new[told], first).tolist()),
    )


def shifted(old: metrics.Floats, learned: metrics.Floats, labels: Sequence[Sequence[str]]) -> metrics.Floats:
    """What the old model would say if it learned nothing but how frequent each label is.

    Its probabilities are multiplied by one factor a label, so that on the learned texts their sums are the labels'
    frequencies: the most likely such factors. A flood of one label gains by that alone; whoever teaches gains more.

    Args:
        old: what the old model says of the texts to be compared on, [texts, labels].
        learned: what it says of the learned texts.
        labels: of the learned texts.

    Returns:
        [texts, labels]; what the old model says where no label is a flood.
    """
    if not len(labels):
        return old
    wanted = finetune.targets(labels).mean(0)
    if wanted.max() <= FLOOD:
        return old
    factors = np.ones(len(LABELS), np.float32)
    for _ in range(50):
        said = learned * factors
        factors *= np.maximum(wanted, 1e-6) / np.maximum((said / said.sum(1, keepdims=True)).mean(0), 1e-6)
        factors /= factors.max()
    found: metrics.Floats = old * np.maximum(factors, 1e-6)
    return found / found.sum(1, keepdims=True)


def frequencies(labels: Sequence[Sequence[str]], texts: int) -> metrics.Floats:
    """How frequent each label is, said of every text: where labels are drawn by lot, nothing is more likely.

    Args:
        labels: of the learned texts.
        texts: how many to say it of.

    Returns:
        [texts, labels].
    """
    if not len(labels):
        return np.full((texts, len(LABELS)), 1 / len(LABELS), np.float32)
    return np.repeat(finetune.targets(labels).mean(0, keepdims=True), texts, 0)


def chance(won: int, lost: int) -> float:
    """Chance that, of so many tosses of a fair coin, at least ``lost`` fall to one side (McNemar 1947, exact form).

    Args:
        won: texts that only the one model gets right.
        lost: texts that only the other does.
    """
    tosses = won + lost
    ways = (lgamma(tosses + 1) - lgamma(heads + 1) - lgamma(tosses - heads + 1) for heads in range(lost, tosses + 1))
    return min(1.0, sum(exp(way - tosses * log(2)) for way in ways))


def _greater(differences: npt.NDArray[np.float32]) -> float:
    """Chance of so great a mean, or a greater one, if it were 0 (z-test)."""
    count = len(differences)
    spread = float(differences.std(ddof=1)) if count > 1 else 0.0
    if spread == 0:
        return 1.0 if not count or float(differences.mean()) <= 0 else 0.0
    return 0.5 * erfc(float(differences.mean()) / spread * sqrt(count / 2))


def objections(
    judged: Comparison,
    shift: Comparison,
    kept: dict[str, Comparison],
    hidden: Comparison | None = None,
    alone: Comparison | None = None,
    people: Comparison | None = None,
) -> list[str]:
    """What speaks against the new model: nothing, if it is better on the judgements and not worse on what must stay.

    Args:
        judged: on the judgements that were held out.
        shift: on the same, beside an old model that has learned only how frequent each label is.
        kept: on texts that have nothing to do with them, by name.
        hidden: on the operator's own, of which nothing else is told.
        alone: on the held-out judgements, beside the frequencies of the labels alone.
        people: on sentences that only say who somebody is: not one more may be answered.
    """
    found = []
    if judged.won <= judged.lost:
        found.append(
            f"it is not better on the held-out judgements: {judged.won} texts won, {judged.lost} lost of {judged.texts}"
        )
    elif 1 - judged.less_likely >= NOISE:
        found.append(
            "it does not make what people said on the held-out judgements more likely beyond the noise: "
            f"loss {judged.old_loss:.3f} before, {judged.new_loss:.3f} after, p = {1 - judged.less_likely:.3f}"
        )
    elif shift.new <= shift.old and shift.new_loss >= shift.old_loss:
        found.append(
            "knowing only how frequent each label is among the judgements gains as much: "
            f"{shift.old:.3f} of the held-out ones right, the new model {shift.new:.3f}"
        )
    elif alone is not None and alone.new_loss >= alone.old_loss:
        found.append(
            "how frequent each label is makes the held-out judgements as likely, whatever the texts: "
            f"loss {alone.old_loss:.3f}, under the new model {alone.new_loss:.3f}"
        )
    found += [f"it is worse on the {name} beyond the noise: {why}" for name, one in kept.items() if (why := harm(one))]
    if hidden is not None and harm(hidden):
        found.append("it is worse on the operator's own set beyond the noise")
    if people is not None and people.lost > people.won:
        found.append(f"it predicts an emotion from who somebody is alone: in {people.lost} sentences of {people.texts}")
    return found


def harm(one: Comparison) -> str:
    """How the new model is worse beyond the noise; "" if it is not.

    Args:
        one: both models on texts that have nothing to do with the judgements.
    """
    if one.worse < NOISE:
        return f"{one.won} won, {one.lost} lost, p = {one.worse:.3f}"
    if one.less_likely < STRICT:
        return f"loss {one.old_loss:.3f} before, {one.new_loss:.3f} after, p = {one.less_likely:.3f}"
    return ""


def _losses(probabilities: metrics.Floats, wanted: metrics.Floats) -> npt.NDArray[np.float32]:
    losses: npt.NDArray[np.float32] = -(wanted * np.log(np.maximum(probabilities, LEAST_PROBABILITY))).sum(1)
    return losses
