"""The journal of table writes, which makes judgements survive ``kill -9``. Knows files, not DynamoDB or its emulator.

One line of JSON per acknowledged request holds the after-image of every item that it wrote, so a transaction is
kept completely or not at all, and replaying a line twice changes nothing. A line is on the disk (fsync) before its
writer is notified; concurrent writers share one fsync.

Opening the journal compacts it to one line per item. So does a removal, as soon as no writer is waiting: removed items
are then nowhere in the file. A last line cut short by a crash was never acknowledged and is dropped. Damage anywhere
else is an error at start, because something that was acknowledged would be lost.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Item = dict[str, Any]


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


class JournalError(Exception):
    """The journal cannot be read; the message says what to do."""


class Journal:
    """An append-only file of writes, open for one process.

    Args:
        path: the file; created if it is missing.
        on_failure: called with the error when a line could not be stored. Memory and disk differ from then on, so it
            must end the process rather than return.
    """

    def __init__(self, path: Path, on_failure: Callable[[OSError], None]) -> None:
        self._path = path
        self._on_failure = on_failure
        self._tables: dict[str, dict[str, Write]] = {}
        self._removed = False  # since the last compaction
        for write in _writes(path):
            self._apply(write)
        _replace(path, (line([write]) for table in self._tables.values() for write in table.values()))
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._removed = False
        self._lock = threading.Lock()  # keeps lines in the order in which writes were applied
        self._queue: queue.SimpleQueue[tuple[bytes, Callable[[], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._store, name="journal", daemon=True)
        self._thread.start()

    def writes(self, table: str) -> list[Write]:
        """The last write of each item in a table."""
        with self._lock:
            return list(self._tables.get(table, {}).values())

    def append(self, writes: list[Write], stored: Callable[[], None]) -> None:
        """Store what one request wrote.

        Args:
            writes: in the order in which they took effect.
            stored: called from the journal's own thread once the writes are on the disk.
        """
        with self._lock:
            for write in writes:
                self._apply(write)
            self._queue.put((line(writes), stored))

    def close(self) -> None:
        """Store what is queued, and close the file."""
        self._queue.put(None)
        self._thread.join()
        os.close(self._file)

    def _apply(self, write: Write) -> None:
        items = self._tables.setdefault(write.table, {})
        key = json.dumps(write.key, sort_keys=True)
        if write.item is None:
            self._removed = items.pop(key, None) is not None or self._removed
        else:
            items[key] = write

    def _store(self) -> None:
        while (first := self._queue.get()) is not None:
            group, ends = [first], False
            while not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    ends = True
                    break
                group.append(following)
            try:
                _write_all(self._file, b"".join(written for written, _ in group))
                os.fsync(self._file)
            except OSError as error:
                self._on_failure(error)
                return
            for _, stored in group:
                stored()
            if ends:
                return
            if self._removed and self._queue.empty():
                try:
                    self._compact()
                except OSError as error:
                    self._on_failure(error)
                    return

    def _compact(self) -> None:
        """Rewrite the file without removed items. It includes queued lines already; storing them again is harmless."""
        with self._lock:
            self._removed = False
            lines = [line([write]) for table in self._tables.values() for write in table.values()]
        _replace(self._path, iter(lines))
        os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)


def line(writes: list[Write]) -> bytes:
    """The journal's line for one request."""
    rows = [[write.table, write.key, write.item] for write in writes]
    return json.dumps(rows, separators=(",", ":")).encode() + b"\n"


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _writes(path: Path) -> Iterator[Write]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return  # cut short by a crash, never acknowledged
            try:
                yield from [Write(table, key, item) for table, key, item in json.loads(line)]
            except ValueError as error:
                raise JournalError(
                    f"line {number} of {path} is damaged ({error}). It holds judgements: restore the file from a "
                    "backup, or move it away to start with empty tables."
                ) from None


def _replace(path: Path, lines: Iterator[bytes]) -> None:
    """Rewrite a file atomically: a crash leaves either the old one or the new one."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)
