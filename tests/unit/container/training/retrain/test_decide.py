"""The rule by which a retrained model takes over or does not, and the test behind it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from training import LABELS
from training.evaluation import regression
from training.retrain import decide, lineage


def said(places: list[int], sure: float = 0.9) -> np.ndarray:
    rest = (1 - sure) / (len(LABELS) - 1)
    return np.where(np.eye(len(LABELS))[places] == 1, sure, rest).astype(np.float32)


def one_each(labels: Sequence[str]) -> list[tuple[str, ...]]:
    return [(label,) for label in labels]


def beside(won: int, lost: int, both: int = 20) -> decide.Comparison:
    """Two models of which so many texts are won and lost."""
    old, new = [1] * won + [0] * lost + [0] * both, [0] * won + [1] * lost + [0] * both
    return decide.compare(said(old), said(new), one_each([LABELS[0]] * (won + lost + both)))


@pytest.mark.parametrize(
    ("won", "lost", "expected"),
    [(0, 0, 1.0), (0, 5, 1 / 32), (5, 0, 1.0), (1, 4, 6 / 32), (10, 10, 0.5880985), (500, 600, 0.00140977)],
)
def test_the_chance_of_losing_so_many(won: int, lost: int, expected: float) -> None:
    assert decide.chance(won, lost) == pytest.approx(expected, rel=1e-4)


def test_comparing_counts_what_only_one_gets_right() -> None:
    found = beside(won=3, lost=1)
    assert (found.texts, found.won, found.lost) == (24, 3, 1)
    assert (found.old, found.new) == (pytest.approx(21 / 24), pytest.approx(23 / 24))
    assert found.new_loss < found.old_loss
    assert [sum(map(sum, matrix)) for matrix in found.matrices] == [24, 24]


GAIN = beside(30, 1)


def test_better_on_judgements_and_no_worse_elsewhere_is_promoted() -> None:
    assert decide.objections(GAIN, GAIN, {"regression set": beside(4, 7)}, beside(4, 7)) == []


def test_a_draw_or_a_loss_on_judgements_is_not() -> None:
    for won, lost in ((0, 0), (3, 3), (2, 5)):
        assert "not better on the held-out judgements" in decide.objections(beside(won, lost), GAIN, {})[0]


def test_right_more_often_but_less_likely_is_not() -> None:
    labels = one_each([LABELS[0]] * 10)
    old, new = said([0] * 5 + [1] * 5, 0.3), said([0] * 6 + [1] * 4, 0.99)
    [why] = decide.objections(decide.compare(old, new, labels), GAIN, {})
    assert "more likely beyond the noise" in why


def test_a_gain_that_may_be_chance_is_not() -> None:
    [why] = decide.objections(beside(2, 1), GAIN, {})
    assert "more likely beyond the noise" in why


def test_a_fall_beyond_the_noise_is_named() -> None:
    found = decide.objections(GAIN, GAIN, {"regression set": beside(1, 9), "validation": beside(4, 7)})
    assert len(found) == 1
    assert "worse on the regression set beyond the noise: 1 won, 9 lost" in found[0]


def test_a_fall_of_likelihood_alone_is_found_too() -> None:
    surer, less = said([0] * 100, 0.9), said([0] * 100, 0.9)
    less[:40] = said([0] * 40, 0.6)
    one = decide.compare(surer, less, one_each([LABELS[0]] * 100))
    assert (one.won, one.lost) == (0, 0)
    assert decide.harm(one).startswith("loss 0.105 before, 0.268 after")


def test_an_answer_to_what_is_to_be_left_unanswered_is_a_fall() -> None:
    even, sure = said([0] * 30, 1 / len(LABELS)), said([0] * 30, 0.9)
    sure[8:] = even[8:]
    one = decide.compare(even, sure, [()] * 30, 0.4)
    assert (one.won, one.lost, one.old, round(one.new, 2)) == (0, 8, 1.0, 0.73)
    [why] = decide.objections(GAIN, GAIN, {}, people=one)
    assert why == "it predicts an emotion from who somebody is alone: in 8 sentences of 30"
    assert np.sum(one.matrices) == 0
    without = decide.compare(even, sure, [()] * 30)
    assert (without.won, without.lost) == (0, 0)


def test_of_the_operator_s_own_set_only_one_bit_is_told() -> None:
    assert decide.objections(GAIN, GAIN, {}, beside(1, 9)) == ["it is worse on the operator's own set beyond the noise"]


def test_a_flood_of_one_label_gains_no_more_than_its_frequency_explains() -> None:
    random = np.random.default_rng(0)
    old = random.dirichlet(np.ones(len(LABELS)), 100).astype(np.float32)
    joy = one_each(["joy"] * 50)
    shift = decide.shifted(old[:50], old[50:], joy)
    assert (shift.argmax(1) == LABELS.index("joy")).all()
    learned = said([LABELS.index("joy")] * 50, 0.95)
    [why] = decide.objections(decide.compare(old[:50], learned, joy), decide.compare(shift, learned, joy), {})
    assert "how frequent each label is" in why
    assert np.allclose(decide.shifted(old, old[:0], []), old)
    assert np.allclose(decide.shifted(old, old[:50], one_each(LABELS[:3] * 16 + LABELS[:2])), old)  # no flood


def test_neither_does_a_model_gain_that_knows_three_labels_of_seven() -> None:
    """No label is more than a third of the judgements, and what each is given for is chance."""
    random = np.random.default_rng(0)
    old = random.dirichlet(np.ones(len(LABELS)), 100).astype(np.float32)
    labels = one_each([str(one) for one in random.choice(LABELS[:3], 400)])
    learned = said([number % 3 for number in range(100)], 0.4)
    judged, held = decide.compare(old, learned, labels[:100]), labels[:100]
    assert decide.objections(judged, judged, {}) == [], "it is better than the old model beyond the noise"
    alone = decide.compare(decide.frequencies(labels[100:], 100), learned, held)
    [why] = decide.objections(judged, judged, {}, alone=alone)
    assert "how frequent each label is" in why
    assert alone.old_loss == pytest.approx(np.log(3), abs=0.05)


def test_either_of_two_labels_is_right_and_none_of_these_is_neither() -> None:
    old, new = said([0, 2, 2]), said([1, 0, 1])
    one = decide.compare(old, new, [(LABELS[0], LABELS[1]), (LABELS[0],), ()])
    assert (one.texts, one.won, one.lost, one.old, one.new) == (3, 1, 0, 0.5, 1.0)
    assert sum(map(sum, one.matrices[0])) == 2


def test_nothing_to_compare_on_is_no_gain() -> None:
    empty = decide.compare(said([]), said([]), [])
    assert (empty.old, empty.worse) == (0.0, 1.0)
    assert decide.objections(empty, empty, {})


def test_a_model_remembers_what_the_best_of_its_line_said() -> None:
    labels = [label for label, _ in regression.sentences()]
    right = [LABELS.index(label) for label in labels]
    worse = [(place + (number % 3 == 0)) % len(LABELS) for number, place in enumerate(right)]
    kept = {"retrained": {"best": lineage.remember([said(worse), said(right), said(worse)], labels)}}
    best = lineage.best(kept)
    assert best is not None
    assert best.argmax(1).tolist() == right
    kept["retrained"]["best"]["set"] = "another"
    assert lineage.best(kept) is None
    assert lineage.best({}) is None
