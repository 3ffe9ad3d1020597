"""Verification of AWS Signature Version 4. Which secret belongs to which key is not known here.

botocore computes the expected signature; it also signs the requests of all callers.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)  # largest difference between the clocks of caller and server
LONGEST_LOAN = 7 * 24 * 3600  # seconds for which a presigned URL may be valid
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"  # payload hash of presigned URLs
_TIME = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(rf"{ALGORITHM} Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{{64}})")


class SignatureError(Exception):
    """The signature is missing, incomplete, expired or wrong.

    Attributes:
        code: AWS's error code.
        message: for the caller.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Request:
    """A request as received.

    Attributes:
        method: such as ``POST``.
        path: still percent-encoded.
        query: without question mark, still percent-encoded.
        headers: lower-case names and values, in order.
    """

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = field(default=())

    def header(self, name: str) -> str:
        """A header's values, joined by commas; "" if it is missing."""
        return ",".join(value for key, value in self.headers if key == name)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; the last value of a repeated one."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query."""
        return "X-Amz-Signature" in self.parameters


@dataclass(frozen=True)
class Signature:
    """A request's signature, with its parameters.

    Attributes:
        access_key_id: of the key that signed, as the request claims.
        token: session token of temporary credentials; "" if there is none.
        date: of the credential, such as ``20260131``.
        region: such as ``us-east-1``.
        service: such as ``dynamodb``.
        signed_headers: names, lower case.
        time: of signing, such as ``20260131T235959Z``.
        value: the signature itself, 64 hexadecimal digits.
    """

    access_key_id: str
    token: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    time: str
    value: str


def read(request: Request, now: datetime) -> Signature:
    """Parse a request's signature, and check that it is complete and current.

    Args:
        request: signed in a header, or presigned for S3.
        now: the time, with a time zone.

    Raises:
        SignatureError: a part is missing or malformed, or the signature has expired or leaves a header out.
    """
    if request.is_presigned:
        given = request.parameters
        if given.get("X-Amz-Algorithm") != ALGORITHM or request.header("authorization"):
            raise SignatureError("IncompleteSignature", f"Presign with {ALGORITHM}, without an Authorization header.")
        names = [given.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature", "Date")]
        credential, signed, value, time = names
        token = given.get("X-Amz-Security-Token", "")
    else:
        found = _HEADER.fullmatch(request.header("authorization"))
        if found is None:
            raise SignatureError("IncompleteSignature", f"The Authorization header is not a signature by {ALGORITHM}.")
        credential, signed, value = found.groups()
        time, token = request.header("x-amz-date"), request.header("x-amz-security-token")
    signature = _parts(credential, signed, value, time, token)
    _check_time(request, signature, now)
    _check_what_is_signed(request, signature)
    return signature


def verify(request: Request, body: bytes, signature: Signature, secret: str) -> None:
    """Check that a request was signed with a secret, and that its body was signed too.

    Args:
        request: as received.
        body: its body.
        signature: what ``read`` returned.
        secret: secret access key of the signature's key.

    Raises:
        SignatureError: signature or body does not match.
    """
    claimed, real = request.header("x-amz-content-sha256"), hashlib.sha256(body).hexdigest()
    if request.is_presigned:
        real = UNSIGNED_PAYLOAD
    elif claimed and claimed != real:
        raise SignatureError("XAmzContentSHA256Mismatch", "The body does not match its signed hash.")
    if not hmac.compare_digest(_signature(request, signature, secret, real), signature.value):
        raise SignatureError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS secret access key and signing method.",
        )


def _parts(credential: str, signed: str, value: str, time: str, token: str) -> Signature:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise SignatureError("IncompleteSignature", "Credential must be key/date/region/service/aws4_request.")
    return Signature(scope[0], token, scope[1], scope[2], scope[3], tuple(signed.split(";")), time, value)


def _check_time(request: Request, signature: Signature, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(signature.time, _TIME).replace(tzinfo=UTC)
        lent = int(request.parameters.get("X-Amz-Expires", "0")[:8]) if request.is_presigned else 0
    except ValueError:
        raise SignatureError("IncompleteSignature", "X-Amz-Date or X-Amz-Expires is missing or malformed.") from None
    if request.is_presigned and not 0 < lent <= LONGEST_LOAN:
        raise SignatureError("AuthorizationQueryParametersError", "X-Amz-Expires must be 1 to 604800 seconds.")
    if not signature.time.startswith(signature.date):
        raise SignatureError("SignatureDoesNotMatch", "The date of the credential differs from the request's.")
    if signed_at > now + SKEW or (not request.is_presigned and signed_at < now - SKEW):
        raise SignatureError("RequestTimeTooSkewed", "The request time and the current time differ too much.")
    if request.is_presigned and now > signed_at + timedelta(seconds=lent):
        raise SignatureError("AccessDenied", "Request has expired")


def _check_what_is_signed(request: Request, signature: Signature) -> None:
    """Require signatures of the host and of every x-amz- header, so that none can be added afterwards."""
    signed = set(signature.signed_headers)
    unsigned = {name for name, _ in request.headers if name.startswith("x-amz-")} | {"host"}
    if missing := sorted(unsigned - signed - {"x-amzn-trace-id"}):
        raise SignatureError("SignatureDoesNotMatch", f"Not signed: {', '.join(missing)}.")
    if request.is_presigned and signature.service != "s3":
        raise SignatureError("SignatureDoesNotMatch", "Only requests to S3 can be presigned.")


class _OtherAuth(SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload"])


class _S3Auth(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload"])


def _signature(request: Request, signature: Signature, secret: str, payload: str) -> str:
    """The signature that this secret gives."""
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name in signature.signed_headers:
            headers[name] = value
    query = "&".join(each for each in request.query.split("&") if not each.startswith("X-Amz-Signature="))
    url = f"http://{request.header('host')}{request.path}" + (f"?{query}" if query else "")
    signed = AWSRequest(method=request.method, url=url, headers=headers)
    signed.context.update(timestamp=signature.time, payload=payload)
    kind = _S3Auth if signature.service == "s3" else _OtherAuth
    auth = kind(Credentials(signature.access_key_id, secret), signature.service, signature.region)
    return str(auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed))
