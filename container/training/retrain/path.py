"""How far to go from the old weights to the new ones: the shares that are tried, and which of them passes.

A whole step may forget what half of it keeps (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). The
shares are ordered by how likely they make what people said of texts that are neither learned nor compared on; the first
that passes the gate is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sentiment.text import Tokenizer
from training.evaluation import metrics
from training.network.rnn import Network
from training.retrain import decide, finetune, lineage
from training.retrain.decide import Comparison
from training.retrain.finetune import Lesson
from training.retrain.gate import HIDDEN, PEOPLE, REGRESSION, Gate
from training.retrain.judgements import Judged
from training.retrain.parts import Parts

BEST = f"{REGRESSION}, beside the best model so far"
TOGETHER = "sets of the repository together"
JUDGEMENTS, CHOOSING = "held-out judgements", "choosing"


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one model.

    Attributes:
        judged: old and new on the held-out judgements.
        shift: the same beside an old model that knows only how frequent each label is.
        kept: old and new on other texts, by name.
        people: old and new on sentences that only say who somebody is.
        objections: what speaks against the new model.
    """

    judged: Comparison
    shift: Comparison
    kept: dict[str, Comparison]
    people: Comparison
    objections: list[str]


@dataclass(frozen=True)
class Point:
    """One share of the way.

    Attributes:
        share: of the way, 0..1.
        choosing: old and new on the judgements that the share is chosen on.
        regression: old and new on the regression set.
        verdict: of the gate; None where a better share had passed already.
    """

    share: float
    choosing: Comparison
    regression: Comparison
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Chosen:
    """The share that is taken, or, if none passes, that would be.

    Attributes:
        network: at that share.
        point: what was measured there.
        verdict: of the gate.
        curve: all shares.
    """

    network: Network
    point: Point
    verdict: Verdict
    curve: list[Point]


class Field:
    """Texts that models are compared on, with what the old one says of them."""

    def __init__(
        self,
        old: Network,
        tokenizer: Tokenizer,
        parts: Parts,
        gate: Gate,
        best: metrics.Floats | None,
        threshold: float,
    ) -> None:
        """Ask the old model.

        Args:
            old: the old network.
            tokenizer: of both.
            parts: judged texts.
            gate: other texts.
            best: what the best model of the line so far says of the regression set; None where that is not known.
            threshold: confidence from which both answer.
        """
        sets: Mapping[str, Sequence[tuple[Sequence[str], str]]] = {
            CHOOSING: _typed(parts.choosing),
            JUDGEMENTS: _typed(parts.held),
            **{name: [((label,), text) for label, text in texts] for name, texts in gate.all.items()},
            PEOPLE: [((), text) for text in gate.people],
        }
        self.labels = {name: [labels for labels, _ in texts] for name, texts in sets.items()}
        self.lessons = {name: [Lesson(tokenizer.encode(text)) for _, text in texts] for name, texts in sets.items()}
        self.old = {name: self.said(old, name) for name in sets}
        learned = finetune.answers(old, [Lesson(tokenizer.encode(one.text)) for one in parts.learned]).numpy()
        given = [one.labels for one in parts.learned]
        self.shifted = decide.shifted(self.old[JUDGEMENTS], learned, given)
        self.frequencies = decide.frequencies(given, len(parts.held))
        self.best, self.gate, self.threshold = best, list(gate.sets), threshold

    def said(self, network: Network, name: str) -> metrics.Floats:
        """Probabilities of one set, [texts, labels].

        Args:
            network: any.
            name: of the set.
        """
        found: metrics.Floats = finetune.answers(network, self.lessons[name]).numpy()
        return found

    def compare(self, new: Network, name: str) -> Comparison:
        """The old network and another.

        Args:
            new: the other.
            name: of the set.
        """
        return decide.compare(self.old[name], self.said(new, name), self.labels[name])

    def _together(self, new: Network) -> Comparison:
        """On all sets of the repository, for what is noise on each may not be noise on all."""
        return decide.compare(
            np.concatenate([self.old[name] for name in self.gate]),
            np.concatenate([self.said(new, name) for name in self.gate]),
            [labels for name in self.gate for labels in self.labels[name]],
        )

    def judge(self, new: Network) -> Verdict:
        """What the gate says.

        Args:
            new: a network.
        """
        said = self.said(new, JUDGEMENTS)
        judged = decide.compare(self.old[JUDGEMENTS], said, self.labels[JUDGEMENTS])
        shift = decide.compare(self.shifted, said, self.labels[JUDGEMENTS])
        alone = decide.compare(self.frequencies, said, self.labels[JUDGEMENTS])
        kept = {name: self.compare(new, name) for name in self.gate}
        kept[TOGETHER] = self._together(new)
        if self.best is not None:
            kept[BEST] = decide.compare(self.best, self.said(new, REGRESSION), self.labels[REGRESSION])
        hidden = self.compare(new, HIDDEN) if HIDDEN in self.lessons else None
        people = decide.compare(self.old[PEOPLE], self.said(new, PEOPLE), self.labels[PEOPLE], self.threshold)
        objections = decide.objections(judged, shift, kept, hidden, alone, people)
        return Verdict(judged, shift, kept, people, objections)


def search(field: Field, old: Network, whole: Network, tell: Callable[[int, int], None]) -> Chosen:
    """Choose a share.

    Args:
        field: to be compared on.
        old: where the way begins.
        whole: where it ends.
        tell: told how many shares have been measured, and of how many.
    """
    points: list[Point] = []
    for number, share in enumerate(finetune.SHARES, start=1):
        network = finetune.between(old, whole, share)  # made anew when it is judged: five at once need much memory
        points.append(Point(share, field.compare(network, CHOOSING), field.compare(network, REGRESSION)))
        tell(number, len(finetune.SHARES))
    order = sorted(range(len(points)), key=lambda place: (points[place].choosing.new_loss, -points[place].share))
    verdicts: list[Verdict] = []
    for place in order:
        network = finetune.between(old, whole, points[place].share)
        verdicts.append(field.judge(network))
        points[place] = replace(points[place], verdict=verdicts[-1])
        if not verdicts[-1].objections:
            return Chosen(network, points[place], verdicts[-1], points)
    best = points[order[0]]
    return Chosen(finetune.between(old, whole, best.share), best, verdicts[0], points)


def remembered(field: Field, new: Network) -> dict[str, str]:
    """What the best model so far says of the regression set, the new one included: for the new model's card.

    Args:
        field: that was compared on.
        new: the new network.
    """
    said = [field.old[REGRESSION], field.said(new, REGRESSION)]
    labels = [labels[0] for labels in field.labels[REGRESSION]]
    return lineage.remember(said if field.best is None else [field.best, *said], labels)


def _typed(texts: Sequence[Judged]) -> list[tuple[Sequence[str], str]]:
    return [(one.labels, one.text) for one in texts]
