"""The whole chain on the laptop: time until `make local` is ready, and a prediction through front, API, link, task."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.local.running import RunningApp, start_and_wait

TITLE = "The laptop cloud, from the page to the model and back"
ABOUT = """\
`make local` starts with a fresh state folder; then requests go one after another through front, HTTP API, VPC link,
load balancer and task, as the page sends them.
"""
REQUESTS = 500
BODY = json.dumps({"review": "I feel bad that I neglected this project for so long, and I do not know how to say so"})


def measure() -> Iterator[Figure]:
    """Start the app with a fresh state folder, and send requests one after another."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        app = start_and_wait(Path(folder) / "state")
        try:
            yield Figure("time to Ready", time.perf_counter() - began, "s", "environment ready, nothing deployed")
            milliseconds = sorted(_ask(app))
        finally:
            app.close()
    how = f"{REQUESTS} requests, one after another, after 50 to warm up"
    yield Figure("POST /getSentiment, p50", statistics.median(milliseconds), "ms", how)
    yield Figure("POST /getSentiment, p95", milliseconds[int(len(milliseconds) * 0.95)], "ms", how)


def _ask(app: RunningApp) -> Iterator[float]:
    connection = http.client.HTTPConnection("127.0.0.1", app.port)
    for number in range(-50, REQUESTS):
        began = time.perf_counter()
        connection.request("POST", "/api/getSentiment", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a prediction was answered with {answer.status}")
        if number >= 0:
            yield (time.perf_counter() - began) * 1000
    connection.close()
