"""Authentication of every request to the emulator.

Loopback is not authentication: every web page that is open in a browser, and every user of the machine, can send
requests to it, and the emulator by itself accepts any caller that claims to be root. Only three kinds of request get
through: signed with a key of this run, presigned with one, or sent by the front.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ministack import app
from ministack.core import iam_evaluator, lambda_runtime, responses
from ministack.services import lambda_svc, sts

from scripts.local import sigv4
from scripts.local.hosts import is_loopback
from scripts.local.keys import FRONT_HEADER, Keys

MAX_BODY_BYTES = 256 * 1024 * 1024  # of a signed call; parts of S3 uploads and Lambda's zips are far smaller
HEALTH = "/_ministack/health"
API = "/_aws/execute-api/"
UNSIGNED = "The request is not signed. cloud.json in the state folder has the keys."
# Browsers add these to a page's requests; SDKs never do.
PAGE_HEADERS = {b"origin", b"sec-fetch-site", b"sec-fetch-mode"}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def register(keys: Keys) -> None:
    """Check every request before the emulator sees it.

    Args:
        keys: of this run; the emulator knows them as its root user's.
    """
    app.app = Door(app.app, keys)
    _make_function_credentials_secret(keys)


def _make_function_credentials_secret(keys: Keys) -> None:
    """Derive a function's temporary credentials from the run's secret; the emulator derives them from its ARN alone."""
    make = lambda_runtime.execution_credentials

    def make_secret(config: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = make(config)
        name = found["AWS_ACCESS_KEY_ID"]
        own = {"SecretAccessKey": keys.derive(f"secret of {name}"), "SessionToken": keys.derive(f"token of {name}")}
        sts._sessions[name].update(own)
        return {**found, "AWS_SECRET_ACCESS_KEY": own["SecretAccessKey"], "AWS_SESSION_TOKEN": own["SessionToken"]}

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = make_secret


class Door:
    """ASGI middleware that lets authenticated requests through.

    Args:
        behind: the application that it protects.
        keys: of this run.
        clock: returns the time, with a time zone.
    """

    def __init__(
        self, behind: Application, keys: Keys, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._behind = behind
        self._keys = keys
        self._front = keys.front.encode()
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._behind(scope, receive, send)
        elif scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # a policy is violated
        elif self._is_the_fronts(scope):
            await self._serve_front(scope, receive, send)
        else:
            await self._serve_caller(scope, receive, send)

    def _is_the_fronts(self, scope: Scope) -> bool:
        shown = [value for name, value in scope["headers"] if name == FRONT_HEADER.encode()]
        return len(shown) == 1 and hmac.compare_digest(shown[0], self._front)

    async def _serve_front(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the API, public files and the health check; the front's secret is not passed on."""
        path, reads = scope["path"], scope["method"] in ("GET", "HEAD")
        names = {name for name, _ in scope["headers"]}
        if not (path.startswith(API) or (reads and (path == HEALTH or not path.startswith("/_")))):
            await _refuse(send, "The front may not call this.")
        elif not path.startswith(API) and b"authorization" in names:
            await _refuse(send, "The front reads files without credentials.")
        else:
            headers = [(name, value) for name, value in scope["headers"] if name != FRONT_HEADER.encode()]
            await self._behind({**scope, "headers": headers}, receive, send)

    async def _serve_caller(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an AWS API call that is signed with a key of this run."""
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"].decode("latin-1")
        reads = scope["method"] in ("GET", "HEAD")
        request = sigv4.Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)
        if not is_loopback(request.header("host")):
            await _refuse(send, "Unknown host name: use 127.0.0.1 or localhost.")
        elif PAGE_HEADERS & {name for name, _ in scope["headers"]}:
            await _refuse(send, "Requests from web pages are refused.")
        elif scope["path"].startswith("/_") or "#" in request.path + query:
            await _refuse(send, "This path is internal.")
        else:
            try:
                if not request.header("authorization") and not (request.is_presigned and reads):
                    raise sigv4.SignatureError("MissingAuthenticationToken", UNSIGNED)
                signature = sigv4.read(request, self._clock())
                secret = self._secret_of(signature)
                body = await _read(receive)
                sigv4.verify(request, body, signature, secret)
            except sigv4.SignatureError as error:
                denied = iam_evaluator.AuthError(error.code, error.message)
                await _answer(send, *app._credential_failure(_service(scope), "", str(uuid4()), denied, dict(headers)))
            else:
                await self._behind(scope, _given(body, receive), _without_cors(send))

    def _secret_of(self, signature: sigv4.Signature) -> str:
        """The secret of a key of this run: the root user's, a role's or a user's."""
        name = signature.access_key_id
        if name == self._keys.access_key_id and not signature.token:
            return self._keys.secret_access_key
        unknown = sigv4.SignatureError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
        if iam_evaluator.is_root_access_key(name):  # to the emulator, any account number or "test" is root
            raise unknown
        try:
            account = responses._account_from_sts_session(name) or iam_evaluator.find_iam_access_key_account(name)
        except iam_evaluator.AmbiguousAccessKeyError:
            raise unknown from None
        found = iam_evaluator.resolve_credential(name, account, signature.token)
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise sigv4.SignatureError(found.code, found.message)
        return str(found.secret_access_key)


def _service(scope: Scope) -> str:
    """The service that a request is for, whose error format applies."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return str(app.detect_service(scope["method"], scope["path"], headers, {}))


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise sigv4.SignatureError("RequestEntityTooLarge", "The body is too large.")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)


def _given(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that yields a body that has been read already, and then further messages."""
    messages: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return receive_again


def _without_cors(send: Send) -> Send:
    """Remove CORS headers: no page may read these answers, whatever the emulator or a bucket's settings allow."""

    async def send_without(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


async def _refuse(send: Send, words: str) -> None:
    await _answer(send, 403, {"Content-Type": "application/json"}, json.dumps({"message": words}).encode())


async def _answer(send: Send, status: int, headers: dict[str, Any], body: Any) -> None:
    content = body if isinstance(body, bytes) else str(body).encode()
    sent = [(str(name).lower().encode(), str(value).encode()) for name, value in headers.items()]
    sent = [pair for pair in sent if pair[0] != b"content-length"] + [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": content})
