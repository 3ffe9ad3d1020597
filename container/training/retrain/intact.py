"""Whether a CSV of judgements is what the export wrote, row by row and as a whole; and if not, what probably happened.

Spreadsheets change files that they only open and save: an id such as ``451e16...`` becomes a number, ``10/10`` a date,
and a file opened as "ANSI" has its letters garbled. The id of a text is a hash of it, so every such row gives itself
away.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from shared.reviews import text_id
from training.texts import data

MOST_ALTERED = 0.01  # share of rows above which a file is not learned from at all
SIDE_FILE = ".sha256"  # after the file's whole name, in the format of sha256sum

# Of each cause, what a report calls it; in the order in which they are asked.
CAUSES = {
    "id": "the text's id has become a number",
    "ansi": "letters were garbled: the file was opened as ANSI (Windows-1252), not as UTF-8",
    "lost": "letters were lost: the file was saved as ANSI, not as UTF-8",
    "date": "the text looks like a date, a number or a truth value that a spreadsheet has rewritten",
    "question": "the request id has become a number",
    "time": "the time was written anew",
    "other": "id and text do not belong together",
}

_ID = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:E[+-]?\d+)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}[.:-][A-Za-z0-9]{2,9}(?:[.: -]\d{2,4})?|[A-Za-z]{3}-\d{2}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # as shared/times.py writes it
_LOST = re.compile(r"(?:^|\s)\?|\?\w|\?\?")  # question marks where nobody puts them
_REQUEST_CHARACTERS = 16
# What stands for a byte of UTF-8 once it has been read as Windows-1252; five bytes mean nothing there and stay.
_AS_ANSI = {
    bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte): byte
    for byte in range(256)
}


def altered(row: Mapping[str, str]) -> str:
    """Which of ``CAUSES`` a row was probably changed by; "" if it is as it was written.

    Args:
        row: of the file, by column, as the API wrote it before a spreadsheet saw it.
    """
    text, stated = row["review"], row["id"]
    if stated == text_id(text):
        if _numeric(row.get("question") or ""):
            return "question"
        # Nobody knows whether such a judgement is from before or after its text was erased.
        return "time" if row.get("time") and not _TIME.fullmatch(row["time"]) else ""
    if not _ID.fullmatch(stated):
        return "id" if _NUMBER.fullmatch(stated) else "other"
    if _read_as_ansi(text, stated):
        return "ansi"
    if "\ufffd" in text or _LOST.search(text):
        return "lost"
    rewritten = _DATE.fullmatch(text) or _NUMBER.fullmatch(text) or text_id(text.lower()) == stated  # FALSE for false
    return "date" if rewritten else "other"


def _numeric(request_id: str) -> bool:
    return len(request_id) != _REQUEST_CHARACTERS and _NUMBER.fullmatch(request_id) is not None


def _read_as_ansi(text: str, stated: str) -> bool:
    try:
        return text_id(bytes(_AS_ANSI[sign] for sign in text).decode()) == stated
    except (KeyError, UnicodeDecodeError):
        return False


def refuse(path: Path, rows: int, causes: Counter[str]) -> None:
    """Stop where more of a file was changed than a slip explains.

    Args:
        path: the file.
        rows: how many it has.
        causes: how many of them each cause has changed.

    Raises:
        DataError: says what probably happened and how to get a whole file.
    """
    count = sum(causes.values())
    if count <= MOST_ALTERED * rows:
        return
    why = "; ".join(f"{causes[cause]}: {meaning}" for cause, meaning in CAUSES.items() if causes[cause])
    raise data.DataError(
        f"{path} is not as it was exported: {count} of {rows} rows were changed ({why}). A program such as a "
        "spreadsheet has saved it. Export again with `sentiment export` and use that file unopened; to look at it, "
        "open a copy"
    )


def verify(path: Path) -> None:
    """Compare a file with the hash that the export wrote beside it, where there is one.

    Args:
        path: the file.

    Raises:
        DataError: it was changed since, or the side file holds no hash.
    """
    beside = path.with_name(path.name + SIDE_FILE)
    try:
        stated = beside.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise data.DataError(f"{beside} cannot be read: {error}. Export again, or delete it") from error
    if not stated or not re.fullmatch(r"[0-9a-fA-F]{64}", stated[0]):
        raise data.DataError(f"{beside} does not begin with a SHA-256 hash. Export again, or delete it")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != stated[0].lower():
        raise data.DataError(
            f"{path} was changed since it was exported: {beside.name} states another hash. Export again with "
            "`sentiment export`, or delete the side file to use the rows whose ids are right"
        )
