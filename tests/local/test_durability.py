"""Nothing acknowledged is lost: judgements are there again after a restart, and after ``kill -9``."""

from __future__ import annotations

import csv
import io
import os
import signal
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.local.running import RunningApp, left_of, start_and_wait

JUDGING = 8  # at the same time
# How often everything is killed in the middle of writing; `make faults` does it more often.
KILLS = int(os.environ.get("FAULT_KILLS", "1"))
TEXT = 'kept: "quotes", =formulas(), 😀 and\nnew lines'


def judge(app: RunningApp, judgement: str) -> int:
    body = {"review": f"{TEXT} {judgement}", "sentiment": "joy", "judgement": judgement}
    return app.request("POST", "/api/setSentiment", body).status


def exported(app: RunningApp) -> set[str]:
    text = app.request("GET", "/api/getcsv").body.decode("utf-8-sig")
    return {row["judgement"] for row in csv.DictReader(io.StringIO(text))}


def judgements_until_killed(app: RunningApp, threads: int) -> tuple[list[str], list[psutil.Process]]:
    """Judge from several threads, and kill everything in the middle: what was acknowledged, and all processes."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def keep_judging() -> None:
        while True:
            judgement = str(uuid.uuid4())
            try:
                status = judge(app, judgement)
            except OSError:
                return
            if status != 200:
                return
            acknowledged.append(judgement)
            if len(acknowledged) >= 40:
                enough.set()

    judging = [threading.Thread(target=keep_judging) for _ in range(threads)]
    for thread in judging:
        thread.start()
    assert enough.wait(60)
    processes = app.processes()
    os.killpg(app.process.pid, signal.SIGKILL)
    for thread in judging:
        thread.join()
    app.process.wait()
    return acknowledged, processes


def test_judgements_outlive_a_stop_and_a_kill_in_the_middle_of_writing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first = start_and_wait(tmp_path / "state")
    try:
        before = str(uuid.uuid4())
        assert judge(first, before) == 200
        assert first.end(signal.SIGTERM) == 0
    finally:
        first.close()

    acknowledged = [before]
    for _ in range(KILLS):
        second = start_and_wait(tmp_path / "state")
        try:
            assert set(acknowledged) <= exported(second)
            since, processes = judgements_until_killed(second, threads=JUDGING)
            acknowledged += since
            assert left_of(processes) == []
        finally:
            second.close()

    third = start_and_wait(tmp_path / "state")
    try:
        kept = exported(third)
        lost = set(acknowledged) - kept
        words = f"{len(acknowledged)} judgements acknowledged, {len(lost)} lost; {JUDGING} at a time"
        record_property("fault", f"the whole laptop cloud is killed, {KILLS} times: {words}")
        assert lost == set()
        # Counted as often as stored: a judgement and its count are written together, or not at all.
        assert third.request("GET", "/api/getStats").json["judgements"] == len(kept)
        assert judge(third, before) == 200
        assert exported(third) == kept
    finally:
        third.close()
