"""From a CSV of judgements to texts with one answer each."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from sentiment.text import SPECIAL, Tokenizer
from shared import erasure
from shared.counters import NONE
from shared.reviews import text_id
from training.retrain import clusters, judgements
from training.retrain.judgements import Collected, Reading
from training.texts import data

SALT = b"salt"
WORDS = (
    *("the", "i", "we", "and", "was", "were", "a", "raid", "cancelled", "met", "again", "won", "lost", "sad", "happy"),
    *("friend", "house", "slowly", "sea", "winter"),
)
COMMONER = [f"<{number}>" for number in range(2_000)]  # so that the words are telling ones
TOKENIZER = Tokenizer([*SPECIAL, *COMMONER, *WORDS, *".,!?", "\U0001f62d", "\U0001f389"])


def read(path: Path, unproven: bool = False) -> Collected:
    """The whole of a file, as a model of few words reads it."""
    reading = Reading(TOKENIZER, SALT, unproven)
    reading.read(path)
    texts = judgements.settle(reading.found, reading.said.values(), lambda text: clusters.identity(text, TOKENIZER))
    reading.found.texts = sorted(texts.values(), key=lambda one: one.text)
    return reading.found


def said(found: Collected) -> list[tuple[str, str, float, int]]:
    return [(one.text, one.label, one.agreed, one.votes) for one in found.texts]


def votes(text: str, *labels: str) -> list[dict[str, str]]:
    return [{"review": text, "sentiment": label} for label in labels]


def left_out(found: Collected) -> dict[str, int]:
    return {step: count for step, count in found.steps.items() if count and step != "rows"}


def test_the_majority_counts_and_ties_are_left_out_visibly(write_csv: Callable[..., Path]) -> None:
    rows = votes("The raid was cancelled", "sadness", "anger", "sadness") + votes("We met again", "joy", "sadness")
    found = read(write_csv(rows))
    assert said(found) == [("The raid was cancelled", "sadness", 2, 3)]
    assert found.ties == [("We met again", {"joy": 1, "sadness": 1})]
    assert (found.used, left_out(found), found.until) == (5, {}, "2026-01-01T00:04:00.000Z")


def test_what_the_model_reads_as_one_is_one_text(write_csv: Callable[..., Path]) -> None:
    """Case, signs, white space, invisible characters, marks of capitals, and slips that it corrects."""
    typed = (
        "The raid was cancelled!",
        "the  raid was\u200b cancelled",
        "THE RAID WAS CANCELLED...",
        "the raid was canceled",
    )
    found = read(write_csv([row for text in typed for row in votes(text, "joy")]))
    assert said(found) == [("The raid was cancelled!", "joy", 4, 4)]


def test_emoji_are_words(write_csv: Callable[..., Path]) -> None:
    found = read(write_csv(votes("we met \U0001f62d", "sadness") + votes("we met \U0001f389", "joy")))
    assert [(one.text, one.label) for one in found.texts] == [
        ("we met \U0001f389", "joy"),
        ("we met \U0001f62d", "sadness"),
    ]


def test_two_labels_share_and_none_of_these_is_an_answer(write_csv: Callable[..., Path]) -> None:
    both = [row | {"second": "sadness"} for row in votes("We met again", "joy")]
    rows = both + votes("We lost", NONE, NONE, "joy") + votes("We won", "joy") + [both[0] | {"review": "We won"}]
    found = read(write_csv([row | {"id": text_id(row["review"])} for row in rows]))
    assert [(one.text, one.labels, one.agreed, one.votes) for one in found.texts] == [
        ("We lost", (), 2, 3),
        ("We met again", ("joy", "sadness"), 1, 1),
        ("We won", ("joy",), 1.5, 2),
    ]


@pytest.mark.parametrize(
    ("label", "second"), [("joy", "joy"), (NONE, "joy"), ("joy", "pride"), ("pride", ""), ("", "")]
)
def test_answers_that_cannot_be_are_left_out(write_csv: Callable[..., Path], label: str, second: str) -> None:
    rows = [row | {"second": second} for row in votes("We won", label)]
    assert left_out(read(write_csv(rows))) == {"label": 1}


def test_a_file_without_the_newer_columns_is_read_as_before(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text(f"id,review,sentiment,receipt\r\n{text_id('We won')},We won,joy,valid\r\n", encoding="utf-8")
    assert said(read(old)) == [("We won", "joy", 1, 1)]


def test_a_change_of_mind_is_no_second_opinion(write_csv: Callable[..., Path]) -> None:
    rows = [row | {"question": "one"} for row in votes("We won", "anger", "anger", "joy")]
    found = read(write_csv(rows))
    assert said(found) == [("We won", "joy", 1, 1)]
    assert left_out(found) == {"changed": 2}


def test_what_is_sent_twice_counts_once(write_csv: Callable[..., Path]) -> None:
    rows = [row | {"judgement": "AB"} for row in votes("We won", "joy")] + votes("We lost", "sadness")
    found = read(write_csv([*rows, rows[0] | {"judgement": "ab", "question": "other"}]))
    assert [one.votes for one in found.texts] == [1, 1]
    assert left_out(found) == {"twice": 1}


def test_answers_of_one_minute_are_one_vote(write_csv: Callable[..., Path]) -> None:
    """Five hundred in two minutes against three honest people on three days."""
    flood = [
        row | {"time": f"2026-01-05T10:0{n % 2}:30.000Z"} for n, row in enumerate(votes("We won", *["anger"] * 500))
    ]
    people = [
        row | {"time": f"2026-01-0{day}T09:00:00.000Z"} for day, row in enumerate(votes("We won", *["joy"] * 3), 1)
    ]
    found = read(write_csv(flood + people))
    assert said(found) == [("We won", "joy", 3, 5)]
    assert sum(left_out(found).values()) == 498 and left_out(found).keys() <= {"burst", "sampled"}


@pytest.mark.parametrize("receipt", ["", "missing", "invalid", "expired"])
def test_what_nothing_proves_is_left_out_unless_asked_for(write_csv: Callable[..., Path], receipt: str) -> None:
    rows = votes("We won", "joy") + [row | {"receipt": receipt} for row in votes("We lost", "sadness")]
    assert [one.text for one in read(write_csv(rows)).texts] == ["We won"]
    assert left_out(read(write_csv(rows))) == {"unproven": 1}
    assert len(read(write_csv(rows), unproven=True).texts) == 2


def test_a_file_of_the_original_app_proves_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text(f"id,review,sentiment\r\n{text_id('We won')},We won,joy\r\n", encoding="utf-8")
    assert left_out(read(old)) == {"unproven": 1}
    assert said(read(old, unproven=True)) == [("We won", "joy", 1, 1)]


def test_texts_that_teach_nothing_are_left_out(write_csv: Callable[..., Path]) -> None:
    rows = votes("!!! ...", "joy") + votes("a" * 2001, "joy") + votes("qwxz", "joy") + votes("We won", "pride", "joy")
    found = read(write_csv(rows))
    assert said(found) == [("We won", "joy", 1, 1)]
    assert left_out(found) == {"text": 3, "label": 1}


def test_a_flood_of_variants_leaves_room_for_others(
    write_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgements, "MOST_TEXTS", 200)
    flood = [row for n in range(1500) for row in votes(f"the raid was slowly cancelled {n}", "joy")]
    others = [row for n in range(100) for row in votes(" ".join(Random(n).sample(WORDS, 6)), "anger")]
    reading = Reading(TOKENIZER, SALT)
    rows = flood + others
    Random(0).shuffle(rows)
    reading.read(write_csv(rows))
    reading.thin()
    kept = [next(iter(one.answers.values()))[1][0] for one in reading.said.values()]
    assert len(kept) <= 200
    assert kept.count("anger") > 40
    assert reading.found.steps["sampled"] == len(rows) - sum(len(one.answers) for one in reading.said.values())


def test_which_texts_are_drawn_depends_on_the_salt(
    write_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgements, "MOST_TEXTS", 50)
    rows = [row for n in range(300) for row in votes(f"the sea q{n} and w{n * 3}", "joy")]

    def drawn(salt: bytes, rows: list[dict[str, str]]) -> set[str]:
        reading = Reading(TOKENIZER, salt)
        reading.read(write_csv(rows))
        reading.thin()
        return {one.text for one in reading.said.values()}

    assert drawn(b"1", rows) == drawn(b"1", rows) != drawn(b"2", rows)
    assert len(drawn(b"1", rows)) == 50


def test_memory_is_bounded_whatever_the_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgements, "MOST_TEXTS", 200)

    def rows(count: int) -> Iterator[dict[str, str]]:
        for number in range(count):
            text = f"we met q{number % 97} at x{number % 89} w{number % 83}"
            yield {
                "id": text_id(text),
                "review": text,
                "sentiment": "joy",
                "receipt": "valid",
                "question": f"q{number}",
            }

    def most(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        reading = Reading(TOKENIZER, SALT)
        for row in rows(count):
            reading.take(row)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert reading.found.steps["rows"] == count
        return peak

    assert most(8_000) < 1.2 * most(2_000)


def judged(text: str, number: int, label: str, minute: int) -> dict[str, str]:
    time = f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:30.000Z"
    row = {"id": text_id(text), "review": text, "sentiment": label, "receipt": "valid", "time": time}
    return row | {"judgement": f"{text} {number}", "question": f"q{number}"}


def test_of_a_text_that_is_judged_very_often_a_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred in one minute do not crowd out eighteen people in as many others."""
    monkeypatch.setattr(judgements, "MOST_OF_TEXT", 20)
    reading, most = Reading(TOKENIZER, SALT), 0
    rows = [judged("We won", number, "anger", 900) for number in range(500)]
    rows += [judged("We won", number, "joy", number) for number in range(500, 518)]
    for row in [*rows, *rows]:
        reading.take(row)
        [said] = reading.said.values()
        most = max(most, len(said.answers), len(said.marks))
    assert most <= 41
    found = reading.found
    settled = judgements.settle(found, reading.said.values(), lambda text: clusters.identity(text, TOKENIZER))
    [one] = settled.values()
    assert (one.label, one.agreed, one.votes) == ("joy", 18, 19)
    assert found.used == 19


def test_of_very_many_answers_of_many_texts_fewer_of_each_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgements, "MOST_ANSWERS", 300)
    monkeypatch.setattr(judgements, "MOST_OF_TEXT", 16)
    reading = Reading(TOKENIZER, SALT)
    for number in range(4_000):
        text = f"we met number {number % 40}"
        reading.take(judged(text, number, "joy" if number % 3 else "sadness", number % 1_000))
        assert sum(len(said.answers) for said in reading.said.values()) == reading._answers <= 300
    assert all(said.answers for said in reading.said.values())
    assert reading.found.used == reading._answers


def test_formulas_come_back_as_they_were_typed(write_csv: Callable[..., Path]) -> None:
    assert read(write_csv(votes("=1+2 and we won", "joy"))).texts[0].text == "=1+2 and we won"


def test_no_judgement_at_all(write_csv: Callable[..., Path]) -> None:
    found = read(write_csv([]))
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
        (b"\xef\xbb\xbf", "line 1: the columns must begin with"),
        ("id,review,sentiment\r\n".encode("utf-16"), "not UTF-8"),
        (b'[{"id": "1", "review": "two"}]', "line 1: the columns must begin with"),
        (b"id;review;sentiment\r\n1;two;joy\r\n", "line 1: the columns must begin with"),
        (b"id,review,sentiment\r\n" + b"," * 300_000 + b"\r\n", "line 2: 3 cells expected, 300001 found"),
        (b'id,review,sentiment\r\n1,"two"x,joy\r\n', "line 2: "),
        (b"id,review,sentiment\r\n" + b"x,We won,joy\r\n" * 9, "9 of 9 rows were changed"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "hostile.csv"
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(data.DataError, match="cannot be read"):
            read(path)


def test_what_was_erased_is_left_out_until_somebody_says_it_anew(
    write_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = {erasure.text_mark("we  WON"): "2026-06-01T00:00:00.000Z"}
    monkeypatch.setattr(judgements, "forgotten", lambda: erased)
    times = ("2026-01-01T00:00:00.000Z", "", "2026-06-01T00:00:00.001Z")
    rows = [row | {"time": time} for row, time in zip(votes("We won", "joy", "joy", "anger"), times, strict=True)]
    found = read(write_csv(rows + votes("We lost", "sadness")))
    assert [(one.text, one.label) for one in found.texts] == [("We lost", "sadness"), ("We won", "anger")]
    assert left_out(found) == {"forgotten": 2}


def test_what_was_withdrawn_since_an_export_is_left_out_of_it(write_csv: Callable[..., Path], tmp_path: Path) -> None:
    path = write_csv(votes("We won", "joy") + votes("We lost", "sadness"))
    (tmp_path / "newer.csv.erased").write_text(f"{erasure.request_mark('question 0')}\t2026-06-01T00:00:00.000Z\n")
    reading = Reading(TOKENIZER, SALT, erased=judgements.read_erased(tmp_path / "newer.csv.erased"))
    reading.read(path)
    assert [one.text for one in reading.said.values()] == ["We lost"]
    assert left_out(reading.found) == {"forgotten": 1}


@pytest.mark.parametrize("content", [None, "no tab in here\n", b"\xff"])
def test_a_list_of_erasures_that_is_none_is_told(tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "list"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(data.DataError, match=r"is not a list of erasures.*sentiment export"):
        judgements.read_erased(path)


def test_only_what_came_since_the_last_time_counts(write_csv: Callable[..., Path]) -> None:
    rows = votes("We won", "joy") + votes("We lost", "sadness") + [votes("We met", "joy")[0] | {"time": ""}]
    reading = Reading(TOKENIZER, SALT, after="2026-01-01T00:00:00.000Z")  # when the first of them came
    reading.read(write_csv(rows))
    assert [one.text for one in reading.said.values()] == ["We lost"]
    assert left_out(reading.found) == {"before": 2}


def test_the_list_of_what_was_erased_is_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a\t2026-01-01\nb\t2026-01-02\na\t2026-01-03\n")
    assert judgements.forgotten(tmp_path / "list") == {"id/a": "2026-01-03", "id/b": "2026-01-02"}
    assert all("/" in mark for mark in judgements.forgotten())
