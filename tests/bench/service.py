"""The service alone, under gunicorn and its own configuration, beside a stub that predicts nothing. Needs Linux."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.figures import Figure

TITLE = "The service alone: one gunicorn worker, reviews of 25 words"
ABOUT = """\
The container's own gunicorn configuration with one worker, loaded from a process of its own over eight connections,
in turns with a stub so that what else the machine does falls on both. Medians of the rounds.
"""
ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "container"
SERVICE = "sentiment.app:create_app()"
STUB = "tests.bench.stub:create_app()"
CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 3


@dataclass(frozen=True)
class Load:
    """What one round of load showed: requests a second of the service's CPU time, and percentiles in milliseconds."""

    per_core: float
    per_second: float
    p50: float
    p99: float
    errors: float


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its port, process id, and seconds from start to healthy."""

    port: int
    pid: int
    ready: float

    def processes(self) -> list[int]:
        """Process ids of master and workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *map(int, children.split())]

    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system (proc(5): fields 14 and 15 of stat, in clock ticks)."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(part[11]) + int(part[12]) for part in fields) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, kind: str) -> float:
        """Memory of all processes added up: ``Rss`` or ``Pss`` (proc(5), smaps_rollup, in KiB).

        Rss counts a page once for each process that has it; Pss splits it between them, those of others included.
        """
        maps = "".join(Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.processes())
        return sum(int(line.split()[1]) for line in maps.splitlines() if line.startswith(f"{kind}:")) / 1024


@contextmanager
def served(app: str) -> Iterator[Server]:
    """Serve an app with the container's gunicorn configuration on a free port of loopback.

    Args:
        app: the app as gunicorn names it.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = os.pathsep.join([str(CONTAINER), str(ROOT)])
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "WORKERS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONTAINER / "gunicorn.conf.py"), app]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=CONTAINER, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_until_healthy(process, port)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise RuntimeError("the service did not become healthy")


def load(server: Server, seconds: float = SECONDS) -> Load:
    """Load a server from another process for some seconds."""
    command = [sys.executable, "-m", "tests.bench.load", str(server.port), str(CONNECTIONS), str(seconds)]
    before = server.cpu_seconds()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 60)
    used = server.cpu_seconds() - before
    shown = json.loads(done.stdout)
    per_second = shown["requests"] / shown["seconds"]
    return Load(shown["requests"] / used, per_second, shown["p50"], shown["p99"], shown["errors"])


def measure() -> Iterable[Figure]:
    """Load service and stub in turns, so that what else the machine does falls on both, and take the medians."""
    service: list[Load] = []
    stub: list[Load] = []
    with served(SERVICE) as server, served(STUB) as yardstick:
        load(server, 1), load(yardstick, 1)
        for _ in range(ROUNDS):
            service.append(load(server))
            stub.append(load(yardstick))
        resident, shared_out, ready = server.memory_mib("Rss"), server.memory_mib("Pss"), server.ready
    per_core, stub_per_core = (statistics.median(one.per_core for one in rounds) for rounds in (service, stub))
    yield Figure("service", per_core, "requests/s/core", "answered requests by CPU seconds of master and worker")
    yield Figure("stub that predicts nothing", stub_per_core, "requests/s/core", "same gunicorn configuration")
    yield Figure("stub to service", stub_per_core / per_core, "times")
    yield Figure("service", statistics.median(one.per_second for one in service), "requests/s", "by the clock")
    for name in ("p50", "p99"):
        value = statistics.median(getattr(one, name) for one in service)
        yield Figure(f"{name}, {CONNECTIONS} requests in flight", value, "ms")
    yield Figure("not answered with 200", sum(one.errors for one in service), "requests")
    yield Figure("resident memory under load, at most", resident, "MiB", "master and worker added up (Rss)")
    yield Figure("resident memory under load, at least", shared_out, "MiB", "shared pages split among all (Pss)")
    yield Figure("from start to healthy", ready, "s")
