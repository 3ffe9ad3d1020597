"""The worker: who answers a request, and that half-sent ones hold up nobody. Where one ends is in test_incoming.py."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sentiment.incoming import MAX_HEAD_BYTES
from sentiment.turns import REQUEST_PRICE
from sentiment.worker import SEND_SECONDS, Connection, Worker
from shared.limits import MAX_REVIEW_CHARACTERS, MAX_REVIEWS
from tests.unit.container.service.sent import BODY, CHUNKS, GET, HEAD, WHOLE
from tests.unit.container.service.support import CONTAINER, DEADLINE_SECONDS, Service

Start = Callable[..., Service]


def test_the_module_that_the_master_imports_starts_no_thread_of_onnx_runtime() -> None:
    code = "import sys, sentiment.worker; sys.exit('onnxruntime' in sys.modules or 'numpy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=CONTAINER, env={"PYTHONPATH": str(CONTAINER)}).returncode == 0
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"review": "x", "explain": true}', True),
        (b'{"explain":\n"inside", "review": "x"}', True),
        (b'{"review": "x", "explain": false}', False),
        (b'{"review": "explain"}', False),
        (b'{"review": "\\"explain\\": true"}', False),
    ],
)
def test_only_who_asks_for_an_explanation_is_refused_as_such(body: bytes, expected: bool) -> None:
    asked: list[bool] = []
    turns = SimpleNamespace(refusal=lambda price, explanation: asked.append(explanation))
    worker = SimpleNamespace(wsgi=SimpleNamespace(extensions={"turns": turns}))
    Worker._refusal(cast(Worker, worker), HEAD + b"\r\n" + body)
    assert asked == [expected]


def quick(request: bytes, idle: bool = True, behind: bytes = b"") -> bool:
    worker = SimpleNamespace(wsgi=SimpleNamespace(extensions={"turns": SimpleNamespace(idle=idle)}))
    connection = SimpleNamespace(incoming=SimpleNamespace(data=behind))
    return Worker._is_quick(cast(Worker, worker), cast(Connection, connection), request)


def test_the_event_loop_answers_a_short_prediction_if_the_model_is_free() -> None:
    assert quick(HEAD + b"\r\n" + BODY)
    assert quick(HEAD + b"\r\n" + json.dumps({"review": "At the caf\u00e9 \U0001f600"}).encode())
    assert not quick(HEAD + b"\r\n" + BODY, idle=False)
    assert not quick(HEAD + b"\r\n" + BODY, behind=b"POST")
    assert not quick(GET)
    assert not quick(b"POST /predict/batch HTTP/1.1\r\n\r\n" + BODY)
    assert not quick(HEAD + b"\r\n" + BODY.replace(b"so", b"so" * 1_000))


@pytest.mark.parametrize("place", range(len("explain")))
def test_an_explanation_gets_a_thread_however_it_is_written(place: int) -> None:
    name = "explain"
    for written in (name, name[:place] + f"\\u00{ord(name[place]):02X}" + name[place + 1 :]):
        body = f'{{"review": "I am so happy", "{written}": true}}'.encode()
        assert json.loads(body)[name]
        assert not quick(HEAD + b"\r\n" + body)
        assert not quick(HEAD + b"\r\n" + body.lower())


@pytest.mark.parametrize("stays", [True, False])
def test_the_event_loop_does_not_wait_long_for_a_client_to_read(stays: bool) -> None:
    waited: list[float] = []
    went_on: list[bool] = []

    def handle(connection: Connection) -> bool:
        waited.append(connection.send_seconds)
        return stays

    worker = SimpleNamespace(
        _buffered=len(GET),
        handle=handle,
        _wait_for_next=lambda _: went_on.append(True),
        _linger=lambda _: went_on.append(False),
    )
    connection = SimpleNamespace(parser=SimpleNamespace(unreader=SimpleNamespace(unread=lambda _: None)))
    Worker._answer_here(cast(Worker, worker), cast(Connection, connection), GET)
    assert waited[0] < 0.5
    assert went_on == [stays]
    assert (worker._buffered, connection.taken, connection.send_seconds) == (0, 0, SEND_SECONDS)


@pytest.mark.parametrize("character", ["a", "\u0436", "\U0001f600"])
@pytest.mark.parametrize(
    ("path", "texts", "longest"),
    [
        ("/predict", {"review": 1}, REQUEST_PRICE + MAX_REVIEW_CHARACTERS),
        ("/predict/batch", {"reviews": MAX_REVIEWS}, MAX_REVIEWS * (REQUEST_PRICE + MAX_REVIEW_CHARACTERS)),
    ],
)
def test_a_request_is_not_refused_unread_for_how_its_characters_are_written(
    path: str, texts: dict[str, int], longest: int, character: str
) -> None:
    prices: list[int] = []
    turns = SimpleNamespace(refusal=lambda price, explanation: prices.append(price))
    worker = SimpleNamespace(wsgi=SimpleNamespace(extensions={"turns": turns}))
    text = character * MAX_REVIEW_CHARACTERS
    body = json.dumps({name: text if name == "review" else [text] * count for name, count in texts.items()}).encode()
    Worker._refusal(cast(Worker, worker), f"POST {path} HTTP/1.1\r\n\r\n".encode() + body)
    assert longest / 2 < prices[0] <= longest


# --- as it runs ----------------------------------------------------------------------------------------------------


def connect(service: Service, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", service.port), DEADLINE_SECONDS)
    connection.sendall(sent)
    return connection


def packets(connection: socket.socket) -> int:
    """How many segments with data came so far: ``tcpi_data_segs_in`` of Linux's ``struct tcp_info``."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return int(struct.unpack_from("I", info, 152)[0])


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Reads one answer that says how long it is."""
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while (line := file.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, file.read(int(headers["content-length"]))


@pytest.fixture
def impatient(container: Path, start: Start) -> Service:
    """A service that waits a second for a head and two for a request, and has few threads."""
    worker = container / "sentiment" / "worker.py"
    text = re.sub(r"HEAD_SECONDS = [0-9.]+", "HEAD_SECONDS = 1.0", worker.read_text(), count=1)
    worker.write_text(re.sub(r"REQUEST_SECONDS = [0-9.]+", "REQUEST_SECONDS = 2.0", text, count=1))
    configuration = container / "gunicorn.conf.py"
    configuration.write_text(re.sub(r"\nthreads = \d+", "\nthreads = 2", configuration.read_text()))
    service = start()
    service.wait_for_line("Listening at")
    return service


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux counts segments")
@pytest.mark.parametrize("explain", [b"", b', "explain": true'], ids=["in the event loop", "in a thread"])
def test_head_and_body_of_an_answer_are_one_packet(start: Start, explain: bytes) -> None:
    service = start()
    service.wait_for_line("Listening at")
    body = BODY.replace(b"}", explain + b"}")
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with connect(service) as connection:
        for answered in range(1, 4):
            connection.sendall(request)
            assert answer(connection)[0] == 200
            assert packets(connection) == answered


HALF_SENT = {
    "nothing": b"",
    "half a head": HEAD,
    "half a body": HEAD + b"Content-Length: 30\r\n\r\n{",
    "half a chunk": HEAD + CHUNKS + b"5\r\n{",
}


def test_half_sent_requests_hold_up_nobody(impatient: Service) -> None:
    with ExitStack() as stack:
        for sent in [*HALF_SENT.values()] * 25:
            stack.enter_context(connect(impatient, sent))
        started = time.monotonic()
        assert impatient.request("GET", "/healthz")[0] == 200
        assert impatient.request("POST", "/predict", BODY)[0] == 200
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "sent", [sent for sent in HALF_SENT.values() if sent], ids=[name for name, sent in HALF_SENT.items() if sent]
)
def test_a_request_that_takes_too_long_is_answered_408(impatient: Service, sent: bytes) -> None:
    with connect(impatient, sent) as connection:
        started = time.monotonic()
        status, headers, body = answer(connection)
        assert (status, headers["content-type"], headers["connection"]) == (408, "application/problem+json", "close")
        assert json.loads(body)["status"] == 408
        assert time.monotonic() - started > 0.9
        assert connection.recv(1) == b""


def test_a_trickle_does_not_extend_the_time(impatient: Service) -> None:
    with connect(impatient, HEAD) as connection:
        connection.settimeout(0.2)
        deadline = time.monotonic() + 20
        received = b""
        while not received:
            assert time.monotonic() < deadline
            connection.sendall(b"X-A: b\r\n")
            try:
                received = connection.recv(100)
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408 ")


def test_requests_are_answered_in_turn_on_one_connection(start: Start) -> None:
    requests = [WHOLE["a body"], GET, WHOLE["chunks"]]
    service = start()
    service.wait_for_line("Listening at")
    with connect(service) as connection:
        for request in requests * 2:
            connection.sendall(request)
            assert answer(connection)[0] == 200
    with connect(service, b"".join(requests)) as connection:  # sent before the first was answered
        file = connection.makefile("rb")
        statuses: list[bytes] = []
        while len(statuses) < len(requests):
            line = file.readline()
            assert line
            if line.startswith(b"HTTP/1.1 "):
                statuses.append(line.split()[1])
        assert statuses == [b"200"] * 3


def test_what_is_too_long_is_refused_before_it_is_sent(start: Start) -> None:
    service = start()
    service.wait_for_line("Listening at")
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"
    with connect(service, head) as connection:
        status, headers, _ = answer(connection)
        assert (status, headers["connection"]) == (413, "close")
    with connect(service, b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES) as connection:
        assert answer(connection)[0] == 431


def test_a_client_that_waits_to_be_told_is_told_once(start: Start) -> None:
    service = start()
    service.wait_for_line("Listening at")
    with connect(service, HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)) as connection:
        told = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(told), socket.MSG_WAITALL) == told
        connection.sendall(BODY)
        assert answer(connection)[0] == 200


def test_a_body_that_nobody_reads_costs_neither_the_connection_nor_a_second_answer(start: Start) -> None:
    service = start()
    service.wait_for_line("Listening at")
    wrong = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
    with connect(service) as connection:
        connection.sendall(wrong + b"Content-Length: 200000\r\n\r\n" + b" " * 200_000)
        assert answer(connection)[0] == 415
        connection.sendall(WHOLE["a body"])
        assert answer(connection)[0] == 200
        connection.sendall(wrong + CHUNKS + b"0x2\r\n{}\r\n0\r\n\r\n")
        assert answer(connection)[0] == 415
        assert connection.recv(100) == b""


def test_clients_that_send_nothing_make_room(container: Path, start: Start) -> None:
    configuration = container / "gunicorn.conf.py"
    text = re.sub(r"\nthreads = \d+", "\nthreads = 2", configuration.read_text())
    configuration.write_text(re.sub(r"\nworker_connections = \S+", "\nworker_connections = 20", text))
    service = start()
    service.wait_for_line("Listening at")
    with ExitStack() as stack:
        half = stack.enter_context(connect(service, HEAD))
        for _ in range(50):
            stack.enter_context(connect(service))
        started = time.monotonic()
        for _ in range(5):
            assert service.request("POST", "/predict", BODY)[0] == 200
        half.sendall(b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert answer(half)[0] == 200
        assert time.monotonic() - started < 5


def test_refused_requests_that_were_sent_at_once_end_their_connection_alone(container: Path, start: Start) -> None:
    turns = container / "sentiment" / "turns.py"
    always = "        with self._lock:\n            if explanation and self._share_left() <= 0:"
    changed = turns.read_text().replace(always, f"        return RefusedError(1.0)\n{always}")
    assert changed != turns.read_text()
    turns.write_text(changed)
    service = start()
    service.wait_for_line("Listening at")
    with connect(service, WHOLE["a body"] * 700) as connection:
        status, headers, _ = answer(connection)
        assert (status, headers["connection"]) == (503, "close")
    assert service.request("GET", "/healthz")[0] == 200
    refused = service.wait_for_line("request")[0]
    assert (refused["route"], refused["status"]) == ("POST /predict", 503)
    assert len(service.wait_for_line("Booting worker")) == 1


CANARY = b"verysecretword"
SENT = HEAD + b"Content-Length: 2\r\n\r\n{}"
MALFORMED = {
    "a text instead of a request": (b"my " + CANARY + b" of a text\r\n\r\n", 400),
    "a small method": (CANARY + b" /predict HTTP/1.1\r\n\r\n", 400),
    "a bad address": (b"GET " + CANARY + b" HTTP/1.1\r\n\r\n", 400),
    "a long address": (b"GET /" + CANARY + b"x" * 5_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a header without a name": (HEAD + b": " + CANARY + b"\r\n\r\n", 400),
    "a header with a bad name": (HEAD + CANARY + b" x: y\r\n\r\n", 400),
    "two content types": (HEAD + b"Content-Type: " + CANARY + b"\r\n\r\n", 400),
    "a long header": (HEAD + b"X: " + CANARY * 800 + b"\r\n\r\n", 431),
    "another expectation": (HEAD + b"Expect: " + CANARY + b"\r\n\r\n", 417),
    "an unknown coding": (HEAD + b"Transfer-Encoding: " + CANARY + b"\r\n\r\n", 501),
    "a bad length": (HEAD + b"Content-Length: " + CANARY + b"\r\n\r\n", 400),
    "a bad chunk size": (HEAD + CHUNKS + CANARY + b"\r\n\r\n", 400),
    "a chunk size with a prefix": (HEAD + CHUNKS + b"0x2\r\n{}\r\n0\r\n\r\n", 400),
    "a longer chunk than it says": (HEAD + CHUNKS + b"2\r\n{}" + CANARY + b"\r\n0\r\n\r\n", 400),
    "a length among the trailers": (HEAD + CHUNKS + b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n", 400),
}


def test_what_is_no_http_gets_a_problem_document_and_none_of_it_is_logged(start: Start) -> None:
    service = start(LOG_LEVEL="debug")
    service.wait_for_line("Listening at")
    for name, (sent, expected) in MALFORMED.items():
        with connect(service, sent) as connection:
            status, headers, body = answer(connection)
            assert (name, status, headers["content-type"]) == (name, expected, "application/problem+json")
            assert json.loads(body)["status"] == expected
            assert CANARY not in body
            assert headers["x-request-id"]
            assert connection.recv(1) == b"", name
    with connect(service, SENT + b"half a request with " + CANARY) as connection:
        assert answer(connection)[0] == 400
        connection.shutdown(socket.SHUT_WR)
    lines = service.wait_for_line("request", len(MALFORMED) + 1)
    assert {line["level"] for line in lines} == {"INFO"}
    assert [line["status"] for line in lines if line["route"] is None]
    assert CANARY.decode() not in service.output.read_text() + service.errors.read_text()
    assert "ip=" not in service.output.read_text()


def test_clients_that_keep_a_closed_connection_hold_up_nobody(start: Start) -> None:
    service = start()
    service.wait_for_line("Listening at")
    closing = b"GET /model HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with ExitStack() as stack:
        for connection in [stack.enter_context(connect(service, closing)) for _ in range(20)]:
            assert answer(connection)[0] == 200
        started = time.monotonic()
        assert service.request("GET", "/healthz")[0] == 200
        assert time.monotonic() - started < 1.5  # gunicorn would wait two seconds for each of them


def test_health_and_short_predictions_are_answered_while_every_thread_is_taken(container: Path, start: Start) -> None:
    configuration = container / "gunicorn.conf.py"
    configuration.write_text(re.sub(r"\nthreads = \d+", "\nthreads = 2", configuration.read_text()))
    app = container / "sentiment" / "app.py"
    slow = '    @app.get("/model")\n    def card() -> dict[str, Any]:\n        time.sleep(3)\n'
    changed = app.read_text().replace('    @app.get("/model")\n    def card() -> dict[str, Any]:\n', slow)
    assert changed != app.read_text()
    app.write_text(changed)
    service = start()
    service.wait_for_line("Listening at")
    with ExitStack() as stack:
        taken = [stack.enter_context(connect(service, GET)) for _ in range(2)]
        time.sleep(0.2)
        with connect(service, GET) as connection:
            status, headers, _ = answer(connection)
            assert (status, headers["retry-after"]) == (503, "1")
        with connect(service, WHOLE["a body"]) as connection:
            assert answer(connection)[0] == 200
        started = time.monotonic()
        assert service.request("GET", "/healthz")[0] == 200
        assert time.monotonic() - started < 2
        assert [answer(one)[0] for one in taken] == [200, 200]


def test_explanations_beyond_their_share_are_refused_unread_and_the_connection_stays(
    container: Path, start: Start
) -> None:
    turns = container / "sentiment" / "turns.py"
    turns.write_text(
        re.sub(r"EXPLANATION_(SHARE|BURST_SECONDS) = [0-9.]+", r"EXPLANATION_\1 = 0.001", turns.read_text())
    )
    service = start()
    service.wait_for_line("Listening at")
    body = b'{"review": "I am so happy", "explain": true}'
    explain = HEAD + b"X-Request-Id: abc-9\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    hidden = explain.replace(b'"explain"', rb'"\u0065xplain"').replace(b"Length: 44", b"Length: 49")
    with connect(service) as connection:
        statuses = set()
        for _ in range(20):
            connection.sendall(explain)
            statuses.add(answer(connection)[0])
        assert statuses == {200, 429}
        for request in (explain, hidden):
            connection.sendall(request)
            status, headers, document = answer(connection)
            assert (status, headers["x-request-id"]) == (429, "abc-9")
            assert int(headers["retry-after"]) > 0
            assert "Too many explanations" in json.loads(document)["detail"]
        connection.sendall(WHOLE["a body"])
        assert answer(connection)[0] == 200
    (line,) = {line["requestId"] for line in service.wait_for_line("request", 23) if line["status"] == 429}
    assert line == "abc-9"
