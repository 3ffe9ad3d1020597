"""From a CSV of judgements to texts with one label each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared import erasure
from training.evaluation import regression
from training.retrain import judgements
from training.retrain.judgements import Collected, Judged, Wish, read
from training.texts import data

ANYTHING = Wish(lambda _text: True)


def votes(text: str, *labels: str) -> list[dict[str, str]]:
    return [{"review": text, "sentiment": label} for label in labels]


def left_out(found: Collected) -> dict[str, int]:
    return {step: count for step, count in found.steps.items() if count and step != "rows"}


def test_the_majority_counts_and_ties_are_left_out_visibly(write_csv: Callable[..., Path]) -> None:
    rows = votes("The raid was cancelled", "sadness", "anger", "sadness") + votes("We met again", "joy", "sadness")
    found = read(write_csv(rows), ANYTHING)
    assert found.texts == [Judged("The raid was cancelled", "sadness", 2, 3)]
    assert found.ties == [("We met again", {"joy": 1, "sadness": 1})]
    assert (found.used, left_out(found), found.until) == (5, {}, "2026-01-01T00:00:04.000Z")


def test_several_ways_of_typing_the_same_words_are_one_text(write_csv: Callable[..., Path]) -> None:
    rows = votes("We won!", "joy") + votes("we  won", "joy") + votes("WE WON...", "anger")
    assert read(write_csv(rows), ANYTHING).texts == [Judged("We won!", "joy", 2, 3)]


def test_a_change_of_mind_is_no_second_opinion(write_csv: Callable[..., Path]) -> None:
    rows = [row | {"question": "one"} for row in votes("We won", "anger", "anger", "joy")]
    found = read(write_csv(rows), ANYTHING)
    assert found.texts == [Judged("We won", "joy", 1, 1)]
    assert left_out(found) == {"changed": 2}


def test_what_is_sent_twice_counts_once(write_csv: Callable[..., Path]) -> None:
    rows = [row | {"judgement": "AB"} for row in votes("We won", "joy")] + votes("We lost", "sadness")
    found = read(write_csv([*rows, rows[0] | {"judgement": "ab", "question": "other"}]), ANYTHING)
    assert [one.votes for one in found.texts] == [1, 1]
    assert left_out(found) == {"twice": 1}


@pytest.mark.parametrize("receipt", ["", "missing", "invalid", "expired"])
def test_what_nothing_proves_is_left_out_unless_asked_for(write_csv: Callable[..., Path], receipt: str) -> None:
    rows = votes("We won", "joy") + [row | {"receipt": receipt} for row in votes("We lost", "sadness")]
    assert [one.text for one in read(write_csv(rows), ANYTHING).texts] == ["We won"]
    assert left_out(read(write_csv(rows), ANYTHING)) == {"unproven": 1}
    assert len(read(write_csv(rows), replace(ANYTHING, unproven=True)).texts) == 2


def test_a_file_of_the_original_app_proves_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("id,review,sentiment\r\n1,We won,joy\r\n", encoding="utf-8")
    assert left_out(read(old, ANYTHING)) == {"unproven": 1}
    assert read(old, replace(ANYTHING, unproven=True)).texts == [Judged("We won", "joy", 1, 1)]


def test_regression_set_and_test_part_are_never_learned(write_csv: Callable[..., Path]) -> None:
    label, text = regression.sentences()[5]
    rows = votes(text.upper(), label) + votes("Of the test part!", "joy") + votes("We won", "joy")
    found = read(write_csv(rows), replace(ANYTHING, base=frozenset({regression.words("of the test part")})))
    assert [one.text for one in found.texts] == ["We won"]
    assert left_out(found) == {"protected": 1, "base": 1}


def test_texts_that_teach_nothing_are_left_out(write_csv: Callable[..., Path]) -> None:
    rows = votes("!!! ...", "joy") + votes("a" * 2001, "joy") + votes("qwx", "joy") + votes("We won", "pride", "joy")
    found = read(write_csv(rows), Wish(lambda text: "qwx" not in text))
    assert found.texts == [Judged("We won", "joy", 1, 1)]
    assert left_out(found) == {"text": 3, "label": 1}


def test_formulas_come_back_as_they_were_typed(write_csv: Callable[..., Path]) -> None:
    assert read(write_csv(votes("=1+2 and we won", "joy")), ANYTHING).texts[0].text == "=1+2 and we won"


def test_no_judgement_at_all(write_csv: Callable[..., Path]) -> None:
    found = read(write_csv([]), ANYTHING)
    assert (found.texts, found.ties, found.used) == ([], [], 0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: the columns must begin with id,review,sentiment"),
        (b"review,label\r\na,b\r\n", "line 1: the columns must begin with"),
        (b"id,review,sentiment\r\n1,two\r\n", "line 2: 3 cells expected, 2 found"),
        (b'id,review,sentiment\r\n1,"open,joy\r\n', "unexpected end of data"),
        (b"id,review,sentiment\r\n1,\xff\xfe,joy\r\n", "not UTF-8"),
        (b"id,review,sentiment\r\n1," + b"x" * 200_000 + b",joy\r\n", "field larger than field limit"),
        (b"PK\x03\x04\x00\x00\x9c\xff", "not UTF-8"),
        (b"<!DOCTYPE html><html>\n", "line 1: the columns must begin with"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "hostile.csv"
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=says) as caught:
        read(path, ANYTHING)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(data.DataError, match="cannot be read"):
            read(path, ANYTHING)


def test_the_held_out_part_is_always_the_same(sentences: list[tuple[str, str]]) -> None:
    held = {text for text, label in sentences if judgements.held_out(Judged(text, label, 1, 1))}
    assert 0.2 < len(held) / len(sentences) < 0.4
    typed = {text for text, label in sentences if judgements.held_out(Judged(text.upper() + " !", "joy", 2, 3))}
    assert typed == held


def test_what_was_erased_is_left_out_until_somebody_says_it_anew(
    write_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = {erasure.text_mark("we  WON"): "2026-06-01T00:00:00.000Z"}
    monkeypatch.setattr(judgements, "forgotten", lambda: erased)
    times = ("2026-01-01T00:00:00.000Z", "", "2026-06-01T00:00:00.001Z")
    rows = [row | {"time": time} for row, time in zip(votes("We won", "joy", "joy", "anger"), times, strict=True)]
    found = read(write_csv(rows + votes("We lost", "sadness")), ANYTHING)
    assert [(one.text, one.label) for one in found.texts] == [("We lost", "sadness"), ("We won", "anger")]
    assert left_out(found) == {"forgotten": 2}


def test_the_list_of_what_was_erased_is_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a\t2026-01-01\nb\t2026-01-02\na\t2026-01-03\n")
    assert judgements.forgotten(tmp_path / "list") == {"id/a": "2026-01-03", "id/b": "2026-01-02"}
    assert all("/" in mark for mark in judgements.forgotten())
