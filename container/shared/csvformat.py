"""The CSV of judgements: writing it, reading it back bit for bit, and keeping spreadsheets from evaluating it.

The format is RFC 4180 in UTF-8: comma, double quotes where needed, CRLF. There is no byte order mark, because programs
would take it for part of the first column's name; reading accepts one, since spreadsheets add it when they save.

Formulas. A spreadsheet evaluates a cell that begins with ``=``, ``+``, ``-`` or ``@``
(https://owasp.org/www-community/attacks/CSV_Injection). An apostrophe before it makes it text. Two cases go beyond that
list: in many countries spreadsheets split at semicolons, so text after a semicolon or a line break *inside* a text
begins a cell; and full-width forms of the four characters count as well. So the apostrophe is added at every place
where some spreadsheet could see such a cell begin.

The exact inverse. The apostrophe is added at such a place even if apostrophes are there already, and is removed only at
such a place. Only writing produces the places that reading recognises, so reading returns exactly what was written; and
an ordinary leading apostrophe ('tis) is left alone.

Ids. A spreadsheet takes an id of digits, or of digits around one ``e``, for a number and rounds it. Such an id gets an
apostrophe as well, which reading removes.

The raw form, for programs that are no spreadsheet, has none of these apostrophes. Its header ends in a column ``raw``,
whose cells are empty: by that reading knows it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

COLUMNS = (
    "id",
    "review",
    "sentiment",
    "judgement",  # UUID of this judgement
    "verdict",  # approved, revised or unprompted
    "classification",  # the label that a receipt proves the model predicted; empty if it abstained or without proof
    "confidence",
    "model",
    "time",
    "receipt",  # valid, missing, invalid or expired; unless it is valid, the judgement is unprompted
    "question",  # id of the request for the prediction: of several judgements with the same one, the last counts
    "blind",  # true if the user answered before seeing the prediction, as the client reports
    "second",  # a second label that the user chose
)
RAW = "raw"  # the last column of the raw form
IDS = {"id", "judgement", "model", "question"}  # the columns whose cells are never numbers
REQUIRED_COLUMNS = COLUMNS[:3]  # the only columns in files of the original app

_BREAK = r"[;\t\r\n]"
# What may precede the sign without making it harmless: any white space except line breaks, which begin a new cell.
_BLANK = r"[^\S\t\r\n]|[\x00-\x08\ufeff]"
_FORMULA = rf"'*(?:{_BLANK})*[=+\-@\uff1d\uff0b\uff0d\uff20]"
# A cell that begins with a tab or a line break is on OWASP's list whatever follows.
_LEADING_BREAK = r"'*[\t\r\n]"
_NEUTRALISE = re.compile(rf"(\A|(?<={_BREAK}))(?={_FORMULA})|\A(?={_LEADING_BREAK})")
_NUMBER = re.compile(r"\d+(?:e\d+)?", re.IGNORECASE | re.ASCII)
_RESTORE = re.compile(rf"(?:\A|(?<={_BREAK}))'(?={_FORMULA})|\A'(?={_LEADING_BREAK})")


def neutralise(cell: str) -> str:
    """The cell with an apostrophe wherever a spreadsheet could see the start of a formula."""
    return _NEUTRALISE.sub("'", cell)


def restore(cell: str) -> str:
    """The exact inverse of ``neutralise``."""
    return _RESTORE.sub("", cell)


def header(raw: bool = False) -> str:
    """The first line, with its line end."""
    return _line((*COLUMNS, RAW) if raw else COLUMNS)


def write_row(row: Mapping[str, str], raw: bool = False) -> str:
    """One line, with its line end.

    Args:
        row: text by column; a missing column is written as an empty cell.
        raw: whether the cells stay as they are, for programs that are no spreadsheet.
    """
    cells = [row.get(column, "") for column in COLUMNS]
    if raw:
        return _line([*cells, ""])
    return _line([_mark(column, cell) for column, cell in zip(COLUMNS, cells, strict=True)])


def _mark(column: str, cell: str) -> str:
    return f"'{cell}" if column in IDS and _NUMBER.fullmatch(cell) else neutralise(cell)


def _unmark(column: str, cell: str) -> str:
    return cell[1:] if column in IDS and cell[:1] == "'" and _NUMBER.fullmatch(cell, 1) else restore(cell)


def read_rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Read what ``header`` and ``write_row`` wrote, or a file of the original app.

    Args:
        lines: a text file opened with ``encoding="utf-8"`` and ``newline=""``, or its lines with their line ends.

    Yields:
        Text by column, for each row.

    Raises:
        ValueError: the file has another format; the message names the line.
    """
    reader = csv.reader(_without_mark(lines), strict=True)
    try:
        columns = next(reader, [])
        if tuple(columns[: len(REQUIRED_COLUMNS)]) != REQUIRED_COLUMNS:
            raise ValueError(f"line 1: the columns must begin with {','.join(REQUIRED_COLUMNS)}")
        raw = columns[-1] == RAW
        for cells in reader:
            if len(cells) != len(columns):
                raise ValueError(f"line {reader.line_num}: {len(columns)} cells expected, {len(cells)} found")
            yield dict(zip(columns, cells, strict=True)) if raw else read_cells(columns, cells)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def read_cells(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Text by column of a row, without what ``write_row`` added.

    Args:
        columns: names of the columns.
        cells: as a CSV reader gives them, one for each.
    """
    return {column: _unmark(column, cell) for column, cell in zip(columns, cells, strict=True)}


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix("\ufeff")


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
