"""What each fault costs under load: runs the fault tests, and reads the figures that they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from scripts import ROOT
from tests.bench.figures import Figure

TITLE = "Faults on the laptop cloud, each under load"
ABOUT = """\
Three visitors ask for predictions and one judges while something is broken on purpose (`tests/faults`). Each sends
one request after another, and retries a failed one, as the page does. A failed request is an attempt that was not
answered with 200; a lost judgement was acknowledged but is missing from the export afterwards.

Some requests have to fail. A killed worker or task loses the requests that it was processing; with a single task, so
are all requests until the next one is healthy. A frozen task still receives requests, two from each visitor, until it
has missed two health checks, after ten seconds. A table that refuses half of all calls refuses some judgements on
both attempts. AWS refuses every call of a Lambda whose clock is hours wrong, so judging answers "try again later"
until the clock is right. Every failed request succeeded on retry unless the table says otherwise.
"""
REQUESTS = 10_000  # at least, during a rolling deployment and during scaling in
LINE = re.compile(
    r"^FAULT (?P<what>.+?): (?P<requests>\d+) requests, (?P<failed>\d+) failed, (?P<given_up>\d+) for good; "
    r"(?P<judged>\d+) judgements acknowledged, (?P<lost>\d+) lost$",
    re.MULTILINE,
)


def measure() -> Iterator[Figure]:
    """Run the tests, and read their figures."""
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


def figures(output: str) -> Iterator[Figure]:
    """The figures in the tests' output.

    Args:
        output: pytest's output.
    """
    for line in LINE.finditer(output):
        note = f"of {int(line['requests']):,} requests; {line['given_up']} failed again on retry"
        yield Figure(f"{line['what']}: failed", int(line["failed"]), "requests", note)
        yield Figure(f"{line['what']}: lost", int(line["lost"]), "judgements", f"of {line['judged']} acknowledged")
