"""Whether a retrained model takes the place of the old one: figures of both on the same texts, and the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Any

import numpy as np

from training import LABELS
from training.evaluation import metrics

NOISE = 0.05  # chance at which a fall is taken for more than noise


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


def compare(old: metrics.Floats, new: metrics.Floats, labels: Sequence[str]) -> Comparison:
    """Hold two models against each other.

    Args:
        old: probabilities of the one, [texts, labels].
        new: of the other.
        labels: of the texts.
    """
    truth = np.array([LABELS.index(label) for label in labels], np.int64)
    before, after = old.argmax(1) == truth, new.argmax(1) == truth
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return Comparison(
        texts=len(truth),
        old=float(before.mean()) if len(truth) else 0.0,
        new=float(after.mean()) if len(truth) else 0.0,
        won=won,
        lost=lost,
        worse=chance(won, lost),
        old_loss=_loss(old, truth),
        new_loss=_loss(new, truth),
        matrices=(metrics.confusion(old, truth).tolist(), metrics.confusion(new, truth).tolist()),
    )


def chance(won: int, lost: int) -> float:
    """Chance that, of so many tosses of a fair coin, at least ``lost`` fall to one side (McNemar 1947, exact form).

    Args:
        won: texts that only the one model gets right.
        lost: texts that only the other does.
    """
    tosses = won + lost
    ways = (lgamma(tosses + 1) - lgamma(heads + 1) - lgamma(tosses - heads + 1) for heads in range(lost, tosses + 1))
    return min(1.0, sum(exp(way - tosses * log(2)) for way in ways))


def objections(judged: Comparison, kept: dict[str, Comparison]) -> list[str]:
    """What speaks against the new model: nothing, if it is better on the judgements and not worse on what must stay.

    Args:
        judged: on the judgements that were held out.
        kept: on texts that have nothing to do with them, by name.
    """
    found = []
    if judged.won <= judged.lost:
        found.append(
            f"it is not better on the held-out judgements: {judged.won} texts won, {judged.lost} lost of {judged.texts}"
        )
    elif judged.new_loss >= judged.old_loss:
        found.append(
            "it gives what people said on the held-out judgements no higher likelihood: "
            f"loss {judged.old_loss:.3f} before, {judged.new_loss:.3f} after"
        )
    found += [
        f"it is worse on the {name} beyond the noise: {one.won} won, {one.lost} lost, p = {one.worse:.3f}"
        for name, one in kept.items()
        if one.worse < NOISE
    ]
    return found


def _loss(probabilities: metrics.Floats, truth: metrics.Places) -> float:
    if not len(truth):
        return 0.0
    chances = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chances, 1e-9)).mean())
