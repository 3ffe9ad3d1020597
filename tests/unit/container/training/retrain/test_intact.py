"""Files that a spreadsheet or somebody else has changed are found out, row by row and as a whole."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.text import SPECIAL, Tokenizer
from shared.reviews import text_id
from training.retrain import intact
from training.retrain.judgements import Reading
from training.texts import data

TEXT = "Ça m’a plu, vraiment 😭"  # noqa: RUF001 (what phones type)


def row(text: str, **changed: str) -> dict[str, str]:
    return {"id": text_id(text), "review": text, "sentiment": "joy", "question": "0123456789abcdef"} | changed


def as_ansi(text: str) -> str:
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (row(TEXT), ""),
        (row("  " + TEXT), ""),
        (row("10/10"), ""),
        (row("2026"), ""),
        (row(TEXT, question=""), ""),
        (row(TEXT, question="8078611485507596"), ""),
        (row(TEXT, question="451e161618380737"), ""),
        (row(TEXT, id="1.79769313486232E+308"), "id"),
        (row(TEXT, id="7,9e+30"), "id"),
        (row(TEXT, id=""), "other"),
        (row(TEXT, review=as_ansi(TEXT)), "ansi"),
        (row(TEXT, review=TEXT.encode("cp1252", "replace").decode("cp1252")), "lost"),
        (row(TEXT, review=TEXT.replace("😭", "\ufffd")), "lost"),
        (row("10/10", review="10/10/2026"), "date"),
        (row("10/10", review="10-Oct"), "date"),
        (row("may 4", review="May-04"), "date"),
        (row("1e5", review="100000"), "date"),
        (row("007", review="7"), "date"),
        (row("false", review="FALSE"), "date"),
        (row(TEXT, question="1.79769313486232E+308"), "question"),
        (row(TEXT, question="0"), "question"),
        (row(TEXT, time="2026-11-27T00:00:00.000Z"), ""),
        (row(TEXT, time=""), ""),
        (row(TEXT, time="27.11.2026 00:00"), "time"),
        (row(TEXT, time="2026-11-27 00:00:00"), "time"),
        (row(TEXT, review="something else"), "other"),
    ],
)
def test_a_row_tells_what_became_of_it(changed: dict[str, str], cause: str) -> None:
    assert intact.altered(changed) == cause


def test_some_rows_are_left_out_and_more_than_one_in_a_hundred_stop_the_run() -> None:
    intact.refuse(Path("a.csv"), 200, Counter(id=1, date=1))
    with pytest.raises(data.DataError, match=r"3 of 200 rows were changed \(1: the text's id.*; 2: the") as why:
        intact.refuse(Path("a.csv"), 200, Counter(id=1, date=2))
    assert "Export again with `sentiment export`" in str(why.value)


def test_rows_that_were_changed_are_counted_and_not_learned(write_csv: Callable[..., Path]) -> None:
    texts = [f"we met {'again ' * number}" for number in range(1, 120)]
    rows = [{"review": text, "sentiment": "joy"} for text in texts] + [row("1e5", review="100000")]
    reading = Reading(Tokenizer([*SPECIAL, "we", "met", "again"]), b"salt")
    reading.read(write_csv(rows))
    assert (reading.found.steps["altered"], reading.found.causes) == (1, Counter(date=1))
    assert "100000" not in {said.text for said in reading.said.values()}


def side_file(path: Path, content: str) -> None:
    path.with_name(path.name + ".sha256").write_text(content, encoding="utf-8")


def test_the_hash_beside_a_file_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "judgements.csv"
    path.write_bytes(b"id,review,sentiment\r\n")
    intact.verify(path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    for content in (f"{right}  judgements.csv\n", f"{right.upper()} *other.csv", right):
        side_file(path, content)
        intact.verify(path)
    path.write_bytes(b"id,review,sentiment\n")
    with pytest.raises(data.DataError, match=r"was changed since it was exported: judgements.csv.sha256 states"):
        intact.verify(path)
    with pytest.raises(data.DataError, match="was changed since"):
        Reading(Tokenizer(SPECIAL), b"salt").read(path)


@pytest.mark.parametrize("content", ["", "no hash here", "ab12  judgements.csv"])
def test_a_side_file_without_a_hash_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "judgements.csv"
    path.touch()
    side_file(path, content)
    with pytest.raises(data.DataError, match=r"judgements\.csv\.sha256 does not begin with a SHA-256 hash"):
        intact.verify(path)
