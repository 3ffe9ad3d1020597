"""Runs containers as plain processes: the engine of a laptop without Docker.

A container is the image's folder (see ``images``), run by this interpreter with the task definition's environment, on
its own port of 127.0.0.1. ECS and the load balancer know it by an address of Docker's default bridge network, which
``Engine.request_to`` translates. Not honoured, because only a real engine can: limits of memory and CPU, users,
capabilities, read-only file systems.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.local import child, images, serving
from scripts.local.engine import Engine
from scripts.local.hosts import take_port
from scripts.local.serving import HOST, Traffic

# The image's start command; the same as in its Dockerfile.
COMMAND = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "sentiment.app:create_app()")
BACKLOG = 2048  # connections that wait; gunicorn's own setting
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")  # of our own environment, to every container


class Container:
    """One running (or ended) container, with the attributes and methods of docker-py's that ECS uses."""

    def __init__(
        self,
        address: str,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        settle: Callable[[], None],
        removed: Callable[[Container], None],
    ) -> None:
        self.id = uuid.uuid4().hex
        self.address = address
        self._log = log
        self._settle = settle
        self._removed = removed
        self._traffic = Traffic()
        self._stopping = threading.Lock()
        env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        with take_port() as port, log.open("ab") as output:
            port.listen(BACKLOG)  # what connects before the service is ready waits for it
            self.port: int = port.getsockname()[1]
            env |= {**environment, "HOST": HOST, "PORT": str(self.port)}
            command = [sys.executable, child.__file__, *COMMAND, "--bind", f"fd://{port.fileno()}"]
            self._process = child.Child(command, env, folder, output, inherits=[port.fileno()])
        self.pid = self._process.pid

    @property
    def status(self) -> str:
        """``running`` or ``exited``."""
        return "running" if self._process.exit_code() is None else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        """The part of ``docker inspect`` that ECS reads."""
        return {"NetworkSettings": {"Networks": {"bridge": {"IPAddress": self.address}}}}

    def reload(self) -> None:
        """Nothing is cached here."""

    def wait(self) -> dict[str, int]:
        """Wait for the end; the exit code is a shell's: 128 + n for signal n."""
        code = self._process.wait()
        return {"StatusCode": 128 - code if code < 0 else code}

    def wait_until_healthy(self) -> None:
        """Return once the health path answers 200.

        Raises:
            ContainerError: the process ended, or took too long.
        """
        serving.wait_until_healthy(
            self.port, lambda: self.wait()["StatusCode"] if self.status == "exited" else None, self._why
        )

    def stop(self, timeout: float = 10) -> None:
        """End the container without failing a request, as deregistration delay, SIGTERM and SIGKILL do on ECS.

        Args:
            timeout: seconds for requests under way, and again from SIGTERM to SIGKILL.
        """
        with self._stopping:
            self._settle()
            self._traffic.drain(timeout, lambda: self.status == "exited")
            self._process.stop(timeout)

    def kill(self) -> None:
        """Kill it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def remove(self, **_: object) -> None:
        """Remove everything of the container but its log file."""
        self._process.stop(0)
        self._removed(self)

    def logs(
        self, *, stream: bool = False, follow: bool = False, tail: int = 20, **_: object
    ) -> bytes | Iterator[bytes]:
        """What the container wrote: its last lines, or line by line until it has ended."""
        return self._follow_log() if stream and follow else b"\n".join(self._log.read_bytes().splitlines()[-tail:])

    @contextlib.contextmanager
    def request(self) -> Iterator[tuple[str, int]]:
        """A request to the container: yields its real address; ``stop`` waits for the answer."""
        with self._traffic.request():
            yield HOST, self.port

    def _why(self) -> str:
        """Why the service did not start, as it logged it, and the path of the log."""
        return f"{serving.reason(self._log.read_text(errors='replace').splitlines())} ({self._log})"

    def _follow_log(self) -> Iterator[bytes]:
        with self._log.open("rb") as file:
            while True:
                ended = self.status == "exited"
                if line := file.readline():
                    yield line
                elif ended:
                    return
                else:
                    time.sleep(0.2)


class ProcessEngine(Engine):
    """Runs images of the store (see ``images``).

    Args:
        store: folder of images.
        logs: folder for the containers' logs, one file each.
    """

    def __init__(self, store: Path, logs: Path) -> None:
        super().__init__()
        self._store = store
        self._logs = logs
        self._numbers = itertools.count(2)  # 172.17.0.1 is the host on Docker's bridge

    def find_image(self, reference: str) -> Path:
        """The folder of an image; raises ``scripts.stage.errors.ImageError``."""
        return images.find(reference, self._store)

    def pull(self, reference: str) -> str:
        """Do nothing: there is no registry. ``run`` reports a missing image, in the task's stopped reason."""
        return reference

    def create(self, image: str, name: str, environment: Mapping[str, str], settings: Mapping[str, Any]) -> Container:
        """Start a process; it can honour none of the settings."""
        number = next(self._numbers)
        address = f"172.17.{number >> 8 & 255}.{number & 255}"
        folder, log = images.find(image, self._store), self._logs / f"{name}.log"
        return Container(address, folder, environment, log, self.settle, self.forget)
