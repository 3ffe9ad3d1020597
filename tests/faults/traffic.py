"""Visitors who ask for predictions and judge while something breaks, and the account of what came of it.

They do as the page does: what failed in a way that may pass is sent again, a judgement with the same id.
"""

from __future__ import annotations

import csv
import http.client
import io
import itertools
import json
import os
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.local.running import RunningApp
from tests.local.test_roll import eventually

REVIEW = "My brother forgot my birthday and I was sad"
# `make faults` asks for ten thousand; the gate for some hundreds.
MANY = int(os.environ.get("FAULT_REQUESTS", "300"))
PATIENCE = 60.0  # seconds for which the same request is sent again
PASSING = {408, 429, 500, 502, 503, 504}
BROKEN = 0  # stands for the status of a connection that broke


@dataclass
class Account:
    """What came of the requests.

    Attributes:
        requests: predictions and judgements that visitors wanted, repeats not counted.
        failures: statuses of answers other than 200, one for each try.
        given_up: requests that were not answered with 200 however often they were sent.
        acknowledged: ids of judgements that were answered with 200.
    """

    requests: int = 0
    failures: list[int] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


class Traffic:
    """Requests while the block runs; each visitor sends the next when the last is answered.

    Args:
        app: the laptop cloud.
        predicting: visitors who ask for predictions.
        judging: visitors who judge.
    """

    def __init__(self, app: RunningApp, predicting: int = 3, judging: int = 1) -> None:
        self.account = Account()
        self.visitors = predicting + judging
        self._port = app.port
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._visit, args=(self._predict,)) for _ in range(predicting)]
        self._threads += [threading.Thread(target=self._visit, args=(self._judge,)) for _ in range(judging)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        self.wait_for(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Return when that many more requests have been answered."""
        goal = self.account.requests + more
        eventually(lambda: self.account.requests >= goal)

    def wait_for_judgements(self, more: int) -> None:
        """Return when that many more judgements have been acknowledged."""
        goal = len(self.account.acknowledged) + more
        eventually(lambda: len(self.account.acknowledged) >= goal)

    def _visit(self, ask: Any) -> None:
        for number in itertools.count():
            if self._ends.is_set():
                return
            ask(number)

    def _predict(self, _: int) -> None:
        self._send("/api/getSentiment", {"review": REVIEW})

    def _judge(self, number: int) -> None:
        judgement = str(uuid.uuid4())
        body = {"review": f"{REVIEW} {number}", "sentiment": "sadness", "judgement": judgement}
        if self._send("/api/setSentiment", body):
            with self._lock:
                self.account.acknowledged.append(judgement)

    def _send(self, path: str, body: dict[str, str]) -> bool:
        """Send until it is answered with 200, or does not help."""
        deadline, pause, status = time.monotonic() + PATIENCE, 0.05, BROKEN
        while time.monotonic() < deadline:
            status = post(self._port, path, body)
            if status == 200:
                break
            with self._lock:
                self.account.failures.append(status)
            if status not in PASSING | {BROKEN}:
                break
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        with self._lock:
            self.account.requests += 1
            if status != 200:
                self.account.given_up.append(status)
        return status == 200


def post(port: int, path: str, body: dict[str, str]) -> int:
    """The status of an answer; ``BROKEN`` when there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=35)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return BROKEN
    finally:
        connection.close()


def stored(app: RunningApp) -> list[str]:
    """Ids of all judgements in the export, as often as they are there."""
    answer = app.request("GET", "/api/getcsv")
    assert answer.status == 200, answer
    rows = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
    return [row["judgement"] for row in rows]


def lost(app: RunningApp, account: Account) -> set[str]:
    """Judgements that were acknowledged and are not stored; fails when one is stored twice."""
    kept = stored(app)
    assert len(kept) == len(set(kept)), "a judgement is stored twice"
    return set(account.acknowledged) - set(kept)


def address(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port
