"""Signatures: what botocore signs is accepted, and nothing that differs from it in anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scripts.local import sigv4
from scripts.local.sigv4 import Request, SignatureError

KEY, SECRET = "LAPTOP0", "of the run"  # pragma: allowlist secret
HOST = "127.0.0.1:4566"
BODY = b'{"TableName": "x"}'
TARGET = {"X-Amz-Target": "DynamoDB_20120810.Scan", "Content-Type": "application/x-amz-json-1.0"}


def as_sent(signed: AWSRequest) -> Request:
    """What a server sees of a request that botocore has signed."""
    parts = urlsplit(signed.url)
    headers = [("host", HOST), *((name.lower(), value) for name, value in signed.headers.items())]
    return Request(signed.method, parts.path, parts.query, headers)


def signed(
    auth: type[SigV4Auth],
    service: str,
    method: str = "POST",
    path: str = "/",
    headers: Mapping[str, str] = TARGET,
    body: bytes = BODY,
    token: str | None = None,
) -> Request:
    request = AWSRequest(method=method, url=f"http://{HOST}{path}", headers=dict(headers), data=body)
    auth(Credentials(KEY, SECRET, token), service, "eu-central-1").add_auth(request)
    return as_sent(request)


def check(request: Request, body: bytes = BODY, secret: str = SECRET, late: timedelta = timedelta()) -> sigv4.Signature:
    signature = sigv4.read(request, datetime.now(UTC) + late)
    sigv4.verify(request, body, signature, secret)
    return signature


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers=[*(pair for pair in request.headers if pair[0] != name), (name, value)])


@pytest.mark.parametrize(
    ("auth", "service", "method", "path", "body"),
    [
        (SigV4Auth, "dynamodb", "POST", "/", BODY),
        (SigV4Auth, "lambda", "GET", "/2015-03-31/functions/a%3Ab/code?Qualifier=%24LATEST&x", b""),
        (S3SigV4Auth, "s3", "PUT", "/bucket/a%20b//%C3%BC~/../x?partNumber=2&uploadId=%2B%2F", b"\x00\xff" * 999),
        (S3SigV4Auth, "s3", "POST", "/bucket/key?uploads", b""),
    ],
)
def test_what_botocore_signs_is_accepted(
    auth: type[SigV4Auth], service: str, method: str, path: str, body: bytes
) -> None:
    request = signed(auth, service, method, path, body=body, token="of a session")
    signature = check(request, body)

    assert (signature.access_key_id, signature.token) == (KEY, "of a session")
    assert (signature.region, signature.service) == ("eu-central-1", service)


@pytest.mark.parametrize("auth", [SigV4Auth, S3SigV4Auth])
def test_another_secret_or_another_body_is_refused(auth: type[SigV4Auth]) -> None:
    request = signed(auth, "s3" if auth is S3SigV4Auth else "dynamodb")

    with pytest.raises(SignatureError):
        check(request, secret="guessed")  # pragma: allowlist secret
    with pytest.raises(SignatureError):
        check(request, BODY + b" ")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/other"},
        {"query": "Action=DeleteTable"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureError) as refused:
        check(replace(signed(SigV4Auth, "dynamodb"), **change))
    assert refused.value.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("name", ["x-amz-target", "content-type", "host", "x-amz-date"])
def test_a_signed_header_that_was_changed_is_refused(name: str) -> None:
    request = signed(SigV4Auth, "dynamodb")
    other = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y%m%dT%H%M%SZ")

    with pytest.raises(SignatureError):
        check(with_header(request, name, other if name == "x-amz-date" else "other"))


@pytest.mark.parametrize("name", ["x-amz-security-token", "x-amz-meta-more", "x-amz-content-sha256"])
def test_a_header_with_a_meaning_cannot_be_put_in_afterwards(name: str) -> None:
    with pytest.raises(SignatureError, match=f"Not signed: {name}"):
        check(with_header(signed(SigV4Auth, "dynamodb"), name, "UNSIGNED-PAYLOAD"))


def test_the_host_must_be_signed() -> None:
    request = signed(SigV4Auth, "dynamodb")
    without = request.header("authorization").replace("SignedHeaders=content-type;host;", "SignedHeaders=content-type;")
    assert without != request.header("authorization")

    with pytest.raises(SignatureError, match="Not signed: host"):
        check(with_header(request, "authorization", without))


@pytest.mark.parametrize("minutes", [-14, 0, 14])
def test_a_clock_may_be_a_quarter_of_an_hour_wrong(minutes: int) -> None:
    check(signed(SigV4Auth, "dynamodb"), late=timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-16, 16, 60 * 24])
def test_and_no_more(minutes: int) -> None:
    with pytest.raises(SignatureError) as refused:
        check(signed(SigV4Auth, "dynamodb"), late=timedelta(minutes=minutes))
    assert refused.value.code == "RequestTimeTooSkewed"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer x",
        "AWS LAPTOP0:c2ln",
        f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/x/s3/aws4_request, SignedHeaders=host",
        f"AWS4-HMAC-SHA256 Credential={KEY}, SignedHeaders=host, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/x/s3/aws4_request, SignedHeaders=host, Signature={'0' * 63}",
        f"AWS4-ECDSA-P256-SHA256 Credential={KEY}/20260101/s3/aws4_request, SignedHeaders=host, Signature={'0' * 64}",
    ],
)
def test_what_is_no_whole_signature_is_refused(authorization: str) -> None:
    with pytest.raises(SignatureError):
        check(with_header(signed(SigV4Auth, "dynamodb"), "authorization", authorization))


def test_two_signatures_are_none() -> None:
    request = signed(SigV4Auth, "dynamodb")
    twice = replace(request, headers=[*request.headers, ("authorization", request.header("authorization"))])

    with pytest.raises(SignatureError):
        check(twice)


def lent(path: str = "/bucket/a%20b?x-id=GetObject", seconds: int = 900) -> Request:
    request = AWSRequest(method="GET", url=f"http://{HOST}{path}")
    S3SigV4QueryAuth(Credentials(KEY, SECRET, "of a session"), "s3", "eu-central-1", expires=seconds).add_auth(request)
    return as_sent(request)


def test_a_link_is_good_until_it_expires() -> None:
    assert check(lent(), b"").token == "of a session"
    check(lent(), b"", late=timedelta(minutes=14))
    with pytest.raises(SignatureError, match="expired"):
        check(lent(), b"", late=timedelta(minutes=16))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a%20b", "c"),
        ("Expires=900", "Expires=9000"),
        ("Expires=900", "Expires=9000000"),
        ("Expires=900", "Expires=x"),
        ("x-id=GetObject", "x-id=GetObject&versionId=1"),
        ("session", "another"),
    ],
)
def test_a_link_that_was_changed_is_refused(old: str, new: str) -> None:
    request = lent()
    changed = replace(request, path=request.path.replace(old, new), query=request.query.replace(old, new))
    assert changed != request

    with pytest.raises(SignatureError):
        check(changed, b"")


def test_a_link_of_the_last_day_of_all_is_refused() -> None:
    link = lent()
    query = link.query.replace(f"X-Amz-Date={link.parameters['X-Amz-Date']}", "X-Amz-Date=99991231T235959Z")
    with pytest.raises(SignatureError):
        check(replace(link, query=query), b"")


def test_a_link_beside_a_signature_in_a_header_is_refused() -> None:
    """The emulator would take the caller for whom the header names, and the header proves nothing."""
    header = signed(SigV4Auth, "dynamodb").header("authorization")

    with pytest.raises(SignatureError, match="without an Authorization"):
        check(with_header(lent(), "authorization", header), b"")


def test_other_services_lend_no_links() -> None:
    request = AWSRequest(method="GET", url=f"http://{HOST}/?Action=GetCallerIdentity")
    SigV4QueryAuth(Credentials(KEY, SECRET), "sts", "eu-central-1").add_auth(request)

    with pytest.raises(SignatureError, match="Only requests to S3"):
        check(as_sent(request), b"")
