"""Stands between a Lambda and what it calls, and breaks some of the calls."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.cloudformation.stacks import collect_outputs
from tests.faults.traffic import address
from tests.local.running import RunningApp

# What becomes of a call: None passes it on.
THROTTLED, FAILED, UNANSWERED = "throttled", "failed", "done, and never answered"
Fault = Callable[[int, str, str], str | None]  # number of the call, method, path

_ERRORS = {
    THROTTLED: (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Rate exceeded"}),
    FAILED: (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "broken"}),
}


class Between(ThreadingHTTPServer):
    """Passes calls on to the emulator, but for those that are to break.

    Args:
        upstream: the emulator's address.
        fault: what becomes of each call.
    """

    daemon_threads = True

    def __init__(self, upstream: str, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = address(upstream)
        self.fault = fault
        self.numbers = itertools.count()
        self.broken = 0
        self.ends = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers hang up; that is what some of them are here for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Between

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault(next(self.server.numbers), self.command, self.path)
        self.server.broken += fault is not None
        if fault in _ERRORS:
            status, error = _ERRORS[fault]
            self._answer(status, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(error).encode())
            return
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=30)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
        if fault == UNANSWERED:
            self.server.ends.wait(60)
            self.close_connection = True
            return
        self._answer(answer.status, answer.getheaders(), content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for key, value in headers:
            if key.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the tests."""


@contextlib.contextmanager
def between(app: RunningApp, function: str, service: str, fault: Fault, **settings: Any) -> Iterator[Between]:
    """Put something between a Lambda and a service while the block runs.

    Args:
        app: the laptop cloud.
        function: logical id of the Lambda.
        service: what its calls go to, as boto3's environment variable names it, such as ``DYNAMODB``.
        fault: what becomes of each call.
        settings: of the function, changed too, such as ``Timeout``.
    """
    server = Between(app.endpoint_url, fault)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with changed(app, function, {f"AWS_ENDPOINT_URL_{service}": server.url}, **settings):
            yield server
    finally:
        server.ends.set()
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def changed(app: RunningApp, function: str, variables: dict[str, str], **settings: Any) -> Iterator[None]:
    """Give a Lambda other settings, and more variables, while the block runs."""
    calls = app.cloud.client("lambda")
    stack = app.cloud.client("cloudformation").describe_stack_resources(StackName="sentiment-local-api")
    names = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in stack["StackResources"]}
    before = calls.get_function_configuration(FunctionName=names[function])
    environment = before["Environment"]["Variables"]
    calls.update_function_configuration(
        FunctionName=names[function], Environment={"Variables": {**environment, **variables}}, **settings
    )
    try:
        yield
    finally:
        calls.update_function_configuration(
            FunctionName=names[function],
            Environment={"Variables": environment},
            **{key: before[key] for key in settings},
        )


def table_of(app: RunningApp) -> str:
    """Name of the table of judgements."""
    return collect_outputs(app.cloud)["JudgementsTableName"]
