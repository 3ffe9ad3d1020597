"""The file of the tables' items: everything stored is there again after any kind of end, and damage is found."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from scripts.local import journal, wal
from scripts.local.journal import Item, UnreadableError, Write
from scripts.local.store import IMPORTED, OLD_JOURNAL, Store


def fail(error: Exception) -> None:
    pytest.fail(f"not stored: {error}")


def write(store: Store, *writes: Write) -> None:
    stored = threading.Event()
    store.append(list(writes), stored.set)
    assert stored.wait(5)


def item(key: str, **attributes: str) -> Item:
    return {"id": {"S": key}, **{name: {"S": value} for name, value in attributes.items()}}


def put(table: str, key: str, **attributes: str) -> Write:
    return Write(table, {"id": {"S": key}}, item(key, **attributes))


def remove(table: str, key: str) -> Write:
    return Write(table, {"id": {"S": key}}, None)


def items(path: Path, table: str) -> list[Item | None]:
    with contextlib.closing(Store(path, fail)) as store:
        return [write.item for write in store.items(table)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tables.db"


def test_gives_back_the_last_state_of_every_item_by_table(path: Path) -> None:
    store = Store(path, fail)
    write(store, put("a", "1", said="joy"), put("b", "1", said="fear"))
    write(store, put("a", "1", said="guilt"), put("a", "2"))
    write(store, remove("a", "2"))
    store.close()

    assert items(path, "a") == [item("1", said="guilt")]
    assert items(path, "b") == [item("1", said="fear")]
    assert items(path, "c") == []


def test_knows_what_was_written_since_it_was_opened(path: Path) -> None:
    store = Store(path, fail)
    write(store, put("a", "1"))

    assert [write.item for write in store.items("a")] == [item("1")]
    store.close()


def test_text_of_any_kind_comes_back_as_it_was(path: Path) -> None:
    text = "new\nline \x00 \u2028 😀 שלום \udc80"
    store = Store(path, fail)
    write(store, put("a", "1", review=text))
    store.close()

    assert items(path, "a") == [item("1", review=text)]


def test_concurrent_writers_are_all_stored_in_order(path: Path) -> None:
    store = Store(path, fail)

    def write_many(table: str) -> None:
        for number in range(50):
            write(store, put(table, "1", said=str(number)), put(table, f"only-{number}"))

    threads = [threading.Thread(target=write_many, args=(f"table-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()

    for number in range(8):
        found = items(path, f"table-{number}")
        assert len(found) == 51
        assert item("1", said="49") in found


class Watched(sqlite3.Connection):
    """Notes what is set whenever it may have written."""

    seen: ClassVar[list[tuple[str, dict[str, object]]]] = []

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql.startswith(("COMMIT", "PRAGMA wal_checkpoint")):
            self.note(sql)
        return super().execute(sql, *parameters)

    def executescript(self, script: str) -> sqlite3.Cursor:
        cursor = super().executescript(script)
        self.note(script)
        return cursor

    def note(self, sql: str) -> None:
        names = ("synchronous", "fullfsync", "checkpoint_fullfsync", "journal_mode", "secure_delete")
        self.seen.append((sql, {name: super(Watched, self).execute(f"PRAGMA {name}").fetchone()[0] for name in names}))


def test_every_connection_that_writes_waits_for_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *names, **options: connect(*names, factory=Watched, **options))
    Watched.seen.clear()
    store = Store(path, fail)
    write(store, put("a", "1", said="joy"))
    write(store, remove("a", "1"))
    store.close()

    seen = [sql.split()[0] for sql, _ in Watched.seen]
    assert seen.count("COMMIT") == 2
    assert {*seen} == {"COMMIT", "PRAGMA"}  # both scripts begin with one too
    full = {"synchronous": 2, "fullfsync": 1, "checkpoint_fullfsync": 1}
    assert [sql for sql, settings in Watched.seen if not full.items() <= settings.items()] == []
    ready = [settings for sql, settings in Watched.seen if sql.startswith(("COMMIT", "PRAGMA wal_checkpoint"))]
    assert {(each["journal_mode"], each["secure_delete"]) for each in ready} == {("wal", 1)}


def test_a_write_that_fails_is_never_acknowledged(path: Path) -> None:
    failed, told = threading.Event(), threading.Event()
    store = Store(path, lambda _error: failed.set())
    store._database.execute("PRAGMA query_only = ON")
    store.append([put("a", "1")], told.set)

    assert failed.wait(5)
    assert not told.is_set()


def test_a_full_disk_is_a_failure_like_any_other(path: Path) -> None:
    failed: list[Exception] = []
    ended = threading.Event()

    def fail(error: Exception) -> None:
        failed.append(error)
        ended.set()

    store = Store(path, fail)
    store._database.execute("PRAGMA max_page_count = 8")
    told = threading.Event()
    store.append([put("a", "1", review="x" * 100_000)], told.set)

    assert ended.wait(5)
    assert "full" in str(failed[0])
    assert not told.is_set()


WRITER = """
import sys, threading
from pathlib import Path
from scripts.local.journal import Write
from scripts.local.store import Store
store = Store(Path(sys.argv[1]), lambda error: None)
number = int(sys.argv[2])
while True:
    stored = threading.Event()
    key = {"id": {"S": str(number)}}
    store.append([Write("a", key, key), Write("b", key, key)], stored.set)
    stored.wait()
    print(number, flush=True)
    number += 1
"""


def test_kill_loses_nothing_that_was_acknowledged_and_no_half_of_a_transaction(path: Path) -> None:
    acknowledged: list[int] = []
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(path), str(len(acknowledged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(100)]
            process.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in process.stdout]
        with contextlib.closing(Store(path, fail)) as store:
            kept = [{int(each.key["id"]["S"]) for each in store.items(table)} for table in ("a", "b")]
        assert set(acknowledged) <= kept[0]
        assert kept[0] == kept[1]
    assert len(acknowledged) >= 300


# --- erasing ---------------------------------------------------------------------------------------------------------


def contents(folder: Path) -> bytes:
    found = b""
    for each in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a new file gets its name meanwhile
            found += each.read_bytes()
    return found


def gone(folder: Path, words: bytes) -> bool:
    deadline = time.monotonic() + 10
    while words in contents(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("length", [1, 300, 20_000])  # within a page, most of one, more than one
def test_what_was_removed_is_soon_nowhere_in_the_folder(path: Path, length: int) -> None:
    store = Store(path, fail)
    write(store, *(put("t", str(number), text="other" * length) for number in range(20)))
    write(store, put("t", "a", text="a secret" * length), put("t", "b", text="no word"))
    time.sleep(1.5)  # until the log is emptied, so that the secret is in the file itself
    assert b"a secret" in path.read_bytes()
    write(store, remove("t", "a"))
    assert gone(path.parent, b"a secret")
    write(store, put("t", "c", text="later"))
    store.close()
    assert item("a", text="a secret" * length) not in items(path, "t")
    assert len(items(path, "t")) == 22


def test_what_was_replaced_is_gone_too(path: Path) -> None:
    store = Store(path, fail)
    write(store, put("t", "a", text="a secret"), put("t", "b"))
    write(store, put("t", "a", text="changed"))
    write(store, remove("t", "b"))  # which empties the log
    assert gone(path.parent, b"a secret")
    store.close()


def test_what_was_removed_is_removed_from_an_imported_journal(path: Path) -> None:
    journal_of(path, put("t", "a", text="a secret"), put("t", "b", text="stays"))
    store = Store(path, fail)
    write(store, remove("t", "a"))
    assert gone(path.parent, b"a secret")
    store.close()

    assert list(journal.read(path.with_name(IMPORTED))) == [put("t", "b", text="stays")]
    assert items(path, "t") == [item("b", text="stays")]


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(path: Path) -> Path:
    with contextlib.closing(Store(path, fail)) as store:
        for number in range(200):
            write(store, put("t", str(number), text=f"judgement {number} " + "x" * 100))
    return path


def files(folder: Path) -> dict[str, bytes]:
    """The content of all files but SQLite's empty write-ahead log and its index, which only reading creates too."""
    found = {each.name: each.read_bytes() for each in folder.iterdir() if not each.name.endswith("-shm")}
    return {name: content for name, content in found.items() if content or not name.endswith("-wal")}


def refused(path: Path, pattern: str) -> None:
    """Opening says what is wrong and what to do, and changes no file."""
    before = files(path.parent)
    with pytest.raises(UnreadableError, match=pattern) as error:
        Store(path, fail)
    assert files(path.parent) == before
    assert str(path) in str(error.value)
    assert "has not been changed" in str(error.value) or "Neither has been changed" in str(error.value)


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM items WHERE key LIKE '%:\"7_\"%'", "items of t are missing"),
        ("UPDATE items SET item = replace(item, 'judgement 50', 'judgement 51')", "does not match its checksum"),
        ("UPDATE items SET name = 'u' WHERE key LIKE '%:\"7\"%'", "does not match its checksum"),
        ("INSERT INTO items SELECT 'u', key, item, checksum FROM items LIMIT 1", "does not match its checksum"),
        ("DELETE FROM totals", "items of t do not belong there"),
        ("DELETE FROM items", "items of t are missing"),
        ("DROP TABLE totals", "no such table"),
        ("PRAGMA application_id = 7", "database of something else"),
        ("PRAGMA user_version = 2", "newer version"),
    ],
)
def test_lost_changed_or_foreign_items_are_found(filled: Path, statement: str, what: str) -> None:
    change(filled, statement)
    refused(filled, what)


def test_a_flipped_bit_is_found_wherever_it_matters(filled: Path) -> None:
    whole, kept = filled.read_bytes(), items(filled, "t")
    chance = random.Random(7)
    found = 0
    for _ in range(60):
        place = chance.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        filled.write_bytes(damaged)
        try:
            assert items(filled, "t") == kept, f"byte {place}"  # unused space, say
        except UnreadableError:
            found += 1
    assert found >= 40


@pytest.mark.parametrize(
    "content", [b"", b"garbage" * 1_500_000, b"SQLite format 3\0" + b"\0" * 4080], ids=["empty", "garbage", "zeros"]
)
def test_what_is_no_file_of_ours_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, "is damaged")


def test_a_file_cut_short_is_found(filled: Path) -> None:
    filled.write_bytes(filled.read_bytes()[:-4096])
    refused(filled, "is damaged")


@pytest.fixture
def killed(path: Path) -> Path:
    """A file whose writer was killed, with 100 transactions in the write-ahead log."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(100):
            process.stdout.readline()
        process.kill()
    return path


@pytest.mark.parametrize(
    ("place", "what"),
    [(0, "header"), (17, "header"), (0.1, "later transactions follow"), (0.5, "later transactions follow")],
)
def test_a_flipped_bit_in_the_log_of_a_killed_writer_is_found(killed: Path, place: float, what: str) -> None:
    log = killed.with_name("tables.db-wal")
    content = bytearray(log.read_bytes())
    content[place if isinstance(place, int) else int(len(content) * place)] ^= 4
    log.write_bytes(content)
    refused(log.with_name("tables.db"), what)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE items SET item = replace(item, 'S', 'N')", "does not match its checksum"),
        ("DELETE FROM items WHERE key = (SELECT max(key) FROM items)", "are missing or do not belong there"),
        ("DELETE FROM totals", "do not belong there"),
    ],
)
def test_what_stands_in_the_log_alone_is_verified_too(killed: Path, statement: str, what: str) -> None:
    whole = killed.read_bytes()
    changed = (
        "import os, sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2]); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", changed, str(killed), statement], check=True)
    assert killed.read_bytes() == whole  # it is in the log, whose own checksums are right
    assert wal.damage(killed.with_name("tables.db-wal")) == ""
    refused(killed, what)


def test_the_last_transaction_may_be_torn_by_a_crash(killed: Path) -> None:
    log = killed.with_name("tables.db-wal")
    whole = log.read_bytes()
    for torn in (whole[:-5000], whole[:-300] + bytes(300), whole[:20], whole[:32], bytes(5000)):
        log.write_bytes(torn)
        assert wal.damage(log) == ""
    log.write_bytes(whole[:-300] + bytes(300))
    assert len(items(killed, "a")) >= 99


def test_an_interrupted_creation_is_begun_anew(path: Path) -> None:
    path.with_name("tables.db.new").write_bytes(b"half")
    assert items(path, "t") == []
    assert not path.with_name("tables.db.new").exists()


# --- the journal of earlier versions ---------------------------------------------------------------------------------


def line(*writes: Write) -> bytes:
    return json.dumps([[each.table, each.key, each.item] for each in writes], separators=(",", ":")).encode() + b"\n"


def journal_of(path: Path, *writes: Write, end: bytes = b"") -> Path:
    """A journal beside the file, one line a write, and what comes after the last one."""
    old = path.with_name(OLD_JOURNAL)
    old.write_bytes(b"".join(map(line, writes)) + end)
    return old


def test_an_old_journal_is_imported_once_and_kept(path: Path) -> None:
    old = journal_of(path, put("a", "1", said="joy"), put("a", "2"), put("a", "1", said="fear"), remove("a", "2"))
    content = old.read_bytes()
    assert items(path, "a") == [item("1", said="fear")]
    assert not old.exists()
    assert path.with_name(IMPORTED).read_bytes() == content

    with contextlib.closing(Store(path, fail)) as store:
        write(store, put("a", "3"))
    old.write_bytes(content)  # as a crash leaves it between import and renaming
    assert items(path, "a") == [item("1", said="fear"), item("3")]
    assert path.with_name(IMPORTED + ".2").read_bytes() == content


def test_another_journal_beside_judgements_is_neither_imported_nor_lost(path: Path) -> None:
    with contextlib.closing(Store(path, fail)) as store:
        write(store, put("a", "1"))
    journal_of(path, put("a", "2"))

    refused(path, "both hold judgements")


@pytest.mark.parametrize("length", [1, 3, 20, 60])
def test_a_last_line_cut_short_was_never_acknowledged(path: Path, length: int) -> None:
    journal_of(path, put("a", "1"), end=line(put("a", "2", text="x" * 100))[:length])

    assert items(path, "a") == [item("1")]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: b"x" * 10_000_000, "line 2"),
        (lambda: b"\0" * 100, "line 2"),
        (lambda: b'[["a",{"id"' + b"\0" * 100, "line 2"),
        (lambda: os.urandom(10_000), "line"),
        (lambda: line(put("a", "2")).replace(b'"2"}}', b'"2"}', 1) + line(put("a", "3")), "line 2"),
        (lambda: b"{}\n[]\n", "line 2"),
        (lambda: b"7\n", "line 2"),
        (lambda: b'[["a", 1]]\n', "line 2"),
        (lambda: b'[["a"' + b"x" * 17_000_000 + b"\n", "line 2"),
    ],
    ids=[
        "ten megabytes",
        "zeros",
        "zeros at the end",
        "random",
        "a line",
        "objects",
        "a number",
        "too few",
        "too long",
    ],
)
def test_a_damaged_journal_is_left_alone(path: Path, make: Callable[[], bytes], what: str) -> None:
    old = journal_of(path, put("a", "1"), end=make())
    digest = hashlib.sha256(old.read_bytes()).digest()

    for _ in range(2):
        with pytest.raises(UnreadableError, match=rf"{OLD_JOURNAL} is damaged .{what}.*restore it from a backup"):
            Store(path, fail)
        assert hashlib.sha256(old.read_bytes()).digest() == digest
