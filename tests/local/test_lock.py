"""The stage's lock against the laptop cloud: one holder at a time, whoever races, sleeps or dies.

moto would not do: its PutParameter looks first and writes then, and threads get between.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import ROOT
from scripts.local.session import VARIABLES, EmulatedCloud
from scripts.stage import lock
from scripts.stage.errors import StageLockedError
from scripts.stage.session import Cloud
from tests.local.running import RunningApp

pytestmark = pytest.mark.cloud

ROUNDS = int(os.environ.get("LOCK_ROUNDS", "60"))
SKEWED = ROOT / "tests" / "faults" / "skewed"
STALE = 6.0  # seconds, for the races: long enough that no taker is ever late by that
SHORT = 2.5  # for tests that wait until a lock is stale; the server's Date has whole seconds
NAMESPACES = (["--pid", "--fork", "--kill-child"], ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"])


class Taker:
    """A process that takes locks; see ``taker.py``."""

    def __init__(self, app: RunningApp, folder: Path, stale: float, threads: int = 1, skew: int = 0) -> None:
        arguments = [app.endpoint_url, str(folder), str(stale), str(threads)]
        keys = (app.keys.access_key_id, app.keys.secret_access_key)
        environment = {**os.environ, **dict(zip(VARIABLES.values(), keys, strict=False))}
        if skew:
            environment |= {"PYTHONPATH": str(SKEWED), "SKEW_MINUTES": str(skew)}
        self.threads = threads
        self.process = subprocess.Popen(
            [*(own_namespace() if skew else []), sys.executable, str(Path(__file__).with_name("taker.py")), *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid, self.time = self.answer()

    def send(self, **asked: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@functools.cache
def own_namespace() -> list[str]:
    """The command that gives a process a PID namespace of its own; none where that is not allowed."""
    for options in NAMESPACES:
        with contextlib.suppress(OSError):
            if subprocess.run(["unshare", *options, "true"], capture_output=True).returncode == 0:
                return ["unshare", *options]
    return []


@pytest.fixture
def start(own: RunningApp, tmp_path: Path) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def make(stale: float, **options: Any) -> Taker:
            taker = Taker(own, tmp_path, stale, **options)
            stack.callback(taker.close)
            return taker

        yield make


def leave(cloud: Cloud, stage: str, value: str) -> None:
    """Leave a generation, as a holder does that dies or releases the lock."""
    cloud.client("ssm").put_parameter(Name=f"{lock.path(stage)}/7", Value=value, Type="String")


def test_of_four_takers_one_holds_the_lock_at_a_time(own: RunningApp, start: Any) -> None:
    """Two threads of a process, and two processes in PID namespaces of their own, one clock fast, one slow.

    By ten minutes: a signature that is older than a quarter of an hour is refused.
    """
    left = {
        "none": None,
        "released": json.dumps({"id": "x", "released": True}),
        "dead": json.dumps({"id": "x", "who": "ada", "host": os.uname().nodename, "pid": 1, "command": "deploy"}),
        "malformed": "no lock",
    }
    kinds = list(left)
    stages = [(kinds[number * len(kinds) // ROUNDS], f"race-{number}") for number in range(ROUNDS)]
    for kind, stage in stages:
        if (value := left[kind]) is not None:
            leave(own.cloud, stage, value)
    stale_at = time.monotonic() + STALE + 1.5
    takers = [start(STALE, threads=2), start(STALE, skew=10), start(STALE, skew=-10)]
    assert [round((taker.time - time.time()) / 600) for taker in takers] == [0, 1, -1]
    assert not own_namespace() or [taker.pid for taker in takers[1:]] == [1, 1]

    found: Counter[str] = Counter()
    for number, (kind, stage) in enumerate(stages):
        if kind in ("dead", "malformed"):
            time.sleep(max(0.0, stale_at - time.monotonic()))
        wait = 60.0 * (number % 2)  # every second time, each waits for its turn
        for taker in takers:
            taker.send(do="race", stage=stage, wait=wait)
        results = [taker.answer() for taker in takers for _ in range(taker.threads)]
        assert "held" in results, (kind, stage, results)
        assert not wait or "refused" not in results, (kind, stage, results)
        found.update(results)
    print(dict(found), "namespaces" if own_namespace() else "no namespaces")
    assert found["double"] == 0, found
    assert found["refused"] > 0


def test_a_lock_that_is_kept_is_not_taken_and_one_whose_holder_died_is_soon(own: RunningApp, start: Any) -> None:
    holder, waiter = start(SHORT), start(SHORT)
    holder.send(do="hold", stage="killed", wait=0)
    assert holder.answer() == "held"
    waiter.send(do="race", stage="killed", wait=60)
    time.sleep(2.5 * SHORT)
    with pytest.raises(StageLockedError, match=rf"Stage killed is locked by .*\(hold, process {holder.pid}, since 20"):
        lock.Lock(EmulatedCloud("killed", own.endpoint_url, own.keys), "look").take(0, print)
    holder.process.kill()
    killed = time.monotonic()
    assert waiter.answer() == "held"
    assert time.monotonic() - killed < SHORT + 5


def test_a_holder_that_was_stopped_changes_nothing_after_another_took_over(own: RunningApp, start: Any) -> None:
    holder, other = start(SHORT), start(SHORT)
    holder.send(do="hold", stage="stopped", wait=0)
    assert holder.answer() == "held"
    os.kill(holder.process.pid, signal.SIGSTOP)
    other.send(do="hold", stage="stopped", wait=60)
    assert other.answer() == "held"
    os.kill(holder.process.pid, signal.SIGCONT)
    holder.send()
    said = holder.answer()
    assert "This command lost the lock of stage stopped and stopped before its next change" in said
    assert f"(hold, process {other.pid}, since" in said
    assert "changed" not in said
    assert not own.cloud.client("ssm").get_parameters(Names=["/stopped/changed"])["Parameters"]
    other.send()
    assert other.answer() == "changed"


def test_numbering_goes_on_over_many_holders_and_little_is_left(own: RunningApp, start: Any) -> None:
    taker = start(SHORT, threads=2)
    for _ in range(4):
        taker.send(do="race", stage="often", wait=60)
        assert [taker.answer(), taker.answer()] == ["held", "held"]
    time.sleep(SHORT + 1.5)
    taker.send(do="race", stage="often", wait=60)
    assert [taker.answer(), taker.answer()] == ["held", "held"]
    found = own.cloud.client("ssm").get_parameters_by_path(Path=lock.path("often"))["Parameters"]
    assert sorted(int(entry["Name"].rpartition("/")[2]) for entry in found) == [17, 18, 19, 20]
