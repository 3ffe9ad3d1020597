"""Runs containers as plain processes, behind the calls that the emulator's ECS makes to Docker's Python client.

What a container is here: the image's folder (see ``images``), run by this interpreter with the environment that the
task definition gives, on its own port of 127.0.0.1. An address of Docker's default bridge network stands for the
container wherever ECS and the load balancer name one; ``Engine.request_to`` translates it. Not honoured, because
only a real engine can: limits of memory and CPU, users, capabilities, read-only file systems.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts.local import child, images

# The image's start command; its Dockerfile says the same.
COMMAND = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "sentiment.app:create_app()")
HEALTHY_WITHIN = 30.0  # seconds; a task that takes longer has failed to start
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")  # from our own environment into every container's


class ContainerError(Exception):
    """A container did not start; the message is what ECS shows as the task's stopped reason."""


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
        self.port = _free_port()
        self._log = log
        self._settle = settle
        self._removed = removed
        self._requests = 0  # under way through the load balancer
        self._idle = threading.Condition()
        self._stopping = threading.Lock()
        env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        env |= {**environment, "HOST": "127.0.0.1", "PORT": str(self.port)}
        with log.open("ab") as output:
            self._process = child.Child([sys.executable, child.__file__, *COMMAND], env, folder, output)
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
        """Wait for the end; the exit code is that of a shell, 128 + n for signal n."""
        code = self._process.wait()
        return {"StatusCode": 128 - code if code < 0 else code}

    def wait_until_healthy(self) -> None:
        """Return once the health path answers 200.

        Raises:
            ContainerError: the process ended, or took too long.
        """
        deadline = time.monotonic() + HEALTHY_WITHIN
        while not self._answers():
            if self.status == "exited":
                raise ContainerError(
                    f"exited with code {self.wait()['StatusCode']} before it was healthy: {self._why()}"
                )
            if time.monotonic() > deadline:
                raise ContainerError(f"not healthy after {HEALTHY_WITHIN:.0f} s: {self._why()}")
            time.sleep(0.02)

    def stop(self, timeout: float = 10) -> None:
        """End the container without failing a request, as deregistration delay, SIGTERM and SIGKILL do on ECS.

        Args:
            timeout: seconds for what is under way, and again seconds from SIGTERM to SIGKILL.
        """
        with self._stopping:
            self._settle()
            with self._idle:
                self._idle.wait_for(lambda: self._requests == 0 or self.status == "exited", timeout)
            self._process.stop(timeout)

    def remove(self, **_: object) -> None:
        """Make sure that nothing of the container is left; its log file stays."""
        self._process.stop(0)
        self._removed(self)

    def logs(
        self, *, stream: bool = False, follow: bool = False, tail: int = 20, **_: object
    ) -> bytes | Iterator[bytes]:
        """What the container wrote: its last lines, or line by line until it has ended."""
        return self._follow_log() if stream and follow else b"\n".join(self._log.read_bytes().splitlines()[-tail:])

    @contextlib.contextmanager
    def request(self) -> Iterator[tuple[str, int]]:
        """A request to the container: its real address, and the promise that ``stop`` waits for the answer."""
        with self._idle:
            self._requests += 1
        try:
            yield "127.0.0.1", self.port
        finally:
            with self._idle:
                self._requests -= 1
                self._idle.notify_all()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", catalogue.HEALTH_PATH)
            status = connection.getresponse().status
            if status == HTTPStatus.NOT_FOUND:  # it is up, and will never be healthy: no need to wait for that
                raise ContainerError(f"not healthy: it answers, but not at {catalogue.HEALTH_PATH}: {self._why()}")
            return status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _why(self) -> str:
        """What the service says on why it does not start (its last line, unless one is critical), and where."""
        lines = self._log.read_text(errors="replace").splitlines()
        records = [_record(line) for line in lines]
        critical = [record["message"] for record in records if record.get("level") == "critical"]
        return f"{(critical or lines or ['it wrote nothing'])[-1]} ({self._log})"

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


class Engine:
    """All containers of this laptop cloud; takes the place of docker-py's client.

    Args:
        store: folder of images.
        logs: folder for what containers write, one file each.
    """

    def __init__(self, store: Path, logs: Path) -> None:
        self._store = store
        self._logs = logs
        self._numbers = itertools.count(2)  # 172.17.0.1 is the host's side of Docker's bridge
        self._by_id: dict[str, Container] = {}
        self._by_address: dict[str, Container] = {}
        self._closed = False
        # Called when a container is to stop, once the load balancer has been told: returns when every request for
        # which it had chosen that container earlier has come to `request_to`.
        self.settle: Callable[[], None] = lambda: None
        self.containers = _Containers(self)
        self.images = _Images(self)

    def run(self, image: str, name: str, environment: Mapping[str, str]) -> Container:
        """Start a container, and wait until it is healthy.

        Raises:
            ContainerError: it did not become healthy; nothing of it is left.
            scripts.errors.ImageError: there is no such image.
        """
        folder = images.find(image, self._store)
        number = next(self._numbers)
        address = f"172.17.{number >> 8 & 255}.{number & 255}"
        container = Container(address, folder, environment, self._logs / f"{name}.log", self.settle, self._forget)
        self._by_id[container.id] = self._by_address[address] = container
        try:
            if self._closed:
                raise ContainerError("the laptop cloud is stopping")
            container.wait_until_healthy()
        except BaseException:
            container.remove()
            raise
        return container

    def get(self, key: str) -> Container:
        """The container with this id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[key]

    def all(self) -> list[Container]:
        """Every container that has not been removed."""
        return list(self._by_id.values())

    def find_image(self, reference: str) -> Path:
        """The folder of an image; raises ``scripts.errors.ImageError``."""
        return images.find(reference, self._store)

    @contextlib.contextmanager
    def request_to(self, address: str, port: int) -> Iterator[tuple[str, int]]:
        """The real host and port behind a target of the load balancer, while a request goes there."""
        container = self._by_address.get(address)
        if container is None:
            yield address, port
            return
        with container.request() as real:
            yield real

    def close(self) -> None:
        """End every container at once."""
        self._closed = True
        for container in self.all():
            container.remove()

    def _forget(self, container: Container) -> None:
        self._by_id.pop(container.id, None)
        self._by_address.pop(container.address, None)


class _Containers:
    """``client.containers`` of docker-py."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, image: str, *, name: str, environment: Mapping[str, str], **_: object) -> Container:
        return self._engine.run(image, name, environment)

    def get(self, key: str) -> Container:
        return self._engine.get(key)

    def list(self, **_: object) -> list[Container]:
        return self._engine.all()


class _Images:
    """``client.images`` of docker-py. There is no registry: an image is on this machine or nowhere."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, reference: str) -> Path:
        return self._engine.find_image(reference)

    def pull(self, reference: str, **_: object) -> str:
        # Whether the image exists is answered by `run`, whose error names the reason in the task's record.
        return reference


def _record(line: str) -> dict[str, Any]:
    """A line of the service's log as a record; an empty one when it is none."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
