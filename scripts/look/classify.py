"""Classifies the texts of a CSV file through the API, many in one request, into a file beside it.

The texts go out in the order of the file, and after each request it is noted how far the output came; a run that was
interrupted goes on from there, if the input is still the same.
"""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scripts.stage.errors import DeployError, InterruptedDeployError, SettingsError
from scripts.stage.interrupt import Interrupt
from shared.limits import MAX_REVIEWS
from shared.problems import Problem
from shared.reviews import review

ROUTE = "/getSentiments"
COLUMNS = ("classification", "confidence", "model", "problem")
CARE = "This text needs a person's care, not a label."
_BOM = "\ufeff"
_MOST_CHARACTERS = 2**31 - 1  # in a cell: the API says of one that is too long how long it may be
_TRIES = 8  # of one request, before it is given up
_TIMEOUT_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 30.0
_LATER = {429, 502, 503, 504}
_QUOTED = re.compile(r'"[^"]*"')
_SECONDS = re.compile(r"[0-9]{1,4}")  # in Retry-After; a date, or more than hours, is of no use here

Row = dict[str, str]


@dataclass
class Progress:
    """How far an output has come.

    Attributes:
        input: SHA-256 of the input and of the name of its column.
        size: bytes of the output that are good.
        rows: how many rows those are.
    """

    input: str
    size: int = 0
    rows: int = 0


def output_of(source: Path) -> Path:
    """The file beside an input that its output goes to: ``comments.csv`` becomes ``comments.classified.csv``."""
    return source.with_suffix(f".classified{source.suffix or '.csv'}")


def classify(
    api: str,
    source: Path,
    column: str,
    target: Path,
    interrupt: Interrupt,
    tell: Callable[[int, int], None],
    pause: Callable[[float], None] | None = None,
) -> int:
    """Write the rows of a file with what the model says of one of their columns.

    Args:
        api: address of the API.
        source: CSV file in UTF-8 with a line of column names; separated by comma, semicolon or tab.
        column: name of the column that holds the texts.
        target: the file; it appears when it is complete.
        interrupt: Ctrl-C.
        tell: told how many rows are done, and how many there are.
        pause: waits, for seconds; by default until Ctrl-C at most.

    Returns:
        How many rows the file has.

    Raises:
        SettingsError: the input cannot be read as that, or has no such column; the output would replace the input or a
            folder or device; what answers is not this API.
        DeployError: the API does not answer, or the output cannot be written; what is there is kept for the next run.
        InterruptedDeployError: Ctrl-C; likewise.
    """
    if not _is_address(api):
        raise SettingsError(f"{api} is not the address of an API.", "Begin it with https:// or http:// and a host.")
    content = _read(source)
    part, note = target.with_name(target.name + ".part"), target.with_name(target.name + ".progress")
    for each in (target, part, note):
        if each.exists() and (not each.is_file() or each.samefile(source)):
            raise SettingsError(f"{each} would be replaced by the output.", "Name another file with --out.")
    text = content.removeprefix(_BOM)
    names, rows, dialect = _rows(text, source, column)
    progress = _progress(note, part, hashlib.sha256(f"{column}\n{text}".encode()).hexdigest())
    names = [*names, *COLUMNS]
    head = content[: len(content) - len(text)].encode()  # by which a spreadsheet knows that a file is UTF-8
    try:
        with part.open("r+b" if part.exists() else "w+b") as file:
            file.truncate(progress.size)
            file.seek(progress.size)
            if not progress.size:
                file.write(head + _lines([dict(zip(names, names, strict=True))], names, dialect))
            tell(progress.rows, len(rows))
            while progress.rows < len(rows):
                _stop_if_asked(interrupt)
                some = rows[progress.rows : progress.rows + MAX_REVIEWS]
                answers = _ask(api, [row[column] for row in some], interrupt, pause or interrupt.pause)
                file.write(_lines([row | answer for row, answer in zip(some, answers, strict=True)], names, dialect))
                file.flush()
                os.fsync(file.fileno())
                progress.rows, progress.size = progress.rows + len(some), file.tell()
                _save(progress, note)
                tell(progress.rows, len(rows))
        part.replace(target)
        note.unlink(missing_ok=True)
    except OSError as error:
        raise DeployError(
            f"{target} cannot be written: {error.strerror or error}.", "Run the same command again."
        ) from error
    return len(rows)


def _is_address(api: str) -> bool:
    try:
        parts = urlsplit(api)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", api)
        )
    except ValueError:
        return False


def _read(source: Path) -> str:
    try:
        return source.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"{source} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{source} is not UTF-8.", 'Save it as "CSV UTF-8" in the spreadsheet.') from error


def _rows(text: str, source: Path, column: str) -> tuple[list[str], list[Row], type[csv.Dialect]]:
    """The names of the columns, the rows, and how both are written."""
    head = _QUOTED.sub("", text.partition("\n")[0])

    class Found(csv.excel):
        delimiter = max(",;\t", key=head.count)

    reader = csv.reader(io.StringIO(text, newline=""), dialect=Found, strict=True)
    others = csv.field_size_limit(_MOST_CHARACTERS)  # it holds for all readers of the process
    try:
        names, *lines = [*reader] or [[]]
    except csv.Error as error:
        raise SettingsError(f"{source}, line {reader.line_num}: {error}.") from error
    finally:
        csv.field_size_limit(others)
    if column not in names:
        known = ", ".join(names) or "none"
        raise SettingsError(
            f"{source} has no column {column!r}; its columns: {known}.", "Name one of them with --column."
        )
    taken = sorted({*names} & {*COLUMNS})
    if taken or len(names) != len({*names}):
        wrong = taken or sorted(name for name in {*names} if names.count(name) > 1)
        raise SettingsError(
            f"{source} has a column {wrong[0]!r} that the output needs for itself or that is there twice."
        )
    # A line without anything is an empty cell if there is one column, and no row otherwise.
    cells = [line or [""] for line in lines if line or len(names) == 1]
    for number, line in enumerate(cells, 1):
        if len(line) != len(names):
            raise SettingsError(f"{source}, row {number} does not have {len(names)} cells, as the first line has.")
    return names, [dict(zip(names, line, strict=True)) for line in cells], Found


def _progress(note: Path, part: Path, input_: str) -> Progress:
    try:
        found = Progress(**json.loads(note.read_text(encoding="utf-8")))
        whole = part.stat().st_size >= found.size
    except (OSError, ValueError, TypeError):
        return Progress(input_)
    return found if found.input == input_ and whole else Progress(input_)


def _save(progress: Progress, note: Path) -> None:
    new = note.with_suffix(".new")
    new.write_text(json.dumps(asdict(progress)), encoding="utf-8")
    new.replace(note)  # old or new, never half


def _lines(rows: list[dict[str, Any]], names: list[str], dialect: type[csv.Dialect]) -> bytes:
    text = io.StringIO(newline="")
    csv.DictWriter(text, names, dialect=dialect).writerows(rows)
    return text.getvalue().encode()


def _ask(api: str, texts: list[str], interrupt: Interrupt, pause: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """The four further cells of each text."""
    checked = [_review_or_problem(text) for text in texts]
    reviews = [one for one in checked if isinstance(one, str)]
    predictions = iter(_predictions(api, reviews, interrupt, pause) if reviews else [])
    return (_cells(next(predictions)) if isinstance(one, str) else one for one in checked)


def _review_or_problem(text: str) -> str | dict[str, Any]:
    try:
        return review(text)
    except Problem as problem:
        return {"problem": problem.detail}


def _cells(prediction: dict[str, Any]) -> dict[str, Any]:
    if "detail" in prediction:
        return {"problem": prediction["detail"]}
    cells = {name: prediction[name] for name in ("classification", "confidence", "model")}
    return cells | {"problem": CARE if prediction.get("care") else ""}


def _stop_if_asked(interrupt: Interrupt) -> None:
    if interrupt.stopping:
        raise InterruptedDeployError("Interrupted: what is classified is kept.", "Run the same command again to go on.")


def _predictions(
    api: str, reviews: list[str], interrupt: Interrupt, pause: Callable[[float], None]
) -> list[dict[str, Any]]:
    body = json.dumps({"reviews": reviews}).encode()
    why = ""
    for tried in range(_TRIES):
        _stop_if_asked(interrupt)
        request = urllib.request.Request(api.rstrip("/") + ROUTE, body, {"Content-Type": "application/json"})  # noqa: S310 - checked above
        seconds = min(2.0**tried, _LONGEST_PAUSE_SECONDS)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as reply:  # noqa: S310 - checked above
                found: list[dict[str, Any]] = json.load(reply)["predictions"]
            if len(found) == len(reviews) and all(isinstance(one, dict) for one in found):
                return found
            raise ValueError
        except urllib.error.HTTPError as error:
            why = f"status {error.code}: {error.read(500).decode(errors='replace')}"
            if error.code not in _LATER:
                break
            asked = error.headers.get("Retry-After", "")
            seconds = max(seconds, float(asked) if _SECONDS.fullmatch(asked) else 0.0)
        except (OSError, http.client.HTTPException) as error:
            why = str(error)
        except (ValueError, KeyError, TypeError):
            raise SettingsError(
                f"What answers at {api} is another program: its reply has no predictions.",
                "Check --api, and whether a proxy or a sign-in page is in between.",
            ) from None
        pause(seconds)
    raise DeployError(
        f"The API at {api} did not answer: {why}.", "What is classified is kept; run the same command again to go on."
    )
