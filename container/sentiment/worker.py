"""A gunicorn worker whose threads get whole requests only, and whose health checks have a thread of their own.

gunicorn's threaded worker gives a connection to a thread as soon as it is there, and the thread waits for the rest of
the request: as many half-sent requests as there are threads, and nobody is answered any more. Here the worker's event
loop, which waits for all connections at once, receives head and body and gives a request away when it is whole, so that
a slow client costs a little memory and, after a while, gets 408. In front of a load balancer that hardly matters; with
``docker run -p`` it does.

A short prediction takes a millisecond, and to hand it to a thread and back costs so much that without that one core
answers 15 to 37 % more of them (measured in turns). So the event loop answers it itself, if nobody has or awaits the
turn at the model.

gunicorn's master imports this module, and may not import ONNX Runtime (gunicorn.conf.py says why): so nothing here
imports the model.

incoming.py says where a request ends. gunicorn's parser reads it, and refuses it where it is wrong.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import selectors
import socket
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from sentiment.incoming import MAX_HEAD_BYTES, Incoming
from sentiment.turns import REQUEST_PRICE, RefusedError
from shared import logs
from shared.limits import MAX_REVIEW_CHARACTERS, MAX_REVIEWS
from shared.problems import CONTENT_TYPE, Problem, fault, try_later

HEALTH_CHECK = b"GET /healthz "
HEAD_SECONDS = 10.0  # in which a head has to be here, from its first byte on
REQUEST_SECONDS = 20.0  # in which a request has to be here as a whole
SEND_SECONDS = 10.0  # in which a client has to take its answer
# The same where all others wait meanwhile. It is used up only once the kernel holds all it can of answers not yet read.
SEND_SECONDS_HERE = 0.2
QUICK_BYTES = 2_048  # of a request that the event loop answers: of longer texts, the shorter go first (turns.py)
ACCEPTED_AT_ONCE = 64  # connections
LINGER_SECONDS = 2.0  # that a client has to close its end, so that what it still sends destroys no answer
MAX_BUFFERED_BYTES = 16 * 1024 * 1024  # of all requests that are not answered yet
_READ_BYTES = 64 * 1024

_CLOSES = re.compile(rb"(?i) HTTP/1\.0(?:\r\n|$)|\r\nconnection:[ \t]*close")
_REQUEST_ID = re.compile(rb"(?i)\r\nx-request-id:[ \t]*([\w.:;=/+-]{1,200})[ \t]*(?=\r\n|$)")
_PREDICTION = b"POST /predict"  # and what begins like it
_BATCH = _PREDICTION + b"/"
_ROUTE = re.compile(rb"(POST /predict(?:/batch)?)[ ?]")
_EXPLAIN = re.compile(rb'"explain"\s*:\s*[^\sf]')  # the field, not a text that is this word, and not false
_MAY_EXPLAIN = re.compile(rb"explain|\\u00[67]")  # as an escape, a letter of it begins so
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# What is said of what gunicorn's parser refuses, by the class of its error.
_REFUSED = {
    errors.LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long."),
    errors.LimitRequestHeaders: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "There are too many headers, or one is too long; leave out what is not needed.",
    ),
    errors.ExpectationFailed: (
        HTTPStatus.EXPECTATION_FAILED,
        "The header Expect can only say 100-continue; leave it out.",
    ),
    errors.UnsupportedTransferCoding: (
        HTTPStatus.NOT_IMPLEMENTED,
        "The header Transfer-Encoding can only say chunked; leave it out and send Content-Length.",
    ),
}
_MALFORMED = (HTTPStatus.BAD_REQUEST, "The request is not valid HTTP; check its first line and its headers.")

log = logging.getLogger(__name__)


class Connection(TConn):
    """A connection whose thread reads from memory and never from the socket."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.incoming = Incoming()
        self.taken = 0  # bytes of the request that a thread has
        self.truncated = False
        self.is_health_check = False
        self.deadline = 0.0
        self.send_seconds = SEND_SECONDS
        self.parser = RequestParser(self.cfg, iter(()), self.client)
        self.initialized = True

    def init(self) -> None:
        """Called before the request is read."""
        self.sock.settimeout(self.send_seconds)


class Outgoing:
    """A socket that is told to send an answer's head and body one after the other, and sends them as one.

    Two packets would be twice the work for the kernel, here and at the client's.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep it."""
        self.parts.append(data)

    def flush(self) -> None:
        """Send what was kept."""
        self.sock.sendall(b"".join(self.parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


class Worker(ThreadWorker):
    """The worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receiving: set[Connection] = set()
        self._lingering: set[Connection] = set()
        self._buffered = 0
        self._in_threads = 0
        self._health_pool = ThreadPoolExecutor(1, "health")

    def accept(self, listener: socket.socket) -> None:
        """Take in the connections that wait, and what they have sent already."""
        for _ in range(min(ACCEPTED_AT_ONCE, self.worker_connections - self.nr_conns)):
            try:
                sock, address = listener.accept()
            except OSError:  # there is none, or it is gone again, or another worker was faster
                return
            self._take_in(sock, address, listener)

    def _take_in(self, sock: socket.socket, address: Any, listener: socket.socket) -> None:
        self.nr_conns += 1
        connection = Connection(self.cfg, sock, address, listener.getsockname())
        self.poller.register(sock, selectors.EVENT_READ, partial(self._on_readable, connection))
        self._wait_for_next(connection)
        self._read(connection)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def enqueue_req(self, connection: Connection) -> None:
        """Give a whole request to a thread."""
        pool = self._health_pool if connection.is_health_check else self.tpool
        if pool is self.tpool and self._in_threads >= self.cfg.threads:
            self._refuse(connection, try_later("Too many requests are waiting. Send the same request again shortly."))
            return
        self._in_threads += pool is self.tpool
        future = pool.submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def finish_request(self, connection: Connection, future: Future[Any]) -> None:
        """Go on with a connection whose request was answered."""
        self._in_threads -= not connection.is_health_check
        self._buffered -= connection.taken
        connection.taken = 0
        if future.cancelled() or future.exception() is not None or not future.result():
            self._linger(connection)
        else:
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_readable, connection))
            self._wait_for_next(connection)

    def handle_request(self, request: Any, connection: Connection) -> bool:
        """Answer a request, in a thread or in the event loop."""
        request._expected_100_continue = False  # the event loop has said so, or all was here anyway
        if connection.truncated:
            request.force_close()  # where the next request would begin is not known
        sock = connection.sock
        connection.sock = outgoing = Outgoing(sock)
        try:
            stays = super().handle_request(request, connection)
        finally:
            connection.sock = sock
        outgoing.flush()
        return bool(stays) and not connection.truncated

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Whether the connection stays after an answer, in a thread.

        What the app has not read of a body is in memory: to read it takes no time, and gunicorn's limit on it would
        close a connection whose client was told that it stays. Where it is malformed, the answer is sent already.
        """
        try:
            return keepalive and bool(conn.parser.finish_body())
        except errors.ParseException:
            return False

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: BaseException) -> None:
        """Answer, in a thread, what gunicorn's parser refuses, or what fails outside of the app.

        gunicorn itself would log the client's address and quote what it sent, which may be a part of a text.
        """
        if isinstance(exc, errors.ParseException):
            self._answer(client, Problem(*_REFUSED.get(type(exc), _MALFORMED)), cause={"error": type(exc).__name__})
        else:
            self._answer(client, fault(), cause=logs.failure(exc))

    def murder_pending(self) -> None:
        """Once a second: end what was not here in time."""
        now = time.monotonic()
        for connection in list(self._receiving):
            if now < connection.deadline + (REQUEST_SECONDS - HEAD_SECONDS) * connection.incoming.has_head:
                continue
            if connection.incoming.data:
                detail = "The request took too long to arrive; send it again."
                self._refuse(connection, Problem(HTTPStatus.REQUEST_TIMEOUT, detail))
            else:
                self._drop(connection)
        for connection in list(self._lingering):
            if now > connection.deadline:
                self._drop(connection)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for connection in self._receiving:
            if not connection.incoming.data:
                connection.deadline = min(connection.deadline, time.monotonic() + STOP_KEEPALIVE_LINGER)

    def _wait_for_next(self, connection: Connection) -> None:
        """Go on with a connection that stays open; it may have sent the next request before this one was answered."""
        connection.sock.setblocking(False)
        self._receiving.add(connection)
        if connection.incoming.data:
            self._start_clock(connection)
            self._go_on(connection, connection.incoming.whole())
        else:
            stays = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
            connection.deadline = time.monotonic() + stays

    def _start_clock(self, connection: Connection) -> None:
        connection.deadline = time.monotonic() + HEAD_SECONDS

    def _on_readable(self, connection: Connection, _: Any) -> None:
        if connection in self._receiving or connection in self._lingering:  # and did not just make room for another
            self._read(connection)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if connection in self._lingering:  # what is still sent there is of no interest
            if not data:
                self._drop(connection)
            return
        if not data:
            self._drop(connection)
            return
        if not connection.incoming.data:
            self._start_clock(connection)
        self._buffered += len(data)
        self._go_on(connection, connection.incoming.add(data))

    def _go_on(self, connection: Connection, whole: bool) -> None:
        incoming = connection.incoming
        if whole:
            self._give_away(connection)
        elif incoming.has_long_head:
            detail = f"The head of the request is too long; send at most {MAX_HEAD_BYTES:,} bytes."
            self._refuse(connection, Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail))
        elif self._buffered > MAX_BUFFERED_BYTES:
            self._refuse(connection, try_later("Too much is being sent at once. Send the same request again shortly."))
        elif incoming.expects:
            incoming.expects = False
            self._send(connection.sock, _CONTINUE)

    def _give_away(self, connection: Connection) -> None:
        connection.truncated = connection.incoming.truncated
        request = connection.incoming.take()
        if self._is_quick(connection, request):
            self._answer_here(connection, request)
            return
        refusal = self._refusal(request)
        if refusal is not None:
            self._buffered -= len(request)
            head = request.partition(b"\r\n\r\n")[0]
            # Of requests sent before this one was answered, there may be so many that their answers fit nowhere.
            behind = bool(connection.incoming.data)
            closes = connection.truncated or behind or _CLOSES.search(head) is not None
            self._refuse(connection, refusal, head, closes)
            return
        self._forget(connection)
        connection.taken = len(request)
        connection.is_health_check = request.startswith(HEALTH_CHECK)
        connection.parser.unreader.unread(request)
        self.enqueue_req(connection)

    def _is_quick(self, connection: Connection, request: bytes) -> bool:
        """Whether the event loop answers a request itself: a short prediction that nobody has to wait for."""
        turns = getattr(self.wsgi, "extensions", {}).get("turns")
        route = _ROUTE.match(request)
        return (
            turns is not None
            and turns.idle
            and len(request) <= QUICK_BYTES
            and route is not None
            and route[1] == _PREDICTION
            and _MAY_EXPLAIN.search(request) is None
            and not connection.incoming.data  # or one client's many would be answered one within the other
        )

    def _answer_here(self, connection: Connection, request: bytes) -> None:
        connection.taken = len(request)
        connection.send_seconds = SEND_SECONDS_HERE
        connection.parser.unreader.unread(request)
        stays = self.handle(connection)
        self._buffered -= connection.taken
        connection.taken, connection.send_seconds = 0, SEND_SECONDS
        if stays:
            self._wait_for_next(connection)
        else:
            self._linger(connection)

    def _refusal(self, request: bytes) -> RefusedError | None:
        """Whether there is time for a request, guessed from its bytes.

        Those who do not wait as they are told come again at once, and to read each of their requests in a thread would
        leave no time for anybody else's. Whoever hides from this guess is judged when the request has been read.
        """
        turns = getattr(self.wsgi, "extensions", {}).get("turns")
        if turns is None or not request.startswith(_PREDICTION):
            return None
        texts = MAX_REVIEWS if request.startswith(_BATCH) else 1
        characters = min(len(request), texts * MAX_REVIEW_CHARACTERS)  # as an escape, one is up to twelve bytes
        explanation = _EXPLAIN.search(request) is not None
        found: RefusedError | None = turns.refusal(REQUEST_PRICE + characters, explanation=explanation)
        return found

    def _forget(self, connection: Connection) -> None:
        """Stop receiving."""
        self._receiving.discard(connection)
        self._lingering.discard(connection)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(connection.sock)

    def _make_room(self) -> None:
        """Drop one connection: one that has its answer, or else has sent nothing, or else waits for the longest."""
        candidates = self._lingering or self._receiving
        if candidates:
            self._drop(min(candidates, key=lambda one: (bool(one.incoming.data), one.deadline)))

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        self._buffered -= len(connection.incoming.data) + connection.taken
        self.nr_conns -= 1
        connection.close()

    def _linger(self, connection: Connection) -> None:
        """Close once the client has; gunicorn waits for that in the event loop, and nobody is served meanwhile."""
        self._forget(connection)
        try:
            connection.sock.setblocking(False)
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)
            return
        connection.deadline = time.monotonic() + LINGER_SECONDS
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_readable, connection))
        self._lingering.add(connection)

    def _refuse(self, connection: Connection, problem: Problem, head: bytes = b"", closes: bool = True) -> None:
        """Answer without a thread.

        Args:
            connection: on which the request came.
            problem: what its client is told.
            head: of the request, if it is here.
            closes: whether no further request is read from this connection.
        """
        self._answer(connection.sock, problem, head, closes)
        if closes:
            self._linger(connection)
        else:
            self._wait_for_next(connection)

    def _answer(
        self,
        sock: socket.socket,
        problem: Problem,
        head: bytes = b"",
        closes: bool = True,
        cause: Mapping[str, object] | None = None,
    ) -> None:
        """Send and log an answer that does not come from the app; what is logged besides its status is the cause."""
        found = _REQUEST_ID.search(head)
        request_id = found[1].decode() if found else uuid.uuid4().hex
        begins = _ROUTE.match(head)
        route = begins and begins[1].decode()
        fields = {"requestId": request_id, "route": route, "status": int(problem.status), **(cause or {})}
        is_ours = problem.status == HTTPStatus.INTERNAL_SERVER_ERROR
        log.log(logging.ERROR if is_ours else logging.INFO, "request", extra={"fields": fields})
        body = json.dumps(problem.document)
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body)), "X-Request-Id": request_id}
        headers |= problem.headers | ({"Connection": "close"} if closes else {})
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        title = problem.document["title"]
        self._send(sock, f"HTTP/1.1 {int(problem.status)} {title}\r\n{''.join(lines)}\r\n{body}".encode())

    def _send(self, sock: socket.socket, data: bytes) -> None:
        with contextlib.suppress(OSError):
            sock.send(data)  # so little that it fits into what the kernel keeps for a client
