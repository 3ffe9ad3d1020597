"""The export of a table: parallel, resumable, whole or not there; against a table that a test wrote."""

import errno
import hashlib
import os
import threading
import tracemalloc
from datetime import UTC, datetime

import pytest

from scripts.judgements import export
from scripts.stage.errors import DeployError, InterruptedDeployError
from scripts.stage.interrupt import Interrupt
from shared import csvformat, erasure

PAGES, ROWS = 3, 5


class Table:
    """A DynamoDB whose scan gives each segment three pages; counts what it was asked."""

    def __init__(self):
        self.asked = []
        self.lock = threading.Lock()
        self.erased = {}

    def client(self, _service):
        return self

    def now(self):
        return datetime.fromtimestamp(0, UTC)

    def get_paginator(self, _operation):
        return self

    def paginate(self, TableName, **_asked):  # noqa: N803 - DynamoDB's name
        assert TableName == "ledger"
        yield {"Items": [{"id": {"S": mark}, "time": {"S": time}} for mark, time in self.erased.items()]}

    def scan(self, **asked):
        segment = asked["Segment"]
        page = int(asked["ExclusiveStartKey"]["page"]["N"]) if "ExclusiveStartKey" in asked else 0
        with self.lock:
            self.asked.append((segment, page))
        items = [
            {"id": {"S": f"{segment}-{page}-{row}"}, "review": {"S": '=1;\n"x"'}, "sentiment": {"S": "joy"}}
            for row in range(ROWS)
        ]
        more = {"LastEvaluatedKey": {"page": {"N": str(page + 1)}}} if page + 1 < PAGES else {}
        return {"Items": items, **more}


EVERYTHING = {
    f"{segment}-{page}-{row}" for segment in range(export.SEGMENTS) for page in range(PAGES) for row in range(ROWS)
}


def run(table, target, interrupt=None, tell=lambda _rows: None):
    outputs = {"JudgementsTableName": "judgements", "LedgerTableName": "ledger"}
    return export.export(table, outputs, target, interrupt or Interrupt(), tell)


def ids(target):
    with target.open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csvformat.read_rows(file)]


def test_every_page_of_every_segment_is_in_the_file_once(tmp_path):
    told: list[int] = []
    target = tmp_path / "all.csv"
    assert run(Table(), target, tell=told.append) == len(EVERYTHING)
    found = ids(target)
    assert set(found) == EVERYTHING
    assert len(found) == len(EVERYTHING)
    assert max(told) == len(EVERYTHING)
    assert sorted(tmp_path.iterdir()) == [target, tmp_path / "all.csv.erased", tmp_path / "all.csv.sha256"]
    line = f"{hashlib.sha256(target.read_bytes()).hexdigest()}  all.csv\n"
    assert (tmp_path / "all.csv.sha256").read_text() == line


def test_after_ctrl_c_the_next_run_goes_on_where_it_stopped(tmp_path):
    table, interrupt, target = Table(), Interrupt(), tmp_path / "all.csv"
    with pytest.raises(InterruptedDeployError, match="what was read is kept"):
        run(table, target, interrupt, tell=lambda rows: interrupt.press() if rows >= 2 * ROWS else None)
    assert not target.exists()
    first = len(table.asked)
    run(table, target)
    assert sorted(ids(target)) == sorted(EVERYTHING)
    assert first < len(table.asked) == len(set(table.asked)), "no page is read twice"


def test_a_full_disk_loses_nothing_and_the_next_run_goes_on(tmp_path, monkeypatch):
    calls, sync = [], os.fsync

    def full_after_three(descriptor):
        calls.append(descriptor)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    table, target = Table(), tmp_path / "all.csv"
    monkeypatch.setattr(export.os, "fsync", full_after_three)
    with pytest.raises(DeployError, match="disk is full") as raised:
        run(table, target)
    assert "resumes from" in raised.value.next_step
    assert not target.exists()

    monkeypatch.setattr(export.os, "fsync", sync)
    run(table, target)
    assert sorted(ids(target)) == sorted(EVERYTHING), "what the full disk cut off is written anew, nothing twice"


def test_a_page_that_was_half_written_is_cut_off(tmp_path):
    target, folder = tmp_path / "all.csv", tmp_path / "all.csv.parts"
    folder.mkdir()
    (folder / f"judgements-0of{export.SEGMENTS}.csv").write_text("half a li")
    run(Table(), target)
    assert sorted(ids(target)) == sorted(EVERYTHING)


def test_a_broken_note_of_progress_begins_its_segment_anew(tmp_path):
    target, folder = tmp_path / "all.csv", tmp_path / "all.csv.parts"
    folder.mkdir()
    (folder / f"judgements-0of{export.SEGMENTS}.progress").write_text("{")
    run(Table(), target)
    assert sorted(ids(target)) == sorted(EVERYTHING)


def test_an_old_file_stays_until_the_new_is_whole(tmp_path):
    interrupt, target = Interrupt(), tmp_path / "all.csv"
    target.write_text("old")
    interrupt.press()
    with pytest.raises(InterruptedDeployError):
        run(Table(), target, interrupt)
    assert target.read_text() == "old"


def test_memory_does_not_grow_with_the_table(tmp_path, monkeypatch):
    def peak(pages):
        monkeypatch.setattr(f"{__name__}.PAGES", pages)
        monkeypatch.setattr(f"{__name__}.ROWS", 200)
        tracemalloc.start()
        run(Table(), tmp_path / f"{pages}.csv")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)  # imports and caches
    assert peak(60) < 1.5 * peak(3)
    assert (tmp_path / "60.csv").stat().st_size > 15 * (tmp_path / "3.csv").stat().st_size


def test_a_folder_in_place_of_the_file_is_refused_before_anything_is_read(tmp_path):
    table = Table()
    with pytest.raises(DeployError, match="is a folder"):
        run(table, tmp_path)
    assert table.asked == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DeployError, match="cannot be written"):
        run(Table(), tmp_path / "file" / "all.csv")


def test_what_was_erased_while_an_export_stood_still_is_not_in_the_file(tmp_path):
    table, interrupt, target = Table(), Interrupt(), tmp_path / "all.csv"
    with pytest.raises(InterruptedDeployError):
        run(table, target, interrupt, tell=lambda rows: interrupt.press() if rows >= 2 * ROWS else None)
    table.erased = {erasure.text_mark('=1; "X"'): "2026-01-01T00:00:00.000Z", erasure.text_mark("other"): "2026"}
    assert run(table, target) == 0
    assert ids(target) == []
    table.erased = {erasure.text_mark("other"): "2026-01-01T00:00:00.000Z"}
    assert run(table, target) == len(EVERYTHING)
    assert set(ids(target)) == EVERYTHING


def test_a_file_that_the_disk_changed_is_not_called_good(tmp_path, monkeypatch):
    monkeypatch.setattr(export.checksum, "digest", lambda _path: "0" * 64)
    with pytest.raises(DeployError, match="does not read back as it was written"):
        run(Table(), tmp_path / "all.csv")
    assert not (tmp_path / "all.csv.sha256").exists()
