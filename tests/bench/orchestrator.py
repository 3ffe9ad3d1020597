"""The orchestrator on the laptop cloud: deployments, and what visitors notice of ten rolling deployments."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from scripts import ROOT
from scripts.image import content
from scripts.local import images
from tests.bench.figures import Figure
from tests.local.running import RunningApp, start_and_wait

TITLE = "The orchestrator on the laptop cloud"
ABOUT = """\
Whole commands, from the start of the process to its end, on a running laptop cloud with tasks as processes. A roll
deploys another image and runs the smoke test. Visitors request predictions through the page's address, one after
another; every answer other than 200 counts as failed.
"""
NO_CHANGES, ROLLS = 3, 3
VISITORS, REQUESTS, ROLLS_UNDER_LOAD = 4, 10_000, 10
BODY = json.dumps({"review": "I feel bad that I neglected this project for so long, and I do not know how to say so"})


def measure() -> Iterator[Figure]:
    """Run each command several times, in its own laptop cloud."""
    with tempfile.TemporaryDirectory() as folder:
        app = start_and_wait(Path(folder) / "state")
        try:
            pair = two_images(app, Path(folder))
            yield from _deploys(app)
            for tasks in (1, 3):
                _timed(app, "scale", str(tasks))
                seconds = [_timed(app, "roll", "--image", pair[number % 2]) for number in range(1, ROLLS + 1)]
                yield Figure(f"roll, tasks: {tasks}", statistics.median(seconds), "s", f"median of {ROLLS}")
            _timed(app, "scale", "1")
            yield from _rolls_under_load(app, pair)
        finally:
            app.close()


def _deploys(app: RunningApp) -> Iterator[Figure]:
    seconds = [_timed(app, "deploy") for _ in range(NO_CHANGES)]
    yield Figure("deploy that changes nothing", statistics.median(seconds), "s", f"median of {NO_CHANGES}")
    _timed(app, "destroy", "--yes")
    yield Figure("deploy of all stacks from scratch", _timed(app, "deploy"), "s", "site and smoke test included")


def _rolls_under_load(app: RunningApp, pair: tuple[str, str]) -> Iterator[Figure]:
    over = threading.Event()
    visitors = [Visitor(app.port, over) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    for number in range(ROLLS_UNDER_LOAD):
        while sum(visitor.asked for visitor in visitors) < number * REQUESTS // ROLLS_UNDER_LOAD:
            time.sleep(0.05)
        _timed(app, "roll", "--image", pair[number % 2])
    over.set()
    for visitor in visitors:
        visitor.join()
    asked = sum(visitor.asked for visitor in visitors)
    failed = sum((visitor.failed for visitor in visitors), Counter())
    how = f"{VISITORS} visitors, through {ROLLS_UNDER_LOAD} rolls"
    yield Figure("requests in the meantime", asked, "requests", how)
    yield Figure("requests that failed", failed.total(), "requests", ", ".join([how, *sorted(failed)]))


class Visitor(threading.Thread):
    """Sends its share of the requests one after another, and continues until the last roll is over."""

    def __init__(self, port: int, over: threading.Event) -> None:
        super().__init__()
        self.asked = 0
        self._over = over
        self.failed: Counter[str] = Counter()  # by status, or by exception if there was no answer
        self._port = port

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while self.asked < REQUESTS // VISITORS or not self._over.is_set():
            self.asked += 1
            try:
                connection.request("POST", "/api/getSentiment", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != HTTPStatus.OK:
                    self.failed[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.failed[type(error).__name__] += 1
                connection.close()
        connection.close()


def two_images(app: RunningApp, folder: Path) -> tuple[str, str]:
    """The image of this checkout, and one that differs only in an unused file."""
    copy = folder / "container"
    shutil.copytree(content.CONTAINER_DIR, copy, ignore=shutil.ignore_patterns("training", "__pycache__"))
    (copy / "sentiment" / "other.txt").touch()
    store = app.state / "images"
    return images.build(content.CONTAINER_DIR, store), images.build(copy, store)


def _timed(app: RunningApp, *arguments: str) -> float:
    """Run a command; returns the seconds it took."""
    command = [sys.executable, "-m", "scripts", *arguments, "--stage", "local"]
    environment = {**os.environ, "STATE": str(app.state)}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return time.perf_counter() - began
