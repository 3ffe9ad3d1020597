"""Loads the laptop cloud, up and down again, and reports every second. The display is in curve.py."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from generator import catalogue

CONNECTIONS = 24  # more than are ever busy at rates that a laptop can answer
CALM_SHARE = 0.1  # of the peak, before and after it
CALM_SECONDS = 6
BACK_WITHIN = 120  # seconds to wait for scaling in
ANSWER_SECONDS = 30
BODY = json.dumps({"review": "When my sister told me that she was going to have a baby I called everybody I know."})


@dataclass(frozen=True)
class Sample:
    """One second of load.

    Attributes:
        second: since the start.
        rate: requests to be sent.
        answered: answers with status 200.
        failed: other answers, and broken connections.
        p50: median latency in milliseconds; 0 without an answer.
        p95: 95th percentile of it.
        tasks: running tasks.
    """

    second: int
    rate: int
    answered: int
    failed: int
    p50: float
    p95: float
    tasks: int


class Visitors:
    """Sends requests at a given rate, independent of the answers, over connections that stay open.

    Args:
        url: of the page; the API is below it.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self._path = f"/api{catalogue.PREDICT_ROUTE[1]}"
        self._due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def send(self, rate: int, end: float) -> None:
        """Send ``rate`` requests, spread evenly until ``end`` (a ``time.monotonic`` time)."""
        begin = time.monotonic()
        for number in range(rate):
            due = begin + (end - begin) * number / rate
            if (ahead := due - time.monotonic()) > 0:
                time.sleep(ahead)
            self._due.put(due)
        if (ahead := end - time.monotonic()) > 0:
            time.sleep(ahead)

    def answers(self) -> tuple[list[float], int]:
        """Latencies since the last call, in milliseconds from when each request was due, and how many failed."""
        times, failed = [], 0
        while not self._done.empty():
            took = self._done.get()
            if took is None:
                failed += 1
            else:
                times.append(took)
        return times, failed

    def close(self) -> None:
        """Wait for requests under way, and end."""
        for _ in self._threads:
            self._due.put(None)
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)

    def _visit(self) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=ANSWER_SECONDS)
        while (due := self._due.get()) is not None:
            try:
                connection.request("POST", self._path, BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self._done.put((time.monotonic() - due) * 1000 if answer.status == 200 else None)
            except (OSError, http.client.HTTPException):
                connection.close()
                self._done.put(None)
        connection.close()


def run(url: str, peak: int, seconds: int, tasks: Callable[[], int]) -> Iterator[Sample]:
    """Load the app: calm, the peak, then calm until the number of tasks is as before.

    Args:
        url: of the page.
        peak: requests a second.
        seconds: how long the peak lasts.
        tasks: returns the number of running tasks.

    Yields:
        A sample after each second.
    """
    visitors = Visitors(url)
    begin, before = time.monotonic(), tasks()
    calm, over = max(1, round(peak * CALM_SHARE)), CALM_SECONDS + seconds
    try:
        for second in range(over + BACK_WITHIN):
            rate = peak if CALM_SECONDS <= second < over else calm
            visitors.send(rate, begin + second + 1)
            times, failed = visitors.answers()
            running = tasks()
            yield Sample(second + 1, rate, len(times), failed, percentile(times, 0.5), percentile(times, 0.95), running)
            if second >= over + CALM_SECONDS and running <= before:
                return
    finally:
        visitors.close()


def percentile(values: list[float], share: float) -> float:
    """The value that a share of them does not exceed (nearest rank); 0 for none.

    Args:
        values: in any order.
        share: 0..1.
    """
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0
