"""The emulator's door: who gets in, and what a policy's conditions see of them.

Loopback is no authentication: every web page that is open in a browser, and every user of the machine, can send
requests to it. So nothing passes but requests that are signed with a key of this run, links that were signed with one,
and what the front asks for. The emulator itself lets anybody who calls himself root do everything, unsigned.
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

MAX_BODY_BYTES = 256 * 1024 * 1024  # of a signed call; S3's parts and Lambda's zips are far below
HEALTH = "/_ministack/health"
API = "/_aws/execute-api/"
# A browser adds these by itself to what a page sends, and no SDK does.
PAGE_HEADERS = {b"origin", b"sec-fetch-site", b"sec-fetch-mode"}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def register(keys: Keys) -> None:
    """Put the door before everything that the emulator answers.

    Args:
        keys: of this run; the emulator knows them as its root's.
    """
    app.app = Door(app.app, keys)
    _give_functions_secrets(keys)
    _call_loopback_encrypted()


def _call_loopback_encrypted() -> None:
    """Count requests over loopback as encrypted: there is nobody on that line, which is what TLS is to ensure.

    Without this the bucket policies, which refuse plain HTTP, would refuse everything.
    """
    pin_origin = app.pin_request_origin

    def pin_origin_as_encrypted(source_ip: str, encrypted: bool) -> None:
        pin_origin(source_ip, True)

    app.pin_request_origin = pin_origin_as_encrypted


def _give_functions_secrets(keys: Keys) -> None:
    """Have a function's temporary credentials follow from the run's secret; the emulator's follow from its name."""
    make = lambda_runtime.execution_credentials

    def make_secret(config: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = make(config)
        name = found["AWS_ACCESS_KEY_ID"]
        own = {"SecretAccessKey": keys.derive(f"secret of {name}"), "SessionToken": keys.derive(f"token of {name}")}
        sts._sessions[name].update(own)
        return {**found, "AWS_SECRET_ACCESS_KEY": own["SecretAccessKey"], "AWS_SESSION_TOKEN": own["SessionToken"]}

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = make_secret


class Door:
    """An ASGI application before another one.

    Args:
        behind: what those who may get in to.
        keys: of this run.
        clock: what time it is, with a time zone.
    """

    def __init__(
        self, behind: Application, keys: Keys, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._behind = behind
        self._keys = keys
        self._front = keys.front.encode()
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it pass."""
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
        """The API, files that everybody may read, and whether the emulator is up; no function sees the secret."""
        path, reads = scope["path"], scope["method"] in ("GET", "HEAD")
        names = {name for name, _ in scope["headers"]}
        if not (path.startswith(API) or (reads and (path == HEALTH or not path.startswith("/_")))):
            await _refuse(send, "The front has no business here.")
        elif not path.startswith(API) and b"authorization" in names:
            await _refuse(send, "What the front reads it reads without credentials.")
        else:
            headers = [(name, value) for name, value in scope["headers"] if name != FRONT_HEADER.encode()]
            await self._behind({**scope, "headers": headers}, receive, send)

    async def _serve_caller(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A call of AWS's, signed with a key of this run."""
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"].decode("latin-1")
        request = sigv4.Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)
        if not is_loopback(request.header("host")):
            await _refuse(send, "This address is called 127.0.0.1 or localhost, and nothing else.")
        elif PAGE_HEADERS & {name for name, _ in scope["headers"]}:
            await _refuse(send, "No web page has any business here.")
        elif scope["path"].startswith("/_") or "#" in request.path + query:
            await _refuse(send, "Nothing is here for callers from outside.")
        elif not request.header("authorization") and not (request.is_presigned and scope["method"] in ("GET", "HEAD")):
            await _refuse(send, "Requests are signed here, as on AWS; the keys of this run are in the state folder.")
        else:
            try:
                signature = sigv4.read(request, self._clock())
                secret = self._secret_of(signature)
                body = await _read(receive)
                sigv4.verify(request, body, signature, secret)
            except sigv4.SignatureError as error:
                service = _service(scope)
                await _answer(
                    send,
                    *app._credential_failure(
                        service, "", str(uuid4()), iam_evaluator.AuthError(error.code, error.message), dict(headers)
                    ),
                )
            else:
                await self._behind(scope, _given(body, receive), _without_cors(send))

    def _secret_of(self, signature: sigv4.Signature) -> str:
        """The secret that belongs to a key of this run: the root's, a role's or a user's."""
        name = signature.access_key_id
        if name == self._keys.access_key_id and not signature.token:
            return self._keys.secret_access_key
        unknown = sigv4.SignatureError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
        if iam_evaluator.is_root_access_key(name):  # the emulator takes any account number, and "test", for root's
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
    """Whose protocol an error has to be in."""
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
    """What yields a body that has been read already, and then whatever else comes."""
    messages: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return receive_again


def _without_cors(send: Send) -> Send:
    """No page of any origin is to read what is answered here, whatever the emulator or a bucket says."""

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
