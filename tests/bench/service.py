"""The service alone, under gunicorn with its own configuration, compared with stubs and baselines. Needs Linux."""

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

import psutil

from scripts import ROOT
from tests.bench import baselines
from tests.bench.figures import Figure

TITLE = "The service alone: one gunicorn worker on one core, reviews of 25 words"
ABOUT = """\
Every app runs under the container's own gunicorn configuration with one worker, held to one core, and is loaded from
another core over eight connections. The apps take turns, so that the machine's other work affects all of them.
Figures are medians of the rounds. Requests per core are answered requests divided by CPU seconds of master and
worker: what one core answers when nothing else uses it.

The *plain stub* reads the JSON and answers; it does not check, log or count. The *equal stub* is the service itself
with a model that always predicts the same. *torch eager* serves the same checkpoint's weights through torch, and the
*original's shape* is a network like the original app's (Embedding 400, LSTM 2 x 512, texts padded to 200 words).

*The model alone* runs in its own process, one text after another: the part that no web server can save. What the
service needs beyond the equal stub plus the model is what the two cost each other, mainly in CPU caches.
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
    """The result of one round: requests per CPU second and per second, latency percentiles in milliseconds, errors."""

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

    def processes(self) -> list[psutil.Process]:
        """Master and workers."""
        master = psutil.Process(self.pid)
        return [master, *master.children()]

    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system."""
        times = [process.cpu_times() for process in self.processes()]
        return float(sum(each.user + each.system for each in times))

    def memory_mib(self) -> tuple[float, float]:
        """Resident memory of all processes added up: RSS, then PSS.

        RSS counts a page once for each process that has it; PSS splits it between them, those of others included.
        """
        used = [process.memory_full_info() for process in self.processes()]
        return sum(each.rss for each in used) / 2**20, sum(each.pss for each in used) / 2**20


@contextmanager
def served(app: str, **variables: str) -> Iterator[Server]:
    """Serve an app with the container's gunicorn configuration on a free port of loopback.

    Args:
        app: the app as gunicorn names it.
        variables: of its environment, in addition to ours.
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
    """Load a server from another process, on another core.

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
    output, _ = process.communicate(timeout=seconds + 60)
    if process.returncode:
        raise RuntimeError("the load generator failed")
    used, shown = server.cpu_seconds() - before, json.loads(output)
    per_second = shown["requests"] / shown["seconds"]
    return Load(shown["requests"] / used, per_second, shown["p50"], shown["p95"], shown["p99"], shown["errors"])


def measure() -> Iterable[Figure]:
    """Load all apps in turns, and take the medians."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        [model] = (CONTAINER / "model").glob("*.onnx")
        weights = Path(folder) / "weights.pt"
        sys.path.append(str(CONTAINER))  # for the training package
        baselines.prepare(model, weights)
        servers = {"service": stack.enter_context(served(SERVICE))}
        for name, app in BESIDE.items():
            servers[name] = stack.enter_context(served(app, **{baselines.FILE: str(weights)}))
        for server in servers.values():
            load(server, 1)
        loads: dict[str, list[Load]] = {name: [] for name in servers}
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
        yield Figure("service at half its load: rate", half, "requests/s", "half of its rate by the clock")
        for name in ("p50", "p95", "p99"):
            yield Figure(f"service at half its load: {name}", median(at_half, name), "ms")
        yield Figure("service: from start to healthy", service.ready, "s")


def model_alone() -> float:
    """CPU time in which the shipped model predicts one review, in milliseconds; median of the rounds."""
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=CONTAINER, capture_output=True, text=True, check=True)
    return float(done.stdout)


def median(loads: list[Load], name: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(getattr(one, name) for one in loads)


def _figures(loads: dict[str, list[Load]], servers: dict[str, Server]) -> Iterator[Figure]:
    core = {name: median(rounds, "per_core") for name, rounds in loads.items()}
    for name, rounds in loads.items():
        yield Figure(name, core[name], "requests/s/core", "answered requests / CPU seconds of master and worker")
        yield Figure(f"{name}: by the clock", median(rounds, "per_second"), "requests/s")
        for percentile in ("p50", "p95", "p99"):
            value = median(rounds, percentile)
            yield Figure(f"{name}: {percentile}", value, "ms", f"{CONNECTIONS} requests in flight")
        yield Figure(f"{name}: not answered with 200", sum(one.errors for one in rounds), "requests")
        most, least = servers[name].memory_mib()
        yield Figure(f"{name}: resident under load", most, "MiB", f"RSS of both processes; PSS: {least:.0f}")
    for name in BESIDE:
        faster, other = ("service", name) if core["service"] > core[name] else (name, "service")
        yield Figure(f"{faster} to {other}", core[faster] / core[other], "times", "requests/s/core")
