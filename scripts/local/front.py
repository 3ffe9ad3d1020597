"""The only origin of the laptop cloud: the site at ``/``, the HTTP API at ``/api``, and nothing else of the emulator.

It serves the site as S3's website endpoint does, with index and error documents, which the emulator lacks. It also
gives the page and its API one address: the hosts in the stacks' outputs do not resolve on a laptop.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from generator import catalogue

API = "/api"
HOST = "127.0.0.1"
MAX_BODY_BYTES = 10 * 1024 * 1024 + 1  # one byte more than the API's own limit, so that the API itself refuses it
# Shorter than the emulator's own idle timeout, so that no request is sent on a connection that is being closed (see
# ``emulator``).
IDLE_SECONDS = 60
LOOK_AGAIN_SECONDS = 1.0  # shortest interval between two searches for an app that may have moved
ANSWER_SECONDS = 35  # longer than an HTTP API's own timeout of 30 s
CHUNK_BYTES = 64 * 1024

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# A website endpoint takes no part in S3's own protocol: no query, no x-amz headers, no credentials.
SITE_REQUEST_HEADERS = {"accept", "accept-encoding", "if-modified-since", "if-none-match", "range"}
SITE_ANSWER_HEADERS = {
    "accept-ranges",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
}


class PortInUseError(Exception):
    """Another process listens on the port."""


@dataclass(frozen=True)
class Backend:
    """Where the emulator answers.

    Attributes:
        port: the emulator's port on 127.0.0.1.
        bucket: name of the site's bucket.
        api_id: id of the HTTP API.
    """

    port: int
    bucket: str
    api_id: str


def _answers(port: int) -> bool:
    """Whether somebody answers on a port of this machine.

    On macOS and the BSDs, 127.0.0.1 can be bound beside a server that listens on every address, and takes its visitors.
    """
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except (OSError, OverflowError):
        return False


class Front(ThreadingHTTPServer):
    """Listens as soon as it is created; answers 503 until it has a backend.

    Args:
        port: TCP port on 127.0.0.1; 0 for a free one.

    Attributes:
        backend: where the app is; None until it is deployed.
        find: finds the app's present backend; returns None when it does not find one.

    Raises:
        PortInUseError: the port is taken.
        PermissionError: the port needs privileges (below 1024).
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        self.backend: Backend | None = None
        self.find: Callable[[], Backend | None] = lambda: None
        self._looked = 0.0
        self._looking = threading.Lock()
        if port and _answers(port):
            raise PortInUseError(f"somebody answers on port {port}")
        try:
            super().__init__((HOST, port), Handler)
        except PermissionError:
            raise
        except OSError as error:
            raise PortInUseError(str(error)) from error
        self.port: int = self.server_address[1]
        self.url = f"http://{HOST}:{self.port}"

    def moved(self, old: Backend) -> Backend | None:
        """The app's new backend, if it has moved: it may have been destroyed and redeployed."""
        with self._looking:
            if self.backend == old and time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
                self.backend = self.find() or old
                self._looked = time.monotonic()
            return self.backend if self.backend != old else None

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """One client's connection, and its connection to the emulator."""

    protocol_version = "HTTP/1.1"
    server_version = "laptop-cloud"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = CHUNK_BYTES
    server: Front

    def setup(self) -> None:
        """Accept a client's connection."""
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        """Close both connections."""
        super().finish()
        self._hang_up()

    def serve(self) -> None:
        """Answer one request of any method."""
        body = self._read_body()
        if body is None:
            return
        backend = self.server.backend
        path = urlsplit(self.path).path if self.path.startswith("/") else ""
        if backend is None:
            self._say(503, "The laptop cloud is starting", [("Retry-After", "1")])
        elif not path or any(part in (".", "..") for part in unquote(path).split("/")):
            self._say(400, "Bad Request")
        elif path == API or path.startswith(API + "/"):
            self._serve_api(backend, body)
        elif self.command in ("GET", "HEAD"):
            self._serve_site(backend, path)
        else:
            self._say(405, "Method Not Allowed", [("Allow", "GET, HEAD")])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def _serve_api(self, backend: Backend, body: bytes) -> None:
        target = f"/_aws/execute-api/{backend.api_id}/$default{self.path.removeprefix(API) or '/'}"
        headers = [(key, value) for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP | {"host"}]
        answer = self._ask(backend, self.command, target, headers, body)
        if answer is not None and answer.status == 404 and (now := self.server.moved(backend)):
            answer.read()
            self._serve_api(now, body)
        elif answer is not None:
            self._pass_on(answer, [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP])

    def _serve_site(self, backend: Backend, path: str) -> None:
        key = path + catalogue.SITE_INDEX if path.endswith("/") else path
        headers = [(name, value) for name, value in self.headers.items() if name.lower() in SITE_REQUEST_HEADERS]
        answer = self._ask(backend, self.command, f"/{backend.bucket}{key}", headers)
        status = None
        if answer is not None and answer.status in (
            403,
            404,
        ):  # 403: S3 without permission to list
            answer.read()
            if now := self.server.moved(backend):
                self._serve_site(now, path)
                return
            status = 404
            answer = self._ask(backend, self.command, f"/{backend.bucket}/{quote(catalogue.SITE_ERROR)}", [])
        if answer is not None:
            self._pass_on(answer, [p for p in answer.getheaders() if p[0].lower() in SITE_ANSWER_HEADERS], status)

    def _ask(
        self, backend: Backend, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b""
    ) -> http.client.HTTPResponse | None:
        """The emulator's answer, or None when there is none and an error has been sent to the client."""
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(HOST, backend.port, timeout=ANSWER_SECONDS)
        try:
            self._upstream.putrequest(method, target, skip_accept_encoding=True)
            for key, value in headers:
                if key.lower() != "content-length":
                    self._upstream.putheader(key, value)
            if body or method in ("POST", "PUT", "PATCH"):
                self._upstream.putheader("Content-Length", str(len(body)))
            self._upstream.endheaders(body)
            return self._upstream.getresponse()
        except TimeoutError:
            self._say(504, "The laptop cloud took too long to answer")
        except (OSError, http.client.HTTPException, ValueError):
            self._say(502, "The laptop cloud does not answer; see its terminal for the reason")
        self._hang_up()
        return None

    def _pass_on(
        self, answer: http.client.HTTPResponse, headers: list[tuple[str, str]], status: int | None = None
    ) -> None:
        """Stream an answer to the client."""
        self.send_response_only(status or answer.status)
        for key, value in headers:
            self.send_header(key, value)
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        chunked = has_body and answer.getheader("Content-Length") is None
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while has_body and (chunk := answer.read1(CHUNK_BYTES)):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            if has_body and answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
            answer.read()  # the end of the answer, so that the connection can be used again
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # truncating the body is the only way left to signal an error
            self._hang_up()

    def _read_body(self) -> bytes | None:
        """The request's body, or None when it is refused and an error has been sent to the client."""
        if "Transfer-Encoding" in self.headers:
            self._refuse(411, "Length Required")
            return None
        lengths = self.headers.get_all("Content-Length") or ["0"]
        if len(set(lengths)) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
            self._refuse(400, "Bad Request")
            return None
        if int(lengths[0]) > MAX_BODY_BYTES:
            self._refuse(413, "Request Entity Too Large")
            return None
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            self._refuse(400, "Bad Request")
            return None
        return body

    def _refuse(self, status: int, words: str) -> None:
        """Answer without reading the body, and close the connection."""
        self.close_connection = True
        self._say(status, words, [("Connection", "close")])

    def _say(self, status: int, words: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer ourselves, in API Gateway's format."""
        body = json.dumps({"message": words}).encode()
        self.send_response_only(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer requests that http.server cannot parse, in the same format."""
        self.close_connection = True
        self.headers = getattr(self, "headers", None) or Message()
        self.command = getattr(self, "command", None) or "GET"
        self._say(code, message or http.client.responses.get(code, "Bad Request"), [("Connection", "close")])

    def log_message(self, *_: object) -> None:
        """Log nothing: the terminal is for messages to the user."""

    def _hang_up(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None
