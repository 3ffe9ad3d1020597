"""Emoji: their table, what they are read as, and texts that are given some."""

from pathlib import Path
from random import Random

import pytest

from sentiment.text import is_emoji, tokenize
from training import LABELS
from training.texts import emoji


def test_the_table_has_the_commonest_and_most_emotions() -> None:
    found = emoji.table()
    assert len(found) > 100
    assert {label for label, _ in found.values()} == {*LABELS, emoji.NONE} - {"guilt"}
    assert all(tokenize(sign) == [sign] for sign in found)


def test_all_that_are_known_are_single_emoji() -> None:
    known = emoji.known()
    assert len(known) == len(set(known)) > 1_000
    assert known[: len(emoji.table())] == list(emoji.table())
    assert all(map(is_emoji, known))


def test_a_teacher_reads_them_as_words() -> None:
    assert emoji.spoken("late again \U0001f621\U0001f621") == "late again (furious, very angry)"
    assert emoji.spoken("ok\U0001f44d\U0001f3fd, fine \u2764\ufe0f") == "ok (good, yes) , fine (love)"
    assert emoji.spoken("caf\u00e9 :)") == "caf\u00e9 :)"
    assert emoji.meaning("\U0001f9f2") == "magnet"


@pytest.mark.parametrize("label", [*LABELS, ""])
def test_a_text_is_given_emoji_and_keeps_its_words(label: str) -> None:
    for seed in range(50):
        text = emoji.adorned("we are here .", label, Random(seed))
        assert not emoji.plain(text)
        assert [token for token in tokenize(text) if not is_emoji(token) and token != "."] == ["we", "are", "here"]


def test_half_of_them_fit_the_label() -> None:
    signs = [emoji.adorned("x", "anger", Random(seed)) for seed in range(300)]
    fitting = [text for text in signs if any(emoji.table()[sign][0] == "anger" for sign in text if is_emoji(sign))]
    assert 0.45 < len(fitting) / len(signs) < 0.75


def test_a_broken_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emoji.tsv").write_text("\U0001f621\tanger\tfurious\nx\tjoy\tletter\n", encoding="utf-8")
    monkeypatch.setattr(emoji, "FILE", tmp_path / "emoji.tsv")
    with pytest.raises(ValueError, match="line 2"):
        emoji.table.__wrapped__()
