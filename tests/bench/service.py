"""The service alone, under gunicorn and its own configuration, beside a stub that predicts nothing. Needs Linux."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from scripts import ROOT
from tests.bench import baselines
from tests.bench.figures import Figure

TITLE = "The service alone: one gunicorn worker on one core, reviews of 25 words"
ABOUT = """\
Every app is served by the container's own gunicorn configuration with one worker, held to one core, and loaded from
another over eight connections: in turns, so that what else the machine does falls on all of them. Medians of the
rounds. Requests by core are answered requests by CPU seconds of master and worker: what one core answers when nobody
else wants it.

The *plain stub* reads the JSON and answers; it does not check, log or count. The *equal stub* is the service itself
with a model that predicts nothing. *torch eager* serves the same checkpoint's weights through torch, and the
*original's shape* is a network as the original app had it (Embedding 400, LSTM 2 x 512, texts padded to 200 words).

*The model alone* is asked in a process of its own, one text after another: what no web server could take away. What the
service needs beyond the equal stub and the model together is what the two cost each other, caches above all.
"""
CONTAINER = ROOT / "container"
SERVICE = "sentiment.app:create_app()"
BESIDE = {
    "plain stub": "tests.bench.stub:create_app()",
    "equal stub": "tests.bench.baselines:equal()",
    "torch eager": "tests.bench.baselines:eager()",
    "original's shape": "tests.bench.baselines:original()",
}
CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 3
ALONE = """
import statistics, sys, time
from pathlib import Path
sys.path[:0] = [".", ".."]
from sentiment.model import Model
from tests.bench.load import REVIEWS
model = Model.find(Path("model"))
def once():
    began = time.process_time()
    for number in range(300):
        model.predict(REVIEWS[number % len(REVIEWS)])
    return (time.process_time() - began) / 300 * 1000
once()
print(statistics.median(once() for _ in range(7)))
"""
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@dataclass(frozen=True)
class Load:
    """What one round of load showed: requests a second of the service's CPU time, and percentiles in milliseconds."""

    per_core: float
    per_second: float
    p50: float
    p95: float
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
def served(app: str, **variables: str) -> Iterator[Server]:
    """Serve an app with the container's gunicorn configuration on a free port of loopback.

    Args:
        app: the app as gunicorn names it.
        variables: of its environment, on top of ours.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = os.pathsep.join([str(CONTAINER), str(ROOT)])
    environment = {
        **os.environ,
        **variables,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "1",
        "PYTHONPATH": path,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONTAINER / "gunicorn.conf.py"), app]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=CONTAINER, env=environment, stdout=subprocess.DEVNULL)
    if len(CORES) > 1:
        os.sched_setaffinity(process.pid, CORES[:1])
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


def load(server: Server, seconds: float = SECONDS, connections: int = CONNECTIONS, rate: float = 0) -> Load:
    """Load a server from another process, on another core, for some seconds.

    Args:
        server: to load.
        seconds: how long.
        connections: how many.
        rate: requests a second; 0 for as many as are answered.
    """
    arguments = [str(server.port), str(connections), str(seconds), str(rate)]
    before = server.cpu_seconds()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if len(CORES) > 1:
        os.sched_setaffinity(process.pid, CORES[1:])
    said, _ = process.communicate(timeout=seconds + 60)
    if process.returncode:
        raise RuntimeError("the load generator failed")
    used, shown = server.cpu_seconds() - before, json.loads(said)
    per_second = shown["requests"] / shown["seconds"]
    return Load(shown["requests"] / used, per_second, shown["p50"], shown["p95"], shown["p99"], shown["errors"])


def measure() -> Iterable[Figure]:
    """Load all in turns, and take the medians."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        [model] = (CONTAINER / "model").glob("*.onnx")
        weights = Path(folder) / "weights.pt"
        sys.path.append(str(CONTAINER))  # where training is found
        baselines.prepare(model, weights)
        servers = {"service": stack.enter_context(served(SERVICE))}
        for name, app in BESIDE.items():
            servers[name] = stack.enter_context(served(app, **{baselines.FILE: str(weights)}))
        for server in servers.values():
            load(server, 1)
        loads = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                loads[name].append(load(server))
        yield from _figures(loads, servers)
        alone = model_alone()
        yield Figure("the model alone", alone, "ms of CPU time", "one text of 25 words, tokens included")
        parts = 1000 / median(loads["equal stub"], "per_core") + alone
        whole = 1000 / median(loads["service"], "per_core")
        yield Figure("service to equal stub and model alone", whole / parts, "times", "CPU time of a request")
        service = servers["service"]
        half = median(loads["service"], "per_second") / 2
        at_half = [load(service, rate=half) for _ in range(ROUNDS)]
        yield Figure("service at half its load: rate", half, "requests/s", "half of what it answered by the clock")
        for name in ("p50", "p95", "p99"):
            yield Figure(f"service at half its load: {name}", median(at_half, name), "ms")
        yield Figure("service: from start to healthy", service.ready, "s")


def model_alone() -> float:
    """Milliseconds of CPU time in which the shipped model answers one review; the median of the rounds."""
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=CONTAINER, capture_output=True, text=True, check=True)
    return float(done.stdout)


def median(loads: list[Load], name: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(getattr(one, name) for one in loads)


def _figures(loads: dict[str, list[Load]], servers: dict[str, Server]) -> Iterator[Figure]:
    core = {name: median(rounds, "per_core") for name, rounds in loads.items()}
    for name, rounds in loads.items():
        yield Figure(name, core[name], "requests/s/core", "answered requests by CPU seconds of master and worker")
        yield Figure(f"{name}: by the clock", median(rounds, "per_second"), "requests/s")
        for percentile in ("p50", "p95", "p99"):
            value = median(rounds, percentile)
            yield Figure(f"{name}: {percentile}", value, "ms", f"{CONNECTIONS} requests in flight")
        yield Figure(f"{name}: not answered with 200", sum(one.errors for one in rounds), "requests")
        most, least = servers[name].memory_mib("Rss"), servers[name].memory_mib("Pss")
        yield Figure(f"{name}: resident under load", most, "MiB", f"Rss of both processes; shared once: {least:.0f}")
    for name in BESIDE:
        faster, other = ("service", name) if core["service"] > core[name] else (name, "service")
        yield Figure(f"{faster} to {other}", core[faster] / core[other], "times", "requests/s/core")
