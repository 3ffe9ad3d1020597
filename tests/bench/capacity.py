"""How much load one task takes: measures latency at shares of its capacity, and writes docs/capacity.md from it.

What follows from the figures for stages and settings is computed in planning.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import planning
from tests.bench.figures import Figure
from tests.bench.planning import Measured
from tests.bench.serving import SERVICE, Server, load, median, served

TITLE = "Capacity: latency of one task at rising load"
ABOUT = """\
One gunicorn worker held to one core. Its capacity is the rate at which it answers when it is saturated (eight requests
in flight at all times). Then it is loaded at shares of that rate, with random arrivals (a Poisson process). Figures are
medians of three rounds. `docs/capacity.md` is computed from the same run.
"""
SHARES = (0.25, 0.5, 0.7, 0.85)  # of the capacity
SECONDS = 8.0
ROUNDS = 3
CONNECTIONS = 64  # enough that a request rarely waits for a free one


def measure() -> Iterator[Figure]:
    """Measure the capacity, then latency at each share of it; write the page."""
    with served(SERVICE) as server:
        load(server, 2)
        saturated = [load(server) for _ in range(ROUNDS)]
        capacity, per_core = median(saturated, "per_second"), median(saturated, "per_core")
        yield Figure("capacity, by the clock", capacity, "requests/s", "eight requests in flight")
        yield Figure("capacity, by CPU time", per_core, "requests/s/core", "what the machine's other work cannot slow")
        levels = []
        for share in SHARES:
            level = _at(server, share, capacity * share)
            levels.append(level)
            for name, value in (("p50", level.p50), ("p95", level.p95), ("p99", level.p99)):
                yield Figure(f"at {share:.0%} of capacity ({level.rate:,.0f} requests/s): {name}", value, "ms")
    planning.write(per_core, levels)


def _at(server: Server, share: float, rate: float) -> Measured:
    rounds = [load(server, SECONDS, CONNECTIONS, rate) for _ in range(ROUNDS)]
    p50, p95, p99 = (median(rounds, name) for name in ("p50", "p95", "p99"))
    return Measured(share, rate, p50, p95, p99)
