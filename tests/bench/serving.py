"""Runs servers on one core and loads them from another, for the benchmarks of the service. Needs Linux."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from scripts import ROOT
from shared import receipts

CONTAINER = ROOT / "container"
SERVICE = "sentiment.app:create_app()"
CONNECTIONS = 8
SECONDS = 4.0
HEALTHY_SECONDS = 60.0
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
    """A running server: its port, process id, and seconds from start to healthy."""

    port: int
    pid: int
    ready: float

    def processes(self) -> list[psutil.Process]:
        """The first process and all that it started."""
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

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
    """Serve an app with the container's gunicorn configuration, one worker.

    Args:
        app: the app as gunicorn names it.
        variables: of its environment, in addition to ours and a key for receipts.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONTAINER / "gunicorn.conf.py"), app]
    environment = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "1",
        "RECEIPT_KEY": receipts.new_key(),
        **variables,
    }
    with running(command, port, environment) as server:
        yield server


@contextmanager
def running(command: Sequence[str | Path], port: int, variables: dict[str, str]) -> Iterator[Server]:
    """Run a server, on the first core if there are more, until the context ends.

    Args:
        command: that starts it, in the folder ``container``.
        port: on which it listens, of loopback.
        variables: of its environment, in addition to ours.

    Raises:
        RuntimeError: it did not become healthy.
    """
    path = os.pathsep.join([str(CONTAINER), str(ROOT)])
    started = time.perf_counter()
    process = subprocess.Popen(
        [*_on(CORES[:1]), *command],
        cwd=CONTAINER,
        env={**os.environ, "PYTHONPATH": path, **variables},
        stdout=subprocess.DEVNULL,
        stderr=None if command[0] == sys.executable else subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(process, port)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        _end(process)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _on(cores: list[int]) -> list[str]:
    return ["taskset", "--cpu-list", ",".join(map(str, cores))] if len(CORES) > 1 else []


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        others = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        _, alive = psutil.wait_procs([psutil.Process(process.pid), *others], 30)
        for one in alive:
            one.kill()
    process.wait(30)


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError("the server did not become healthy")


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
    command = [*_on(CORES[1:]), sys.executable, "-m", "tests.bench.load", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr}")
    used, shown = server.cpu_seconds() - before, json.loads(done.stdout)
    per_second = shown["requests"] / shown["seconds"]
    return Load(shown["requests"] / used, per_second, shown["p50"], shown["p95"], shown["p99"], shown["errors"])


def cost(server: Server, path: str, content: dict[str, object], times: int) -> float:
    """CPU time of a request in milliseconds, on average of many, one after another.

    Args:
        server: to ask.
        path: of the route.
        content: of the body.
        times: how often.

    Raises:
        RuntimeError: a request is not answered with 200.
    """
    body = json.dumps(content)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    before = server.cpu_seconds()
    for _ in range(times):
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        with connection.getresponse() as reply:
            if reply.status != 200:
                raise RuntimeError(f"{path} answers {reply.status}")
            reply.read()
    connection.close()
    return (server.cpu_seconds() - before) / times * 1000


def median(loads: list[Load], name: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(getattr(one, name) for one in loads)
