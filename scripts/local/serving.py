"""Shared by all engines' containers: health, the reason for a failed start, and requests under way."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from generator import catalogue

HOST = "127.0.0.1"
HEALTHY_WITHIN = 30.0  # seconds; a task that takes longer counts as failed


class ContainerError(Exception):
    """A container did not start; ECS shows the message as the task's stopped reason."""


class Traffic:
    """The requests under way to one container through the load balancer."""

    def __init__(self) -> None:
        self._requests = 0
        self._idle = threading.Condition()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """One of them, from beginning to end."""
        with self._idle:
            self._requests += 1
        try:
            yield
        finally:
            with self._idle:
                self._requests -= 1
                self._idle.notify_all()

    def drain(self, timeout: float, ended: Callable[[], bool]) -> None:
        """Wait until none is left, as deregistration delay does.

        Args:
            timeout: seconds, at most.
            ended: whether the container has ended, so that no answer will come.
        """
        with self._idle:
            self._idle.wait_for(lambda: self._requests == 0 or ended(), timeout)


def reason(lines: Sequence[str]) -> str:
    """Why a container did not start: its last critical record, else its last exception, else its last line.

    Args:
        lines: of its log: JSON records of the service, and other lines.
    """
    records = [_record(line) for line in lines]
    critical = [str(record["message"]) for record in records if record.get("level") == "CRITICAL"]
    if critical:
        return critical[-1]
    raised = [f"{record['error']} at {record['at'][-1]}" for record in records if record.get("at")]
    # The service does not log an exception's message; gunicorn prints that of an exception which ends the start.
    words = [line for line, record in zip(lines, records, strict=True) if not record and line.strip()]
    return ": ".join([raised[-1], *words[-1:]]) if raised else (lines or ["it wrote nothing"])[-1]


def _record(line: str) -> dict[str, Any]:
    """A line of a log as a record; empty if it is not a JSON object."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def wait_until_healthy(port: int, exit_code: Callable[[], int | None], why: Callable[[], str]) -> None:
    """Return once a container's health path answers 200.

    Args:
        port: of the container, on 127.0.0.1.
        exit_code: returns the container's exit code, None while it runs.
        why: returns the reason from the container's log.

    Raises:
        ContainerError: the container ended, or took too long.
    """
    deadline = time.monotonic() + HEALTHY_WITHIN
    while not _answers(port, why):
        code = exit_code()
        if code is not None:
            raise ContainerError(f"exited with code {code} before it was healthy: {why()}")
        if time.monotonic() > deadline:
            raise ContainerError(f"not healthy after {HEALTHY_WITHIN:.0f} s: {why()}")
        time.sleep(0.02)


def _answers(port: int, why: Callable[[], str]) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", catalogue.HEALTH_PATH)
        status = connection.getresponse().status
        if status == HTTPStatus.NOT_FOUND:  # it runs, but will never be healthy: do not wait
            raise ContainerError(f"not healthy: it answers, but not at {catalogue.HEALTH_PATH}: {why()}")
        return status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
