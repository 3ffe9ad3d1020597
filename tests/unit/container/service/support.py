"""A gunicorn process to talk to, and model files made from the shipped one. The fixtures are in conftest.py."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

CONTAINER = Path(__file__).parents[4] / "container"
DEADLINE_SECONDS = 60


def write_model(directory: Path, content: bytes) -> Path:
    """Writes a model file named by its content."""
    path = directory / f"sentiment-{hashlib.sha256(content).hexdigest()[:12]}.onnx"
    path.write_bytes(content)
    return path


def with_metadata(content: bytes, key: str, value: str) -> bytes:
    """An ONNX file with one more entry of metadata; of two with the same key the later one counts.

    Field 14 of ModelProto is ``metadata_props``, whose fields 1 and 2 are key and value (onnx.proto), and protobuf
    messages can be extended by appending.
    """
    entry = _field(1, key.encode()) + _field(2, value.encode())
    return content + _field(14, entry)


def _field(number: int, data: bytes) -> bytes:
    length, size = b"", len(data)
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


@dataclass
class Service:
    """A gunicorn process that serves a copy of the container's files."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path
    errors: Path

    def lines(self) -> list[dict[str, Any]]:
        """The finished lines of its log."""
        return [json.loads(line) for line in self.output.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for_line(self, message: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits until the log has so many lines whose message begins like this."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = [line for line in self.lines() if line["message"].startswith(message)]
            return len(found) >= count

        self._wait(enough, f"{count} log lines {message!r}")
        return found

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Sends one request on a connection of its own; returns status, headers and the JSON of the answer."""
        self.wait_for_line("Listening at")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), json.loads(answer.read())
        finally:
            connection.close()

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, f"waited for {what}; log:\n{self.output.read_text()}"
            time.sleep(0.02)
