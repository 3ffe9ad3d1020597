"""The only origin of the laptop cloud: the site at ``/``, the HTTP API at ``/api``, the console at ``/console``.

It serves the site as S3's website endpoint does, with index and error documents, which the emulator lacks. It also
gives the page and its API one address: the hosts in the stacks' outputs do not resolve on a laptop. Presigned links are
at ``/lent``, so that no client needs the emulator's port.

Every page that is open in a browser can send requests to loopback. So a request is refused when its Host header is not
a name of loopback (DNS rebinding), or when it comes from a page of another origin.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from generator import catalogue
from scripts.local.console import server as consoles
from scripts.local.console.server import Console
from scripts.local.hosts import forwarded_host, is_loopback, origins_of
from scripts.local.keys import FRONT_HEADER

API = "/api"
LENT = "/lent"  # prefix of presigned links to S3
HOST = "127.0.0.1"
MAX_BODY_BYTES = 10 * 1024 * 1024 + 1  # one byte more than the API's own limit, so that the API itself refuses it
# Shorter than the emulator's own idle timeout, so that no request is sent on a connection that is being closed (see
# ``emulator``).
IDLE_SECONDS = 60
LOOK_AGAIN_SECONDS = 1.0  # shortest interval between two searches for an app that may have moved
ANSWER_SECONDS = 35  # longer than an HTTP API's own timeout of 30 s
CHUNK_BYTES = 64 * 1024
LINE_BYTES = 1024  # of a chunk's length, and of a trailer
MAX_TRAILERS = 16

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
# What CloudFront adds and a bucket alone cannot: no other page may put this one into a frame.
SITE_GUARD = [("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors 'none'")]
LENT_ANSWER_HEADERS = SITE_ANSWER_HEADERS | {"content-disposition"}


class PortInUseError(Exception):
    """Another process listens on the port."""


@dataclass(frozen=True)
class Backend:
    """Where the emulator answers.

    Attributes:
        port: the emulator's port on 127.0.0.1.
        bucket: name of the site's bucket.
        api_id: id of the HTTP API.
        secret: proves to the emulator that a request comes from the front.
    """

    port: int
    bucket: str
    api_id: str
    secret: str = ""


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
        find: finds the app's present backend; returns None when it does not find one.
        origins: of pages that may call the API: this front's own, and those of a page on its own origin.
        public_url: where a browser finds it: its URL, or in a Codespace the forwarded one.
        console: shows the cloud to whoever started it; None where there is none.

    Raises:
        PortInUseError: the port is taken.
        PermissionError: the port needs privileges (below 1024).
    """

    daemon_threads = True
    request_queue_size = 128
    console: Console | None = None
    api_url = ""  # overrides the apiUrl of config.json

    def __init__(self, port: int) -> None:
        self.find: Callable[[], Backend | None] = lambda: None
        self._backend: Backend | None = None
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
        self._forwarded = forwarded_host(self.port)
        self.public_url = f"https://{self._forwarded}" if self._forwarded else self.url
        self.origins = origins_of(self.port, self._forwarded)

    def is_named(self, host: str) -> bool:
        """Whether a Host header names this front."""
        return is_loopback(host) or (self._forwarded != "" and host.lower() == self._forwarded)

    @property
    def backend(self) -> Backend | None:
        """Where the app is; None until it is deployed."""
        return self._backend

    @backend.setter
    def backend(self, backend: Backend | None) -> None:
        self._backend = backend

    def moved(self, old: Backend) -> Backend | None:
        """The app's new backend, if it has moved: it may have been destroyed and redeployed."""
        with self._looking:
            if self.backend == old and time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
                self.backend = self.find() or old
                self._looked = time.monotonic()
            return self.backend if self.backend != old else None

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up."""


class PageFront(Front):
    """The page alone, on its own origin: a browser sends preflight requests to the API, as it does on AWS.

    Args:
        port: TCP port on 127.0.0.1; 0 for a free one.
        front: has the API, and from now on accepts calls from this page.

    Raises:
        PortInUseError: the port is taken.
        PermissionError: the port needs privileges (below 1024).
    """

    def __init__(self, port: int, front: Front) -> None:
        super().__init__(port)
        self._front = front
        self.api_url = front.public_url + API
        front.origins |= self.origins

    @property
    def backend(self) -> Backend | None:
        """Where the app is; None until it is deployed."""
        return self._front.backend

    @backend.setter
    def backend(self, backend: Backend | None) -> None:
        self._front.backend = backend

    def moved(self, old: Backend) -> Backend | None:
        """The app's new backend, if it has moved."""
        return self._front.moved(old)


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
        if not self._may_ask():
            return
        body = self._read_body()
        if body is None:
            return
        backend = self.server.backend
        self.path = quote(self.path, safe=string.printable, encoding="latin-1")
        path = _path(self.path)
        if self.server.console and (path == consoles.PATH or path.startswith(consoles.PATH + "/")):
            self._serve_console(self.server.console, path)
        elif backend is None:
            self._say(503, "The laptop cloud is starting", [("Retry-After", "1")])
        elif not path:
            self._say(400, "Bad Request")
        elif not self.server.api_url and (path == API or path.startswith(API + "/")):
            self._serve_api(backend, body)
        elif not self.server.api_url and path.startswith(LENT + "/"):
            self._serve_lent(backend)
        elif self.command in ("GET", "HEAD"):
            self._serve_site(backend, path)
        else:
            self._say(405, "Method Not Allowed", [("Allow", "GET, HEAD")])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def do_TRACE(self) -> None:
        """Refuse to send a request back, as load balancers and CloudFront do too."""
        if self._read_body() is not None:
            self._say(405, "Method Not Allowed", [("Allow", "GET, HEAD, POST, OPTIONS")])

    def _may_ask(self) -> bool:
        """Whether Host and Origin are allowed; if not, an error has been sent to the client."""
        if self.headers.defects:  # a malformed line hides all headers below it, Origin and Content-Length too
            self._refuse(400, "Malformed header")
            return False
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.is_named(hosts[0]):
            self._refuse(403, f"Unknown host name: open {self.server.public_url} instead")
            return False
        origins = self.headers.get_all("Origin") or []
        if any(origin not in {*self.server.origins, f"http://{hosts[0]}"} for origin in origins):
            self._refuse(403, "Requests from pages of other origins are refused")
            return False
        return True

    def _serve_console(self, console: Console, path: str) -> None:
        answer = console.answer(self.command, path, urlsplit("http://front" + self.path).query, self.headers)
        self.send_response_only(answer.status)
        for key, value in {**answer.headers, "Content-Type": answer.type}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _serve_api(self, backend: Backend, body: bytes) -> None:
        target = f"/_aws/execute-api/{backend.api_id}/$default{self.path.removeprefix(API) or '/'}"
        headers = [(key, value) for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP | {"host"}]
        answer = self._ask(backend, self.command, target, headers, body)
        if answer is not None and answer.status == 404 and (now := self.server.moved(backend)):
            answer.read()
            self._serve_api(now, body)
        elif answer is not None:
            self._pass_on(answer, [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP])

    def _serve_lent(self, backend: Backend) -> None:
        """Pass a presigned request for an S3 object on; the emulator verifies the signature."""
        if self.command not in ("GET", "HEAD") or "X-Amz-Signature=" not in self.path:
            self._say(403, "Forbidden")
            return
        headers = [(name, value) for name, value in self.headers.items() if name.lower() in SITE_REQUEST_HEADERS]
        answer = self._ask(backend, self.command, self.path.removeprefix(LENT), headers, is_ours=False)
        if answer is not None:
            sent = [pair for pair in answer.getheaders() if pair[0].lower() in LENT_ANSWER_HEADERS]
            self._pass_on(answer, [*sent, *self._cors()])

    def _serve_site(self, backend: Backend, path: str) -> None:
        key = path + catalogue.SITE_INDEX if path.endswith("/") else path
        if self.server.api_url and key == f"/{catalogue.SITE_CONFIG}":
            self._serve_config(backend, key)
            return
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
            headers = [p for p in answer.getheaders() if p[0].lower() in SITE_ANSWER_HEADERS]
            self._pass_on(answer, headers + SITE_GUARD, status)

    def _serve_config(self, backend: Backend, key: str) -> None:
        """Serve the page's settings with the API's absolute URL."""
        answer = self._ask(backend, "GET", f"/{backend.bucket}{key}", [])
        if answer is not None:
            content = answer.read()
            if answer.status == 200:
                self._send_json(
                    200, {**json.loads(content), "apiUrl": self.server.api_url}, [("Cache-Control", "no-cache")]
                )
            else:
                self._say(404, "Not Found")

    def _ask(
        self,
        backend: Backend,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes = b"",
        is_ours: bool = True,
    ) -> http.client.HTTPResponse | None:
        """The emulator's answer, or None when there is none and an error has been sent to the client.

        Args:
            backend: where the emulator is.
            method: of the request.
            target: path and query, percent-encoded.
            headers: of the request, hop-by-hop headers left out.
            body: of the request.
            is_ours: whether to vouch for the request; without that, its own signature must be valid.
        """
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(HOST, backend.port, timeout=ANSWER_SECONDS)
        try:
            self._upstream.putrequest(method, target, skip_accept_encoding=True)
            if is_ours:
                self._upstream.putheader(FRONT_HEADER, backend.secret)
            for key, value in headers:
                if key.lower() not in ("content-length", FRONT_HEADER):
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
        """The request's body, or None when it is refused and the client has been told."""
        codings = [each.strip().lower() for each in self.headers.get_all("Transfer-Encoding") or []]
        lengths = self.headers.get_all("Content-Length") or ([] if codings else ["0"])
        try:
            # Both headers at once are refused: that is how requests are smuggled (RFC 9112, 6.1).
            if codings not in ([], ["chunked"]) or len({*lengths, *codings}) != 1:
                raise ValueError("ambiguous length")
            return self._read_chunks() if codings else self._read_bytes(lengths[0])
        except _TooLongError:
            self._refuse(413, "Request Entity Too Large")
        except ValueError:
            self._refuse(400, "Bad Request")
        return None

    def _read_bytes(self, length: str) -> bytes:
        """Read a body of the given Content-Length."""
        if not length.isascii() or not length.isdigit():
            raise ValueError("not a number")
        digits = length.lstrip("0") or "0"
        if len(digits) > len(str(MAX_BODY_BYTES)) or int(digits) > MAX_BODY_BYTES:
            raise _TooLongError
        body = self.rfile.read(int(digits))
        if len(body) < int(digits):
            raise ValueError("cut short")
        return body

    def _read_chunks(self) -> bytes:
        """Read a chunked body (RFC 9112, 7.1)."""
        body = bytearray()
        while (size := _chunk_size(self.rfile.readline(LINE_BYTES))) > 0:
            if len(body) + size > MAX_BODY_BYTES:
                raise _TooLongError
            chunk = self.rfile.read(size + 2)
            if len(chunk) < size + 2 or chunk[-2:] != b"\r\n":
                raise ValueError("cut short")
            body += chunk[:-2]
        trailers = 0
        while (line := self.rfile.readline(LINE_BYTES)) != b"\r\n":
            trailers += 1
            if not line.endswith(b"\n") or trailers > MAX_TRAILERS:
                raise ValueError("too many trailers")
        return bytes(body)

    def _refuse(self, status: int, words: str) -> None:
        """Answer without reading the body, and close the connection."""
        self.close_connection = True
        self._say(status, words, [("Connection", "close")])

    def _say(self, status: int, words: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer ourselves, in the shape in which API Gateway answers."""
        self._send_json(status, {"message": words}, headers)

    def _send_json(self, status: int, content: object, headers: Iterable[tuple[str, str]] = ()) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(status)
        for key, value in [*headers, *self._cors()]:
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cors(self) -> list[tuple[str, str]]:
        """The CORS header of the front's own answers, which the API's answers have too."""
        origin = self.headers.get("Origin")
        return [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")] if origin in self.server.origins else []

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


class _TooLongError(Exception):
    """The body is longer than ``MAX_BODY_BYTES``."""


def _path(target: str) -> str:
    """The percent-encoded path of a request's target; "" if it is invalid or has dot segments."""
    if not target.startswith("/"):
        return ""
    path = urlsplit("http://front" + target).path
    return "" if any(part in (".", "..") for part in unquote(path).split("/")) else path


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not line.endswith(b"\n") or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", digits):
        raise ValueError("not a chunk size")
    return int(digits, 16)
