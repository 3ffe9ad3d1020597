"""What was written to tables, in a SQLite file: judgements survive ``kill -9`` and power cuts. Knows no DynamoDB.

Writes of one request are in one transaction, so they are kept completely or not at all. A transaction is on the disk
(WAL, synchronous=FULL) before its writer is notified; concurrent writers share one.

Every row has a checksum, and every table the number and the sum of its rows' checksums, so that damaged, lost or
foreign rows are found. All of it is verified before the file is opened for writing, as is the write-ahead log that a
killed process has left (``wal``); a damaged file is left as it is.

Removed items are overwritten with zeros (secure_delete), and the write-ahead log is emptied as soon as no writer waits.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.local import journal, wal
from scripts.local.journal import Write, damaged, name, sync_folder

OLD_JOURNAL = "tables.journal"  # beside the file, if an earlier version has been used
IMPORTED = OLD_JOURNAL + ".imported"
APPLICATION = 0x53454E54  # "SENT", in the file's header: https://www.sqlite.org/fileformat.html#application_id
VERSION = 1
IDLE_SECONDS = 1.0  # without a write, after which the write-ahead log is emptied
MODULUS = 2**256  # checksums are numbers of 256 bits

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE items (
    name TEXT NOT NULL, key TEXT NOT NULL, item TEXT NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE TABLE totals (name TEXT PRIMARY KEY, number INTEGER NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE imported (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# Of every connection that writes: a transaction is on the disk when it is committed, on macOS too.
_DURABLE = """
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
"""
_SETTINGS = f"""
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
{_DURABLE}
PRAGMA secure_delete = ON;
"""


Row = tuple[str, str, str | None]  # table, key, item; None when it was removed


@dataclass
class Total:
    """All rows of a table: how many, and the sum of their checksums."""

    number: int = 0
    sum: int = 0

    def add(self, checksum: bytes, times: int = 1) -> None:
        """Count a row; -1 times to take it out."""
        self.number += times
        self.sum = (self.sum + times * int.from_bytes(checksum, "big")) % MODULUS


@dataclass(frozen=True)
class Request:
    """Rows that one request wrote, and whom to notify."""

    rows: list[Row]
    stored: Callable[[], None]


class Store:
    """A file of items, open for one process.

    Args:
        path: the file; created if it is missing, with the items of an earlier version's journal beside it.
        on_failure: called with the error when writes could not be stored. Memory and disk differ from then on, so it
            must end the process rather than return.

    Raises:
        UnreadableError: the file, or the journal, is damaged.
    """

    def __init__(self, path: Path, on_failure: Callable[[Exception], None]) -> None:
        self._path = path
        self._on_failure = on_failure
        if path.exists():
            _verify(path)
        else:
            _create(path)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._using = threading.Lock()  # the connection
        try:
            self._database.executescript(_SETTINGS)
            self._totals = _totals(self._database)
            self._import()
        except BaseException:
            self._database.close()
            raise
        self._removed: set[tuple[str, str]] = set()  # since the log was emptied
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # requests are stored in the order in which they were applied
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def items(self, table: str) -> list[Write]:
        """The items of a table, each as its last write."""
        passed = threading.Event()
        self.append([], passed.set)
        passed.wait()
        with self._using:
            rows = self._database.execute("SELECT key, item FROM items WHERE name = ?", (table,)).fetchall()
        return [Write(table, json.loads(key), json.loads(item)) for key, item in rows]

    def append(self, writes: list[Write], stored: Callable[[], None]) -> None:
        """Store what one request wrote.

        Args:
            writes: in the order in which they were applied.
            stored: called from the store's thread once the writes are on the disk.
        """
        with self._lock:
            self._queue.put(Request([_row(write) for write in writes], stored))

    def close(self) -> None:
        """Store the waiting writes, and close the file."""
        self._queue.put(None)
        self._thread.join()
        self._database.close()

    def _run(self) -> None:
        try:
            while self._store_next():
                pass
        except Exception as error:  # whatever it is, nothing more can be stored
            self._on_failure(error)

    def _store_next(self) -> bool:
        """Store what waits in one transaction; False at the end."""
        try:
            first = self._queue.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            self._empty_log()
            first = self._queue.get()
        group: list[Request] = []
        while first is not None:
            group.append(first)
            if self._queue.empty():
                break
            first = self._queue.get()
        if any(request.rows for request in group):
            with self._using, _transaction(self._database):
                self._write([row for request in group for row in request.rows])
        for request in group:
            self._removed |= {(table, key) for table, key, item in request.rows if item is None}
            request.stored()
        if self._removed and self._queue.empty():
            self._empty_log()
        return first is not None

    def _write(self, rows: Iterable[Row]) -> None:
        touched = set()
        for table, key, item in rows:
            touched.add(table)
            total = self._totals.setdefault(table, Total())
            found = self._database.execute("SELECT checksum FROM items WHERE name = ? AND key = ?", (table, key))
            for (before,) in found.fetchall():
                total.add(before, -1)
            if item is None:
                self._database.execute("DELETE FROM items WHERE name = ? AND key = ?", (table, key))
            else:
                checksum = _checksum(table, key, item)
                total.add(checksum)
                self._database.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", (table, key, item, checksum))
        for table in touched:
            total = self._totals[table]
            row = table, total.number, total.sum.to_bytes(32, "big")
            self._database.execute("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", row)

    def _empty_log(self) -> None:
        """Move the write-ahead log's content into the file, and erase removed items from the imported journals."""
        with self._using:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if self._removed:
            for kept in self._path.parent.glob(IMPORTED + "*"):
                journal.remove(kept, self._removed)
            self._removed = set()

    def _import(self) -> None:
        """Take over the items of an earlier version's journal, and keep that under another name."""
        old = self._path.with_name(OLD_JOURNAL)
        if not old.exists():
            return
        digest = hashlib.sha256(old.read_bytes()).hexdigest()
        if not self._database.execute("SELECT 1 FROM imported WHERE digest = ?", (digest,)).fetchone():
            if self._totals:
                raise journal.UnreadableError(
                    f"{self._path} and {old} both hold judgements, and they may differ. Neither has been changed: "
                    "move one of them to another folder."
                )
            with _transaction(self._database):
                self._write(map(_row, journal.read(old)))
                self._database.execute("INSERT INTO imported VALUES (?)", (digest,))
        old.rename(_free_name(self._path.with_name(IMPORTED)))
        sync_folder(old)


def _row(write: Write) -> Row:
    item = None if write.item is None else json.dumps(write.item, separators=(",", ":"))
    return write.table, name(write.key), item


def _checksum(table: str, key: str, item: str) -> bytes:
    """SHA-256 of a row; no two rows have the same text, since JSON escapes the zero bytes between its parts."""
    return hashlib.sha256("\0".join((table, key, item)).encode()).digest()


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:  # some errors have rolled it back already
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _create(path: Path) -> None:
    """Create a file that is complete as soon as it has its name."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as database:
        database.executescript(_DURABLE + _SCHEMA)
    new.rename(path)
    sync_folder(path)


def _verify(path: Path) -> None:
    """Read everything, and change nothing.

    Raises:
        UnreadableError: something is damaged or missing.
    """
    if path.stat().st_size == 0:
        raise damaged(path, "it is empty")
    log = path.with_name(path.name + "-wal")
    if found := wal.damage(log):
        raise damaged(log, found)
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            _verify_kind(path, database)
            sums: dict[str, Total] = {}
            for table, key, item, checksum in database.execute("SELECT name, key, item, checksum FROM items"):
                if not isinstance(item, str) or _checksum(table, key, item) != checksum:
                    raise damaged(path, f"the item {key} of {table} does not match its checksum")
                sums.setdefault(table, Total()).add(checksum)
            for table, total in _totals(database).items():
                if sums.pop(table, Total()) != total:
                    raise damaged(path, f"items of {table} are missing or do not belong there")
            if sums:
                raise damaged(path, f"items of {', '.join(sums)} do not belong there")
            if (check := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise damaged(path, check)
    except (sqlite3.Error, UnicodeError, TypeError) as error:
        raise damaged(path, str(error)) from None


def _verify_kind(path: Path, database: sqlite3.Connection) -> None:
    (application,), (version,) = (
        database.execute(f"PRAGMA {pragma}").fetchone() for pragma in ("application_id", "user_version")
    )
    if application != APPLICATION:
        raise damaged(path, "it is a database of something else")
    if version != VERSION:
        raise journal.UnreadableError(
            f"{path} has been written by a newer version of this project (format {version} instead of {VERSION}). "
            "It has not been changed: use that version, or another STATE=folder."
        )


def _totals(database: sqlite3.Connection) -> dict[str, Total]:
    rows = database.execute("SELECT name, number, sum FROM totals").fetchall()
    return {table: Total(number, int.from_bytes(total, "big")) for table, number, total in rows}


def _free_name(path: Path) -> Path:
    """A path that does not exist: this one, or one with a number appended."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
