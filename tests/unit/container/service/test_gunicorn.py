"""The service as it runs: gunicorn with its configuration, started as in the image."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sentiment.model import Model
from tests.unit.container.service.support import DEADLINE_SECONDS, Service

Start = Callable[..., Service]
BODY = b'{"review": "I am so happy that my quiet text stays mine"}'


def test_it_answers_is_healthy_and_logs_json_without_the_text(start: Start, model: Model) -> None:
    service = start(LOG_LEVEL="debug")
    assert service.request("GET", "/healthz")[0] == 200
    status, headers, document = service.request("POST", "/predict", BODY, {"X-Request-Id": "abc-3"})
    assert (status, headers["X-Request-Id"], document["model"]) == (200, "abc-3", model.revision)
    (line,) = [line for line in service.wait_for_line("request", 2) if line.get("requestId") == "abc-3"]
    assert (line["route"], line["status"], line["stage"]) == ("POST /predict", 200, "test")
    assert "quiet" not in service.output.read_text()


def test_the_probe_of_the_image_tells_health(start: Start, container: Path) -> None:
    service = start()
    service.wait_for_line("model loaded")

    def probe() -> int:
        environment = {"HOST": "127.0.0.1", "PORT": str(service.port)}
        return subprocess.run([sys.executable, "-m", "sentiment.probe"], cwd=container, env=environment).returncode

    assert probe() == 0
    service.process.terminate()
    service.process.wait(DEADLINE_SECONDS)
    assert probe() == 1


def test_sigterm_finishes_what_is_in_flight(start: Start) -> None:
    service = start()
    service.wait_for_line("Listening at")
    with socket.create_connection(("127.0.0.1", service.port), DEADLINE_SECONDS) as connection:
        answer = connection.makefile("rb")
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(BODY)
        )
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"  # a thread is now waiting for the body
        answer.readline()
        service.process.terminate()
        service.wait_for_line("Handling signal: term")
        connection.sendall(BODY)
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        assert b'"review":"I am so happy' in answer.read()
    assert service.process.wait(DEADLINE_SECONDS) == 0
    assert {line["level"] for line in service.lines()} == {"INFO"}
    assert service.errors.read_text() == ""


def test_each_of_two_workers_answers(start: Start) -> None:
    service = start(WORKERS="2")
    service.wait_for_line("model loaded", 2)
    workers = [int(line["message"].split()[-1]) for line in service.wait_for_line("Booting worker", 2)]
    for frozen in workers:
        os.kill(frozen, signal.SIGSTOP)
        try:
            assert service.request("POST", "/predict", BODY)[0] == 200
        finally:
            os.kill(frozen, signal.SIGCONT)


def test_a_killed_worker_is_replaced(start: Start) -> None:
    service = start()
    service.wait_for_line("model loaded")
    (worker,) = [int(line["message"].split()[-1]) for line in service.wait_for_line("Booting worker")]
    os.kill(worker, signal.SIGKILL)
    service.wait_for_line("model loaded", 2)
    assert service.request("POST", "/predict", BODY)[0] == 200


def test_a_damaged_model_ends_the_start_with_the_reason(start: Start, container: Path) -> None:
    (path,) = (container / "model").glob("*.onnx")
    path.write_bytes(path.read_bytes()[:-1])
    service = start()
    assert service.process.wait(DEADLINE_SECONDS) == 3
    (line,) = [line for line in service.lines() if line["level"] == "CRITICAL"]
    assert path.name in line["message"]
    assert "damaged" in line["message"]


def test_a_setting_that_cannot_be_used_ends_the_start_with_the_reason(start: Start) -> None:
    service = start(WORKERS="many")
    assert service.process.wait(DEADLINE_SECONDS) == 1
    assert service.errors.read_text().startswith("the service does not start: WORKERS is 'many'")


def test_nothing_is_written_beside_its_code(start: Start, container: Path) -> None:
    before = {path.relative_to(container) for path in container.rglob("*")}
    service = start(PYTHONDONTWRITEBYTECODE="1")
    assert service.request("POST", "/predict", BODY)[0] == 200
    assert {path.relative_to(container) for path in container.rglob("*")} == before
