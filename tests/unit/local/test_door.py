"""The emulator's door, in front of an application that tells what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

from scripts.local.extensions import door
from scripts.local.extensions.door import Door
from scripts.local.keys import FRONT_HEADER, Keys

KEYS = Keys("LAPTOP0", "the secret of a run")
HOST = "127.0.0.1:4566"
TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
API = "/_aws/execute-api/abc/$default/getStats"


async def telling(scope: Any, receive: Any, send: Any) -> None:
    """An application behind the door that answers with what it was asked."""
    body = (await receive())["body"] if scope["type"] == "http" else b""
    names = [name.decode() for name, _ in scope["headers"]]
    told = {"path": scope["path"], "body": body.decode(), "headers": names}
    star = [(b"access-control-allow-origin", b"*"), (b"x-mine", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": star})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def ask(
    method: str = "POST",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: tuple[bytes, ...] = (b"{}",),
    kind: str = "http",
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and content of an answer; of a web socket, the code with which it was closed."""
    sent: list[Any] = []
    given = {"Host": HOST, **(headers or {})}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }
    parts = [
        {"type": "http.request", "body": part, "more_body": number < len(body)} for number, part in enumerate(body, 1)
    ]

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:  # the browser tests keep a loop running in this one
        thread.submit(asyncio.run, Door(telling, KEYS)(scope, receive, send)).result()
    if kind != "http":
        return sent[0]["code"], {}, None
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], names, sent[1]["body"].decode()


def signed(
    keys: Keys = KEYS, body: bytes = b"{}", headers: Mapping[str, str] = TARGET, token: str | None = None
) -> dict[str, str]:
    request = AWSRequest("POST", f"http://{HOST}/", dict(headers), body)
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, token)
    SigV4Auth(credentials, "dynamodb", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_a_signed_call_passes_with_its_body_and_without_cors() -> None:
    status, headers, content = ask(headers=signed(), body=(b"{", b"", b"}"))

    assert (status, json.loads(content)["body"]) == (200, "{}")
    assert headers == {"x-mine": "1"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        (signed(Keys("LAPTOP0", "guessed")), b"{}"),
        (signed(Keys("LAPTOP1", KEYS.secret_access_key)), b"{}"),
        (signed(Keys("test", KEYS.secret_access_key)), b"{}"),
        (signed(Keys("000000000000", KEYS.secret_access_key)), b"{}"),
        (signed(token="of somebody"), b"{}"),
        (signed(), b"another body"),
    ],
    ids=["unsigned", "secret", "unknown", "test", "account", "token", "body"],
)
def test_others_are_refused_in_the_services_format(headers: dict[str, str], body: bytes) -> None:
    status, _, content = ask(headers={**TARGET, **headers}, body=(body,))

    assert status in (400, 403)
    assert {"__type", "message"} <= json.loads(content).keys()


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
def test_a_page_is_refused_even_with_a_signature(more: dict[str, str]) -> None:
    assert ask(headers={**signed(), **more})[0] == 403


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/health", "/_localstack/init", API, "/_alb/x/y"])
def test_internal_paths_are_closed_even_with_a_signature(path: str) -> None:
    assert ask(path=path, headers=signed())[0] == 403


def test_web_sockets_are_closed() -> None:
    assert ask(kind="websocket", headers=signed())[0] == 1008
    assert ask(kind="websocket", headers={FRONT_HEADER: KEYS.front})[0] == 1008


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", API, 200),
        ("OPTIONS", API, 200),
        ("GET", "/site/index.html", 200),
        ("GET", "/_ministack/health", 200),
        ("PUT", "/site/index.html", 403),
        ("POST", "/", 403),
        ("POST", "/_ministack/reset", 403),
        ("GET", "/_ministack/ready", 403),
    ],
)
def test_the_front_reaches_the_api_and_public_files_alone(method: str, path: str, status: int) -> None:
    assert ask(method, path, {FRONT_HEADER: KEYS.front})[0] == status


def test_nobody_behind_the_door_sees_the_fronts_secret() -> None:
    _, headers, content = ask("POST", API, {FRONT_HEADER: KEYS.front, "Origin": "http://page"})

    assert json.loads(content)["headers"] == ["host", "origin"]
    assert "access-control-allow-origin" in headers  # the gateway's own


@pytest.mark.parametrize("secret", ["", "guessed", KEYS.secret_access_key, KEYS.derive("another purpose")])
def test_another_secret_is_not_the_fronts(secret: str) -> None:
    assert ask("POST", API, {FRONT_HEADER: secret})[0] == 403


def test_a_functions_credentials_are_its_roles_and_follow_from_the_runs_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ministack.app.AUTH", True)
    monkeypatch.setattr(lambda_runtime, "execution_credentials", lambda_runtime.execution_credentials)
    monkeypatch.setattr(lambda_svc, "execution_credentials", lambda_svc.execution_credentials)
    config = {
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "FunctionName": "f",
        "Role": "arn:aws:iam::000000000000:role/r",
    }
    known = lambda_runtime.execution_credentials(config)
    door._make_function_credentials_secret(KEYS)
    try:
        made = lambda_runtime.execution_credentials(config)
        assert made == lambda_svc.execution_credentials(config)  # stable, since a function's workers come and go
        assert made["AWS_SECRET_ACCESS_KEY"] != known["AWS_SECRET_ACCESS_KEY"]
        name = made["AWS_ACCESS_KEY_ID"]
        assert ":assumed-role/r/" in sts._sessions[name]["Arn"]
        for credentials, status in ((made, 200), (known, 400)):
            keys = Keys(name, credentials["AWS_SECRET_ACCESS_KEY"])
            assert ask(headers=signed(keys, token=credentials["AWS_SESSION_TOKEN"]))[0] == status
        assert ask(headers=signed(Keys(name, made["AWS_SECRET_ACCESS_KEY"])))[0] == 400  # without its token
    finally:
        sts._sessions.pop(made["AWS_ACCESS_KEY_ID"], None)
