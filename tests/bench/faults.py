"""What each fault costs with ten thousand requests running: the fault tests, and what they tell at their end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from scripts import ROOT
from tests.bench.figures import Figure

TITLE = "Faults, each with requests running on the laptop cloud"
ABOUT = """\
Three visitors ask for predictions and one judges, one request after another and again when a request fails, as the page
does, while something is broken on purpose (`tests/faults`). A failed request is a try that was not answered with 200; a
lost judgement was acknowledged and is not in the export afterwards.

What fails is what nothing could answer in time. A killed worker or task takes along what it was working on, and the
only task also what comes until the next one is healthy. A frozen task still takes requests: two for each visitor,
until the health checks have missed it twice, ten seconds. A table that refuses half of all calls refuses some
judgements in both tries of theirs. A Lambda whose clock is hours wrong is refused by AWS whatever it asks, so the
visitor who judges meanwhile is told to come again until the clock is right. All of these were answered when they were
sent again.
"""
REQUESTS = 10_000  # at least so many run through a roll and through scaling in
TOLD = re.compile(
    r"^FAULT (?P<what>.+?): (?P<requests>\d+) requests, (?P<failed>\d+) failed, (?P<given_up>\d+) for good; "
    r"(?P<judged>\d+) judgements acknowledged, (?P<lost>\d+) lost$",
    re.MULTILINE,
)


def measure() -> Iterator[Figure]:
    """Run the tests, and read what they tell."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "1800", "tests/faults"],
        cwd=ROOT,
        env={**os.environ, "FAULT_REQUESTS": str(REQUESTS)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"a fault test failed:\n{done.stdout[-4000:]}")
    yield from figures(done.stdout)


def figures(told: str) -> Iterator[Figure]:
    """The figures in the tests' last lines.

    Args:
        told: what pytest printed.
    """
    for line in TOLD.finditer(told):
        note = f"of {int(line['requests']):,} requests; {line['given_up']} failed when sent again, too"
        yield Figure(f"{line['what']}: failed", int(line["failed"]), "requests", note)
        yield Figure(f"{line['what']}: lost", int(line["lost"]), "judgements", f"of {line['judged']} acknowledged")
