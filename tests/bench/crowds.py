"""Crowds at the laptop cloud: explanations beside a visitor, and more clients than it can serve."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts import ROOT
from tests.bench.figures import Figure
from tests.local.running import RunningApp, start_and_wait

TITLE = "Crowds at the laptop cloud: explanations, and more clients than it can serve"
ABOUT = """\
`make local` with one task, a process. Each client sends its next request as soon as it has an answer, whatever that
says, and does not wait as a refusal asks it to; all of a crowd are in one process. *explanations*: 60 clients ask for
explanations of a text of 1,990 characters, and one visitor sends a short text ten times a second. *plain*: clients send
that text without asking for an explanation, at most 16 first, then 200. Clients, emulator of gateway and balancer, and
task share the machine's cores, so the figures are those of all three, and on two cores mostly of the first two.
"""
SECONDS = 20.0
EXPLAINERS, FEW, MANY = 60, 16, 200


def measure() -> Iterator[Figure]:
    """Start the app with a fresh state folder, and send the crowds one after another."""
    with tempfile.TemporaryDirectory() as folder:
        app = start_and_wait(Path(folder) / "state")
        try:
            began = _workers(app)
            visitor = _start(app, 1, "visitor", pause=0.1)
            explainers = _result(_start(app, EXPLAINERS, "explain"))
            visits = _result(visitor)
            yield Figure("explanations: answered", explainers["statuses"].get("200", 0), "requests", _told(explainers))
            yield Figure("visitor beside them: p50", visits["p50"], "ms", "ten requests a second")
            yield Figure("visitor beside them: p95", visits["p95"], "ms")
            yield Figure("visitor beside them: failed", _failed(visits), "requests", _told(visits))
            few, many = (_result(_start(app, clients, "plain")) for clients in (FEW, MANY))
            for clients, result in ((FEW, few), (MANY, many)):
                yield Figure(f"plain, {clients} clients: answered", _rate(result), "requests/s", _told(result))
            yield Figure("plain: of many to of few", 100 * _rate(many) / _rate(few), "%", "answered a second")
            ended = len(began - _workers(app))
            yield Figure("processes of the task that ended", ended, "processes", f"of {len(began)}, in all of this")
        finally:
            app.close()


def _start(app: RunningApp, clients: int, kind: str, pause: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.crowd", *map(str, (app.port, clients, SECONDS, kind, pause))]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _result(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=SECONDS + 120)
    result: dict[str, Any] = json.loads(output)
    return result


def _workers(app: RunningApp) -> set[tuple[int, float]]:
    """gunicorn's processes, each by its id and the time when it was started."""
    return {(one.pid, one.create_time()) for one in app.processes_of("gunicorn.conf.py")}


def _rate(result: dict[str, Any]) -> float:
    return float(result["statuses"].get("200", 0) / result["seconds"])


def _failed(result: dict[str, Any]) -> int:
    return sum(count for status, count in result["statuses"].items() if status != "200")


def _told(result: dict[str, Any]) -> str:
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(result["statuses"].items()))
