"""A laptop cloud that a test has started: how to start it, talk to it, look at its processes and end it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scripts import ROOT
from scripts.app import receipt_keys
from scripts.cloudformation.work import changing
from scripts.local.keys import Keys
from scripts.local.session import STAGE, EmulatedCloud
from scripts.release import plans
from scripts.release.execute import execute
from scripts.stage import settings
from scripts.stage.reporter import Reporter
from shared import receipts

READY_WITHIN = 120.0  # seconds; of a machine that runs other tests too
END_WITHIN = 30.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RunningApp:
    """The app, run by ``sentiment local``.

    Attributes:
        process: the command.
        state: its state folder.
        port: port of the page.
        endpoint_url: where boto3 finds the emulator; "" until it is ready.
        keys: of this run; nobody's until it is ready.
        console_url: the console's address, with its token; "" until it is ready.
        said: what the command has written to stderr so far.
    """

    process: subprocess.Popen[str]
    state: Path
    port: int
    endpoint_url: str = ""
    keys: Keys = field(default_factory=lambda: Keys("", ""))
    console_url: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The page's address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """The API's address."""
        return f"{self.url}/api"

    @property
    def page_url(self) -> str:
        """The address of the page on its own origin; for a command with PAGE_PORT."""
        (found,) = re.findall(r"The page has an origin of its own: (\S+)", "".join(self.said))
        return str(found)

    @property
    def cloud(self) -> EmulatedCloud:
        """The orchestrator's way into the emulator."""
        return EmulatedCloud(STAGE, self.endpoint_url, self.keys, public_url=self.url)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request to the front; what is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = ({"Content-Type": "application/json"} if data is not None else {}) | (headers or {})
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Answer(reply.status, lower(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, lower(error.headers), error.read())

    def receipt(self, review: str, classification: str | None, confidence: float, model: str) -> str:
        """A receipt as the service would give it, for a prediction that a test makes up."""
        key = receipt_keys.keys(self.cloud)[0]
        return receipts.issue(key, review, classification, confidence, model)

    def wait_until_ready(self, seconds: float = READY_WITHIN) -> None:
        """Return once the command says so; fail, with all that it said, when it ends or takes too long."""
        assert self.process.stdout is not None
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert line == f"Ready: {self.url}\n", f"not ready ({line!r}):\n{''.join(self.said)}"
        found = json.loads((self.state / "cloud.json").read_text())
        self.endpoint_url = found["endpoint_url"]
        self.console_url = found["console"]
        self.keys = Keys(found["access_key_id"], found["secret_access_key"])

    def processes(self) -> list[psutil.Process]:
        """The command's process and everything below it."""
        command = psutil.Process(self.process.pid)
        return [command, *command.children(recursive=True)]

    def processes_of(self, program: str) -> list[psutil.Process]:
        """Those whose command line names a program."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):  # it has just ended
                if program in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def end(self, number: int) -> int:
        """Send the command a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(END_WITHIN)

    def close(self) -> None:
        """End what is still running, and let go of its output."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def start(state: Path, port: int | None = None, tree: Path = ROOT, **environment: str) -> RunningApp:
    """Start the app, in a process group of its own; it is not ready yet.

    Args:
        state: its state folder.
        port: port of the page; None for a free one.
        tree: the checkout to run.
        environment: variables on top of ours; without SCALING the number of tasks is the tests' own affair.
    """
    chosen = free_port() if port is None else port
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts", "local", "--port", str(chosen)],
        cwd=tree,
        env={**os.environ, "STATE": str(state), "SCALING": "off", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = RunningApp(process, state, chosen)
    threading.Thread(target=_listen, args=(process, running.said), daemon=True).start()
    return running


def start_and_wait(state: Path, **environment: str) -> RunningApp:
    """Start the app, and wait until it is ready."""
    running = start(state, None, ROOT, **environment)
    try:
        running.wait_until_ready()
    except BaseException:
        running.close()
        raise
    return running


def deploy(app: RunningApp, image: str) -> None:
    """Deploy everything, as the command does, with another image."""
    cloud = app.cloud
    with changing(cloud, Reporter(), "deploy") as work:
        execute(work, plans.everything(cloud, settings.load(STAGE), image, app.url))


def left_of(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Which of these processes still run, after waiting a while for their end."""
    deadline = time.monotonic() + END_WITHIN
    while True:
        alive = [process for process in processes if runs(process)]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.02)


def runs(process: psutil.Process) -> bool:
    """Whether a process still runs: one that has ended and that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def lower(headers: Any) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}


def _listen(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said.append(line)
    except ValueError:  # closed while we were reading
        pass
