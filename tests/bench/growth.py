"""Whether the laptop cloud grows: memory and processes while it answers many requests. Takes about half an hour."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.local.running import RunningApp, start_and_wait

TITLE = "The laptop cloud's memory over many requests"
ABOUT = """\
`make local` with a fresh state folder, and four visitors, each with one connection and one request after another: of
ten requests six ask for a prediction, two for the statistics, and two judge. There are a thousand judgements, which
are sent again and again, so that what is stored stops growing early. Memory is what belongs to a process alone (USS),
sampled twenty times; growth is the slope of a line through the samples of the second half. Then come new judgements,
which the emulator keeps in memory.
"""
REQUESTS = int(os.environ.get("GROWTH_REQUESTS", "200000"))
VISITORS = 4
NEW = 2000  # judgements at the end
TEXT = "I feel bad that I neglected my project for so long, and this is number"
SAMPLES = 20
JUDGEMENTS = [str(uuid.UUID(int=number, version=4)) for number in range(1000)]
# Parts of the cloud, by what their command lines name; the first that fits.
EMULATOR = "the emulator"
PARTS = {EMULATOR: "scripts.local.emulator", "the tasks": "gunicorn", "the command": "scripts local"}
LAMBDAS = "the Lambdas"


def measure() -> Iterator[Figure]:
    """Send the requests, and sample."""
    with tempfile.TemporaryDirectory() as folder:
        app = start_and_wait(Path(folder) / "state")
        try:
            samples, statuses = _run(app)
            before = samples[-1][1][EMULATOR][1]
            for number in range(NEW):
                app.request("POST", "/api/setSentiment", {"review": f"{TEXT} {number}", "sentiment": "guilt"})
            after = _sizes(app)[EMULATOR][1]
        finally:
            app.close()
    failed = sum(number for status, number in statuses.items() if status != 200)
    yield Figure("requests that were not answered with 200", failed, "requests", f"of {sum(statuses.values()):,}")
    for part in (*PARTS, LAMBDAS):
        megabytes = [(done, sizes.get(part, (0, 0.0))) for done, sizes in samples]
        first, last = megabytes[0][1], megabytes[-1][1]
        half = megabytes[len(megabytes) // 2 :]
        slope = statistics.linear_regression([done for done, _ in half], [size for _, (_, size) in half]).slope
        yield Figure(
            f"{part}: memory after all of them",
            last[1],
            "MB",
            f"{first[1]:.1f} after {megabytes[0][0]:,}; processes: {first[0]}, then {last[0]}",
        )
        yield Figure(f"{part}: growth", slope * 1000, "MB", "for 1,000 requests, in the second half")
    yield Figure("a new judgement", (after - before) / NEW * 1000, "KB", f"of the emulator's memory; mean of {NEW:,}")


def _run(app: RunningApp) -> tuple[list[tuple[int, dict[str, tuple[int, float]]]], dict[int, int]]:
    """Samples (how many requests were answered, and by part its processes and megabytes), and answers by status."""
    numbers, statuses, lock = itertools.count(), dict.fromkeys((200,), 0), threading.Lock()

    def visit() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", app.port)
        while (number := next(numbers)) < REQUESTS:
            connection.request(*_request(number))
            answer = connection.getresponse()
            answer.read()
            with lock:
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
        connection.close()

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    samples = []
    for goal in (REQUESTS * each // SAMPLES for each in range(1, SAMPLES + 1)):
        while (done := sum(statuses.values())) < goal and any(visitor.is_alive() for visitor in visitors):
            visitors[0].join(0.2)
        samples.append((done, _sizes(app)))
        print(f"{done:,} requests:", samples[-1][1], file=sys.stderr, flush=True)  # it takes long
    return samples, statuses


def _request(number: int) -> tuple[str, str, str | None, dict[str, str]]:
    kind, sent = number % 10, {"Content-Type": "application/json"}
    if kind in (6, 7):
        return "GET", "/api/getStats", None, {}
    each = number // 10 % (len(JUDGEMENTS) // 2) * 2 + kind % 2
    text = {"review": f"{TEXT} {JUDGEMENTS[each]}"}
    if kind < 6:
        return "POST", "/api/getSentiment", json.dumps(text), sent
    return "POST", "/api/setSentiment", json.dumps({**text, "sentiment": "guilt", "judgement": JUDGEMENTS[each]}), sent


def _sizes(app: RunningApp) -> dict[str, tuple[int, float]]:
    found: dict[str, tuple[int, float]] = {}
    for process in app.processes():
        words = " ".join(process.cmdline())
        part = next((name for name, program in PARTS.items() if program in words), LAMBDAS)
        number, megabytes = found.get(part, (0, 0.0))
        found[part] = number + 1, megabytes + process.memory_full_info().uss / 1e6
    return found
