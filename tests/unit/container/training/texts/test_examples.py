"""Sentences of our own: what they must be, and that no sentence that something is measured by is among them."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from training import LABELS
from training.evaluation import everyday, regression, robustness
from training.texts import examples, noise

RUN = 5  # words in a row


def runs(text: str) -> Iterator[tuple[str, ...]]:
    words = regression.words(text)
    yield words
    yield from (words[begin : begin + RUN] for begin in range(len(words) - RUN + 1))


ALL = [*examples.read(), *examples.read(examples.TYPED)]


@pytest.mark.parametrize(("file", "least"), [(examples.FILE, 110), (examples.TYPED, 500)])
def test_many_of_each_label_and_none_twice(file: Path, least: int) -> None:
    labels = Counter(label for label, _ in examples.read(file))
    assert min(labels[label] for label in (*LABELS, examples.NONE)) >= least
    assert len({text for _, text in ALL}) == len(ALL)


def test_an_eighth_is_held_out_whatever_their_order() -> None:
    learned = {text for _, text in examples.to_learn()}
    held_out = {text for _, text in ALL if examples.is_held_out(text)}
    assert {text for _, text in robustness.held_out()} < held_out
    assert not learned & held_out
    assert len(learned) + len(held_out) == len(ALL)
    assert 0.09 < len(held_out) / len(ALL) < 0.16


def test_no_sentence_to_be_measured_by_is_among_them_nor_five_words_of_it() -> None:
    kept = [text for _, text in (*robustness.out_of_domain(), *regression.sentences())]
    measured = {run for text in kept for run in runs(text) if run}
    assert [text for _, text in ALL if not measured.isdisjoint(runs(text))] == []
    measured = {run for one in everyday.sentences() for run in runs(one.text) if len(run) >= RUN}
    typed = [text for _, text in examples.read(examples.TYPED)]
    assert [text for text in typed if not measured.isdisjoint(runs(text))] == []


def test_manners_that_the_survey_lacks() -> None:
    texts = [text for label, text in examples.read() if label != examples.NONE]
    words = [regression.words(text) for text in texts]
    assert sum(len(some) <= 4 for some in words) >= 30
    assert sum(len(some) >= 45 for some in words) >= 15
    assert sum(some[0] in {"he", "she", "they"} for some in words) >= 100
    assert sum(some[0] == "when" for some in words) <= 20
    assert sum(bool({"not", "n't", "no", "never"} & {*some}) for some in words) >= 80


@pytest.mark.parametrize(("label", "least"), [("joy", 0.9), ("none", 0.0)])
def test_targets(label: str, least: float) -> None:
    target = examples.target(label, 0.1)
    assert sum(target) == pytest.approx(1)
    assert target[LABELS.index("joy")] == pytest.approx(max(least + 0.1 / 7, 1 / 7 if label == "none" else 0))
    assert label == "joy" or all(one == pytest.approx(other) for one, other in pairwise(target))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "examples.tsv"
    broken.write_text("joy\tWe won.\npride\tWe won.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        examples.read(broken)


def test_noise_is_of_many_kinds_and_the_same_again() -> None:
    first, again = ([noise.noise_example(random, ("love",)) for _ in range(300)] for random in (Random(1), Random(1)))
    assert first == again
    assert len(set(first)) > 280
    assert 10 < sum("love" in text.split() for text in first) < 120
