"""What a view consists of: tables, forms and words, as data. The page writes them as text, never as HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from scripts.stage.session import Cloud

GOOD, BAD, BUSY, IDLE = "good", "bad", "busy", "idle"

Cell = str | int | dict[str, str]
Block = dict[str, Any]
View = Callable[[Cloud, Mapping[str, str]], list[Block]]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], note: str = "") -> Block:
    """A table.

    Args:
        title: its heading.
        columns: their headings.
        rows: cells in the order of the columns.
        note: a sentence below the heading.
    """
    return {"title": title, "columns": list(columns), "rows": [list(row) for row in rows], "note": note}


def words(title: str, note: str, tone: str = "") -> Block:
    """A heading and a sentence.

    Args:
        title: the heading.
        note: the sentence.
        tone: GOOD, BAD, BUSY or IDLE; "" for none.
    """
    return {"title": title, "note": note, "tone": tone}


def form(section: str, fields: Sequence[tuple[str, str, str, Sequence[str]]], button: str, of: str = "") -> Block:
    """Fields whose values become the address's query.

    Args:
        section: the view that gets them.
        fields: name, label, present value and suggestions of each.
        button: what the button says.
        of: the thing that the view is of, if any.
    """
    names = ("name", "label", "value", "suggestions")
    return {
        "form": [dict(zip(names, field, strict=True)) for field in fields],
        "go": address(section, of),
        "button": button,
    }


def toned(text: str, tone: str) -> Cell:
    """A cell in the colour of a tone, which its text says too."""
    return {"text": text, "tone": tone}


def link(text: str, section: str, of: str = "", **query: str) -> Cell:
    """A cell that leads to another view."""
    return {"text": text, "go": address(section, of, **query)}


def code(value: object) -> Cell:
    """A cell in a typeface of equal widths; what is not text is written as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return {"text": text, "code": "1"}


def address(section: str, of: str = "", **query: str) -> str:
    """A view's address, the part after ``#``."""
    path = f"{section}/{quote(of, safe='')}" if of else section
    return f"{path}?{urlencode(query)}" if query else path


def moment(when: datetime | None) -> str:
    """A time in UTC; "" for none."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if when else ""


def last_part(arn: str) -> str:
    """What an ARN's last slash is followed by, such as a task's id."""
    return arn.rpartition("/")[2]
