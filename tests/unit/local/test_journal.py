"""The journal of table writes: what is stored is there again, whatever the end was like."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scripts.local.journal import Item, Journal, JournalError, Write


def fail(error: OSError) -> None:
    pytest.fail(f"not stored: {error}")


def store(journal: Journal, *writes: Write) -> None:
    stored = threading.Event()
    journal.append(list(writes), stored.set)
    assert stored.wait(5)


def item(key: str, **attributes: str) -> Item:
    return {"id": {"S": key}, **{name: {"S": value} for name, value in attributes.items()}}


def put(table: str, key: str, **attributes: str) -> Write:
    return Write(table, {"id": {"S": key}}, item(key, **attributes))


def remove(table: str, key: str) -> Write:
    return Write(table, {"id": {"S": key}}, None)


def items(path: Path, table: str) -> list[Item | None]:
    journal = Journal(path, fail)
    journal.close()
    return [write.item for write in journal.writes(table)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tables.journal"


def test_gives_back_the_last_state_of_every_item_by_table(path: Path) -> None:
    journal = Journal(path, fail)
    store(journal, put("a", "1", said="joy"), put("b", "1", said="fear"))
    store(journal, put("a", "1", said="guilt"), put("a", "2"))
    store(journal, remove("a", "2"))
    journal.close()

    assert items(path, "a") == [item("1", said="guilt")]
    assert items(path, "b") == [item("1", said="fear")]
    assert items(path, "c") == []


def test_knows_what_was_written_since_it_was_opened(path: Path) -> None:
    journal = Journal(path, fail)
    store(journal, put("a", "1"))

    assert [write.item for write in journal.writes("a")] == [item("1")]
    journal.close()


def test_text_of_any_kind_comes_back_as_it_was(path: Path) -> None:
    text = "new\nline \x00 \u2028 😀 שלום \udc80"
    journal = Journal(path, fail)
    store(journal, put("a", "1", review=text))
    journal.close()

    assert items(path, "a") == [item("1", review=text)]


def test_opening_compacts_to_one_line_an_item(path: Path) -> None:
    journal = Journal(path, fail)
    for number in range(20):
        store(journal, put("a", "same", said=str(number)))
    journal.close()
    assert len(path.read_bytes().splitlines()) == 20

    assert items(path, "a") == [item("same", said="19")]
    assert len(path.read_bytes().splitlines()) == 1


def test_a_last_line_cut_short_is_dropped_whole(path: Path) -> None:
    journal = Journal(path, fail)
    store(journal, put("a", "1"))
    store(journal, put("a", "2"), put("b", "2"))
    journal.close()
    whole = path.read_bytes()

    for length in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:length])
        assert items(path, "a") == [item("1")], length
        assert items(path, "b") == [], length


def test_what_follows_a_cut_line_is_not_lost(path: Path) -> None:
    path.write_bytes(b'[["a",{"id":{"S":"1"}},{"id"')
    journal = Journal(path, fail)
    store(journal, put("a", "2"))
    journal.close()

    assert items(path, "a") == [item("2")]


def test_damage_elsewhere_stops_with_the_line_and_leaves_the_file(path: Path) -> None:
    journal = Journal(path, fail)
    for number in range(3):
        store(journal, put("a", str(number)))
    journal.close()
    damaged = path.read_bytes().replace(b'[["a",{"id":{"S":"1"}}', b'[["a",{"id":{"S":"1"}')
    path.write_bytes(damaged)

    with pytest.raises(JournalError, match=r"line 2 of .*tables\.journal is damaged.*restore the file"):
        Journal(path, fail)
    assert path.read_bytes() == damaged


def test_writers_at_the_same_time_are_all_stored_in_order(path: Path) -> None:
    journal = Journal(path, fail)

    def write(table: str) -> None:
        for number in range(50):
            store(journal, put(table, "1", said=str(number)), put(table, f"only-{number}"))

    threads = [threading.Thread(target=write, args=(f"table-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()

    reopened = Journal(path, fail)
    reopened.close()
    for number in range(8):
        writes = reopened.writes(f"table-{number}")
        assert len(writes) == 51
        assert item("1", said="49") in [write.item for write in writes]


def test_a_write_that_fails_is_never_acknowledged(path: Path) -> None:
    failed, told = threading.Event(), threading.Event()
    journal = Journal(path, lambda _error: failed.set())
    os.close(journal._file)
    journal.append([put("a", "1")], told.set)

    assert failed.wait(5)
    assert not told.is_set()


WRITER = """
import sys, threading
from pathlib import Path
from scripts.local.journal import Journal, Write
journal = Journal(Path(sys.argv[1]), lambda error: None)
number = 0
while True:
    stored = threading.Event()
    key = {"id": {"S": str(number)}}
    journal.append([Write("a", key, key), Write("b", key, key)], stored.set)
    stored.wait()
    print(number, flush=True)
    number += 1
"""


def test_kill_loses_nothing_that_was_acknowledged_and_no_half_of_a_transaction(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout]
    process.wait()
    process.stdout.close()

    journal = Journal(path, fail)
    journal.close()
    kept = [{int(write.key["id"]["S"]) for write in journal.writes(table)} for table in ("a", "b")]
    assert set(acknowledged) <= kept[0]
    assert kept[0] == kept[1]


def test_lines_are_plain_json(path: Path) -> None:
    journal = Journal(path, fail)
    store(journal, put("stack/Table", "1", said="joy"))
    journal.close()

    assert json.loads(path.read_text()) == [["stack/Table", {"id": {"S": "1"}}, item("1", said="joy")]]


def test_what_was_removed_is_soon_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, fail)
    store(journal, put("t", "a", text="a secret"), put("t", "b", text="no secret"))
    assert b"a secret" in path.read_bytes()
    store(journal, remove("t", "a"))
    deadline = time.monotonic() + 10
    while b"a secret" in path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    store(journal, put("t", "c", text="later"))
    journal.close()
    assert items(path, "t") == [item("b", text="no secret"), item("c", text="later")]
