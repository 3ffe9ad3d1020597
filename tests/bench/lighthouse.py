"""Lighthouse's marks for the pages, as a phone and as a desktop. Needs Node with lighthouse, and a Chromium."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure
from tests.browser import chromium
from tests.local.running import start_and_wait

TITLE = "Lighthouse: the pages on the laptop cloud, as a phone and as a desktop"
ABOUT = """\
Each run starts a Chromium of its own with nothing cached. The phone is Lighthouse's default (simulated: 150 ms, 1.6
Mbit/s, a processor four times slower), the desktop its preset. A mark is out of 100. Lighthouse is none of this
project's dependencies: `npm install lighthouse` in a folder outside it, then
`LIGHTHOUSE=folder/node_modules/.bin/lighthouse make bench ONLY=lighthouse`.
"""
PAGES = {"One text": "", "Many texts": "many.html", "Inside the model": "model.html"}
FORMS = {"phone": [], "desktop": ["--preset=desktop"]}
RUNS = 5
TIMES = {
    "largest contentful paint": "largest-contentful-paint",
    "total blocking time": "total-blocking-time",
    "time to interactive": "interactive",
}


def missing() -> str:
    """What this machine lacks, in words; empty when it lacks nothing."""
    if not _program():
        return "lighthouse is not on the PATH nor named in LIGHTHOUSE (npm install lighthouse)"
    return "" if chromium.find() else "no Chromium"


def measure() -> Iterator[Figure]:
    """Start the app with a fresh state folder, and look at each page several times."""
    with tempfile.TemporaryDirectory() as folder:
        app = start_and_wait(Path(folder) / "state")
        try:
            for form, options in FORMS.items():
                for page, path in PAGES.items():
                    reports = [_report(f"{app.url}/{path}", options, Path(folder)) for _ in range(RUNS)]
                    yield from _figures(f"{page}, {form}", reports)
        finally:
            app.close()


def _figures(name: str, reports: list[dict[str, Any]]) -> Iterator[Figure]:
    marks = [_mark(report, "performance") for report in reports]
    note = f"median of {RUNS}; first {marks[0]}, lowest {min(marks)}"
    yield Figure(f"{name}: performance", statistics.median(marks), "of 100", note)
    others = [key for key in reports[0]["categories"] if key != "performance"]
    lowest = min(_mark(report, key) for report in reports for key in others)
    yield Figure(f"{name}: lowest of the other marks", lowest, "of 100", ", ".join(others))
    for words, audit in TIMES.items():
        milliseconds = statistics.median(report["audits"][audit]["numericValue"] for report in reports)
        yield Figure(f"{name}: {words}", milliseconds, "ms", f"median of {RUNS}")


def _mark(report: dict[str, Any], category: str) -> int:
    return round(100 * report["categories"][category]["score"])


def _report(url: str, options: list[str], folder: Path) -> dict[str, Any]:
    flags = " ".join(["--headless=new", *chromium.ARGUMENTS])
    command = [str(_program()), url, *options, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    environment = {**os.environ, "CHROME_PATH": str(chromium.find()), "TMPDIR": str(folder)}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, timeout=300)
    report: dict[str, Any] = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise RuntimeError(f"lighthouse: {error['message']}")
    return report


def _program() -> str | None:
    return os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")
