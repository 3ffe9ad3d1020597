"""How many users each stage holds: calibrates the simulation on measured load, holds it against more, writes the page.

What is computed from the figures, and the page itself, is in planning.py.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import time
from collections.abc import Iterator

from tests.bench import planning
from tests.bench.figures import Figure
from tests.bench.load import REVIEWS
from tests.bench.queueing import Task, calibrate, percentile, simulate
from tests.bench.service import CORES, SERVICE, Server, load, median, served

TITLE = "Capacity: the simulation of a task beside measured load"
ABOUT = """\
A task's model is calibrated on two measurements of one gunicorn worker held to one core: the times of requests sent one
after another, and the requests a second that it answers when it is never idle. Then it is loaded at shares of that
rate, requests coming at random moments, and the simulation has to tell the percentiles. `docs/capacity.md` is computed
from the same run.
"""
ALONE = 1_500  # requests one after another
SHARES = (0.25, 0.5, 0.7, 0.85)
SECONDS = 8.0
ROUNDS = 3
CONNECTIONS = 64  # so many that a request hardly ever waits for a free one


def measure() -> Iterator[Figure]:
    """Calibrate, compare, and write the page."""
    with served(SERVICE) as server:
        load(server, 2)
        alone = list(_alone(server))
        rounds = [load(server) for _ in range(ROUNDS)]
        # What one core answers: CPU time does not count what the machine's other work takes from it.
        capacity = median(rounds, "per_second")
        task = calibrate(alone, capacity)
        yield Figure("calibration: requests one after another, p50", statistics.median(alone), "ms")
        yield Figure("calibration: requests one after another, p99", percentile(alone, 0.99), "ms")
        yield Figure("calibration: never idle", capacity, "requests/s", "eight requests in flight")
        yield Figure("calibration: never idle, of CPU time", median(rounds, "per_core"), "requests/s/core")
        compared = [row for share in SHARES for row in _compare(server, task, share)]
    yield from compared
    planning.write(task, median(rounds, "per_core"), compared)


def _alone(server: Server) -> Iterator[float]:
    """Milliseconds of requests of which each is sent when the last is answered."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, CORES[1:])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    bodies = [json.dumps({"review": review}) for review in REVIEWS]
    for number in range(ALONE):
        began = time.perf_counter()
        connection.request("POST", "/predict", bodies[number % len(bodies)], {"Content-Type": "application/json"})
        connection.getresponse().read()
        yield (time.perf_counter() - began) * 1000
    connection.close()
    if CORES:
        os.sched_setaffinity(0, CORES)


def _compare(server: Server, task: Task, share: float) -> Iterator[Figure]:
    rate = task.capacity * share
    measured = [load(server, SECONDS, CONNECTIONS, rate) for _ in range(ROUNDS)]
    simulated = simulate(task, rate)
    for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        found, told = median(measured, name), percentile(simulated, part)
        how = f"simulated {told:.2f} ms, {told / found:.2f} times as much"
        yield Figure(f"{share:.0%} of the load ({rate:,.0f} requests/s): {name}", found, "ms", how)
