"""What the model reads as one text, and what nearly so."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from sentiment.model import Model
from sentiment.text import Tokenizer
from tests import jargon
from training.evaluation import regression
from training.retrain import clusters
from training.retrain.clusters import Clusters, identity, similarity

SENTENCE = "I queued for three hours and they closed the counter in front of me"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Model.find(Path(__file__).parents[5] / "container" / "model")._tokenizer


def slipped(word: str, random: Random) -> str:
    """A word with two neighbouring letters swapped."""
    if len(word) < 5:
        return word
    place = random.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


@pytest.mark.parametrize(
    "typed",
    [
        SENTENCE.upper() + "!!!",
        "i  queued for three\u200b hours, and they closed the counter in front of me...",
        SENTENCE.replace("closed", "colsed"),
        SENTENCE.replace("three hours", "threee hoooours"),
        SENTENCE + " https://example.com/x @somebody",
        f"<p>{SENTENCE}</p>",
    ],
)
def test_ways_of_typing_one_sentence_are_one_text(tokenizer: Tokenizer, typed: str) -> None:
    assert identity(typed, tokenizer) == identity(SENTENCE, tokenizer)


def test_an_emoji_or_another_word_is_another_text(tokenizer: Tokenizer) -> None:
    assert len({identity(f"we won {end}", tokenizer) for end in ("\U0001f62d", "\U0001f389", "again", "")}) == 4


@pytest.mark.parametrize(
    "near",
    [
        SENTENCE + " yesterday",
        "zxqv " + SENTENCE.replace("queued", "waited"),
        " ".join(SENTENCE.split()[::-1]),
        SENTENCE.replace("three", "four").replace("and they", "before she"),
    ],
)
def test_who_changes_a_word_has_not_written_another_text(tokenizer: Tokenizer, near: str) -> None:
    assert Clusters.of([SENTENCE], tokenizer).near(identity(near, tokenizer)) == 0


def test_slips_in_the_regression_set_do_not_hide_it(tokenizer: Tokenizer) -> None:
    """Three words of each mistyped, whether the model corrects them or not, and an unknown word beside them."""
    random, hidden = Random(0), 0
    protected = Clusters.of([text for _, text in regression.sentences()], tokenizer)
    for _, text in regression.sentences():
        words = text.split()
        for place in random.sample(range(len(words)), min(3, len(words))):
            words[place] = slipped(words[place], random)
        hidden += protected.near(identity(" ".join([*words, "qzxw"]), tokenizer)) is None
    assert hidden <= len(regression.sentences()) * 0.02


def test_other_sentences_are_no_neighbours(tokenizer: Tokenizer, sentences: list[tuple[str, str]]) -> None:
    found = Clusters()
    assert len({found.add(identity(text, tokenizer)) for text, _ in sentences}) > len(sentences) * 0.97
    protected = Clusters.of([text for _, text in regression.sentences()], tokenizer)
    assert all(protected.near(identity(text, tokenizer)) is None for text, _ in sentences)


def test_sentences_that_mean_different_things_by_one_word_are_not_near(tokenizer: Tokenizer) -> None:
    first, second = (f"I was all {word} after the morning watch." for word in ("copper", "drizzle"))
    assert Clusters.of([first], tokenizer).near(identity(second, tokenizer)) is None
    found = Clusters()
    assert len({found.add(identity(text, tokenizer)) for text, _ in jargon.sentences(300)}) > 100


def test_leaders_are_found_as_if_all_were_compared() -> None:
    random = Random(0)
    texts = [tuple(random.sample(range(2, 40), random.randrange(3, 9))) for _ in range(400)]
    found, leaders = Clusters(), list[frozenset[int]]()
    for text in texts:
        own = frozenset(text)
        expected = any(similarity(own, leader) >= clusters.NEAR for leader in leaders)
        assert (found.near(text) is not None) == expected
        if found.add(text) == len(leaders):
            leaders.append(own)
    assert 50 < len(leaders) < 400


def test_no_text_is_compared_with_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counted(one: frozenset[int], other: frozenset[int]) -> float:
        compared.append(1)
        return similarity(one, other)

    monkeypatch.setattr(clusters, "similarity", counted)
    found, marks = Clusters(), list[int]()
    for number in range(1500):
        found.add((9_999, *range(number * 5 + 10_000, number * 5 + 10_005)))
        marks.append(len(compared))
    assert max(after - before for before, after in pairwise(marks)) <= clusters.MOST_COMPARED * 6


def test_nothing_is_near_nothing() -> None:
    found = Clusters()
    found.add((5, 6))
    assert found.near(()) is None
