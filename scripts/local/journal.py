"""The journal in which earlier versions kept what was written to tables. It is read once, and never written again.

A line is a JSON list of what one acknowledged request wrote: table, key, and the item or null. A last line without a
newline was cut short by a crash before it was acknowledged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Item = dict[str, Any]

LONGEST_LINE = 16 * 1024 * 1024  # bytes; a transaction writes at most 4 MB, and JSON escapes may triple it
_BEGINNING = b'[["'  # of every line


@dataclass(frozen=True)
class Write:
    """An item after a request.

    Attributes:
        table: a name of the table that is stable across restarts.
        key: the item's key attributes, in DynamoDB's JSON.
        item: the whole item in DynamoDB's JSON; None when it was removed.
    """

    table: str
    key: Item
    item: Item | None


class UnreadableError(Exception):
    """A file of judgements cannot be read; the message says what to do."""


def read(path: Path) -> Iterator[Write]:
    """All writes, in order; later ones replace earlier ones of the same key.

    Raises:
        UnreadableError: a line is damaged.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if _was_cut_short(line, last=not file.peek(1)):
                return
            try:
                writes = _writes(json.loads(line))
            except (ValueError, TypeError) as error:
                raise damaged(path, f"line {number}: {error}") from None
            yield from writes


def _writes(rows: Any) -> list[Write]:
    if not isinstance(rows, list):
        raise TypeError("not a list")
    writes = [Write(table, key, item) for table, key, item in rows]
    if any(not isinstance(each.table, str) or not isinstance(each.key, dict) for each in writes):
        raise TypeError("not a table and a key")
    return writes


def _was_cut_short(line: bytes, last: bool) -> bool:
    """Whether a crash may have ended the file within this line. Any other damage must not pass for that."""
    begins = line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
    return last and not line.endswith(b"\n") and begins and line.isascii() and b"\0" not in line


def remove(path: Path, keys: Collection[tuple[str, str]]) -> None:
    """Erase some items from a journal. A crash leaves the old file or the new one.

    Args:
        path: the journal.
        keys: tables and names of keys.
    """
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="ascii") as file:
        for write in read(path):
            if (write.table, name(write.key)) not in keys:
                file.write(json.dumps([[write.table, write.key, write.item]], separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path)


def name(key: Item) -> str:
    """A key as a string, the same however its attributes are ordered."""
    return json.dumps(key, sort_keys=True, separators=(",", ":"))


def sync_folder(path: Path) -> None:
    """Make the renaming of a file durable."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def damaged(path: Path, what: str) -> UnreadableError:
    """The error for a damaged file."""
    return UnreadableError(
        f"{path} is damaged ({what}). It holds judgements, and has not been changed: restore it from a backup, or "
        "move all tables.* files of that folder away to start with empty tables."
    )
