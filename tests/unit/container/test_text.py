"""The tokenizer: what it splits, and that no text whatever stops it or slows it down."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.text import PAD, UNKNOWN, Tokenizer, tokenize

VOCABULARY = ("<pad>", "<unk>", ".", "i", "did", "n't", "cry", "'s", "'", "13")
any_text = st.text(st.characters(codec=None, categories=None), max_size=300)  # lone surrogates and controls included


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I didn't CRY.", ["i", "did", "n't", "cry", "."]),
        ("I didn\u2019t cry", ["i", "did", "n't", "cry"]),
        ("i didnt cry", ["i", "did", "n't", "cry"]),
        ("My mother's café", ["my", "mother", "'s", "cafe"]),
        ("sooooo sad!!!", ["soo", "sad", "!", "!"]),
        ("at 13:45 (twice)", ["at", "13", "45", "twice"]),
        ("we two", ["we", "two"]),
        ("日本語 слово", ["日本語", "слово"]),
        ("\x00\ud800 \t", []),
    ],
)
def test_splits_into_words_numbers_and_signs(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_encodes_known_tokens_by_place_and_all_others_as_unknown() -> None:
    assert Tokenizer(VOCABULARY).encode("I didn't whistle.") == [3, 4, 5, UNKNOWN, 2]


@pytest.mark.parametrize("typed", ["freind", "frend", "friiend", "friemd", "friend"])
def test_one_slip_is_mended(typed: str) -> None:
    assert Tokenizer((*VOCABULARY, "friend")).encode(f"my {typed}") == [UNKNOWN, len(VOCABULARY)]


def test_of_two_words_one_slip_away_the_commoner_is_meant() -> None:
    assert Tokenizer((*VOCABULARY, "which", "witch")).encode("whitch") == [len(VOCABULARY)]


@pytest.mark.parametrize("typed", ["cyr", "frnd", "frxxnd", "fr13nd", "fri\u0435nd"])
def test_short_words_more_slips_and_other_scripts_stay_unknown(typed: str) -> None:
    assert set(Tokenizer((*VOCABULARY, "friend")).encode(typed)) <= {UNKNOWN, VOCABULARY.index("13")}


def test_a_text_of_slips_is_mended_in_part_only() -> None:
    ids = Tokenizer((*VOCABULARY, "friend")).encode("freind " * 100)
    assert 0 < ids.count(len(VOCABULARY)) < 50


def test_refuses_a_vocabulary_without_its_special_tokens() -> None:
    with pytest.raises(ValueError, match="begins with"):
        Tokenizer(("i", "did"))


@pytest.mark.parametrize(
    ("text", "known"), [("cry", True), ("I ...", True), ("13 . ' !", False), ("xyz", False), ("", False)]
)
def test_knows_whether_a_text_has_a_word_it_knows(text: str, known: bool) -> None:
    tokenizer = Tokenizer(VOCABULARY)
    assert tokenizer.has_known_word(tokenizer.encode(text)) is known


@given(any_text)
def test_every_text_gives_ids_of_the_vocabulary(text: str) -> None:
    tokenizer = Tokenizer(VOCABULARY)
    ids = tokenizer.encode(text)
    assert all(PAD < place < len(VOCABULARY) for place in ids)
    tokenizer.has_known_word(ids)


@given(any_text, st.sampled_from(["\n", " ", " \u3000\t"]), any_text)
@settings(max_examples=50)
def test_space_between_two_texts_keeps_their_tokens_apart(first: str, space: str, second: str) -> None:
    assert tokenize(first + space + second) == tokenize(first) + tokenize(second)


@pytest.mark.parametrize(
    "unit", ["a", "n'", "don't ", "\u0315\u0327", "\ufdfa", "9", "'", "ab cdefgh ", "\U0001f600", "sadd"]
)
def test_takes_time_in_proportion_to_the_length(unit: str) -> None:
    """Sixteen times the text may not take 16² times as long; a hundred times leaves room for a busy machine."""
    tokenizer = Tokenizer(VOCABULARY)

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        start = time.process_time()
        tokenizer.encode(text)
        return time.process_time() - start

    short = min(seconds(8_000) for _ in range(3))
    assert min(seconds(128_000) for _ in range(2)) < max(short, 0.001) * 100
