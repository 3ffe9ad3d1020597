"""Signature Version 4 from the server's side: whether a request is signed with the secret that its key names.

What the signature would have to be is computed by botocore, the library that signs the requests of every caller here.
Who has which key is not known here.
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
SKEW = timedelta(minutes=15)  # that a caller's clock may be wrong by
LONGEST_LOAN = 7 * 24 * 3600  # seconds that a presigned URL may be good for
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"  # what a presigned URL says of the body, which it cannot know
_TIME = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(rf"{ALGORITHM} Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{{64}})")


class SignatureError(Exception):
    """A request that is not signed as it must be.

    Attributes:
        code: AWS's name for what is wrong.
        message: the same in words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire.

    Attributes:
        method: such as ``POST``.
        path: still percent-encoded.
        query: what follows the question mark, still percent-encoded.
        headers: lower-case names and values, in order.
    """

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = field(default=())

    def header(self, name: str) -> str:
        """The values of a header, joined by commas; "" without one."""
        return ",".join(value for key, value in self.headers if key == name)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; of one that comes twice, the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the address, as in a link that is lent."""
        return "X-Amz-Signature" in self.parameters


@dataclass(frozen=True)
class Signature:
    """What a request says of its own signature.

    Attributes:
        access_key_id: whose key it is said to be.
        token: of temporary credentials; "" without one.
        date: of the credential, such as ``20260131``.
        region: such as ``us-east-1``.
        service: such as ``dynamodb``.
        signed_headers: names, lower case.
        time: when it was signed, as the request writes it.
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
    """What a request says of its signature, once it is complete and not out of date.

    Args:
        request: signed in a header, or a presigned URL of S3's.
        now: with a time zone.

    Raises:
        SignatureError: something is missing, of the wrong form, too old or from the future.
    """
    if request.is_presigned:
        given = request.parameters
        if given.get("X-Amz-Algorithm") != ALGORITHM or request.header("authorization"):
            raise SignatureError("IncompleteSignature", f"A link is signed by {ALGORITHM}, in its query alone.")
        names = [given.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature", "Date")]
        credential, signed, value, time = names
        token = given.get("X-Amz-Security-Token", "")
    else:
        found = _HEADER.fullmatch(request.header("authorization"))
        if found is None:
            raise SignatureError("IncompleteSignature", f"The Authorization header is no signature by {ALGORITHM}.")
        credential, signed, value = found.groups()
        time, token = request.header("x-amz-date"), request.header("x-amz-security-token")
    signature = _parts(credential, signed, value, time, token)
    _check_time(request, signature, now)
    _check_what_is_signed(request, signature)
    return signature


def verify(request: Request, body: bytes, signature: Signature, secret: str) -> None:
    """Make sure that whoever signed has the secret, and that the body is the one that was signed.

    Args:
        request: as it came.
        body: its body.
        signature: what ``read`` found.
        secret: the secret access key that belongs to the signature's key.

    Raises:
        SignatureError: the signature is another, or the body is.
    """
    claimed, real = request.header("x-amz-content-sha256"), hashlib.sha256(body).hexdigest()
    if request.is_presigned:
        real = UNSIGNED_PAYLOAD
    elif claimed and claimed != real:
        raise SignatureError("XAmzContentSHA256Mismatch", "The body is not the one that was signed.")
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
    if request.is_presigned and now > signed_at + timedelta(seconds=lent):
        raise SignatureError("AccessDenied", "Request has expired")
    if not signature.time.startswith(signature.date):
        raise SignatureError("SignatureDoesNotMatch", "The date of the credential is not that of the request.")
    if signed_at > now + SKEW or (not request.is_presigned and signed_at < now - SKEW):
        raise SignatureError("RequestTimeTooSkewed", "The time of the request is too far from the server's.")


def _check_what_is_signed(request: Request, signature: Signature) -> None:
    """The host, and every header that AWS gives a meaning, so that none can be put in afterwards."""
    signed = set(signature.signed_headers)
    unsigned = {name for name, _ in request.headers if name.startswith("x-amz-")} | {"host"}
    if missing := sorted(unsigned - signed - {"x-amzn-trace-id"}):
        raise SignatureError("SignatureDoesNotMatch", f"Not signed: {', '.join(missing)}.")
    if request.is_presigned and signature.service != "s3":
        raise SignatureError("SignatureDoesNotMatch", "Only S3 lends links here.")


class _OtherAuth(SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload"])


class _S3Auth(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return str(request.context["payload"])


def _signature(request: Request, signature: Signature, secret: str, payload: str) -> str:
    """What the signature would be, had it been made with this secret."""
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
