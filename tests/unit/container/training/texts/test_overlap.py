"""Nothing of a test part is trained on: no list shares eight words in a row with one, or equals a short text of it."""

from random import Random

import pytest

from training.texts import corpus, examples, foreign, people, statements
from training.texts.overlap import HeldOut, runs

KEPT = HeldOut(corpus.unseen([]))
DRAWS = 3_000


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("One two three four five six seven eight nine.", True),
        ("zero, ONE two three four five six seven eight!", True),
        ("one two three four five six seven nine eight", False),
        ("I won!", True),
        ("i won again", False),
        ("...", False),
    ],
)
def test_eight_words_in_a_row_or_the_whole_short_text(text: str, shared: bool) -> None:
    kept = HeldOut(["one two three four five six seven eight", "I won.", "!"])
    assert kept.shares(text) is shared


def test_runs_do_not_depend_on_signs_or_case() -> None:
    assert runs("Don't stop") == runs("don t STOP") == {("don", "t", "stop")}


def test_the_test_parts_are_there() -> None:
    assert len(list(corpus.unseen([]))) > 700


def test_no_sentence_of_our_own_that_is_learned_shares_with_a_test_part() -> None:
    lists = {
        "examples": [text for _, text in examples.to_learn()],
        "other languages": [text for some in foreign.read().values() for text in some],
        "statements": [statements.statement(Random(seed))[0] for seed in range(DRAWS)],
        "people": [people.ordinary(Random(seed)) for seed in range(DRAWS)],
    }
    assert all(len(texts) > 50 for texts in lists.values())
    shared = {name: [text for text in texts if KEPT.shares(text)] for name, texts in lists.items()}
    assert {name: some for name, some in shared.items() if some} == {}
