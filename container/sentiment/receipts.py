"""Receipts: the proof, signed, that this service made a prediction. Where the keys are kept is not known here.

A receipt comes with a prediction and goes back with what a person says about it, so that nobody can claim an answer
that the model never gave. It is ``CLAIM.SIGNATURE``, both in URL-safe base64: the claim is a JSON list of key id, time
of issue, id of the question, label, confidence and model revision; the signature is HMAC-SHA256 (RFC 2104) over the
claim and the SHA-256 of the text, which the receipt itself does not hold.

Only the standard library is imported: the Lambda that records judgements has this very file in its zip.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

LIFETIME_SECONDS = 24 * 60 * 60
KEY_BYTES = 32  # as long as what SHA-256 puts out: a longer key adds nothing (RFC 2104, section 3)
_PURPOSE = b"sentiment receipt 1\n"  # so that the key can never sign anything that could be taken for a receipt
_SHAPE = re.compile(r"([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{43})", re.ASCII)


class InvalidReceiptError(ValueError):
    """The service gave no such receipt, or gave it for another text."""


class UnknownKeyError(InvalidReceiptError):
    """The receipt names a key that is not among those given; newer keys may have it."""


class ExpiredReceiptError(InvalidReceiptError):
    """The receipt is genuine, and too old."""


class Receipt(NamedTuple):
    """What a genuine receipt says.

    Attributes:
        question: id of the request that was answered, 16 hex digits; asking again gives another one.
        classification: the label that the model named, None when it could not tell.
        confidence: probability of the likeliest label, 0..1.
        model: revision of the model.
        issued: when, in whole seconds since 1970.
    """

    question: str
    classification: str | None
    confidence: float
    model: str
    issued: int


def new_key() -> str:
    """A random key as text."""
    return _text(secrets.token_bytes(KEY_BYTES))


def read_keys(text: str) -> tuple[bytes, ...]:
    """Keys out of the text that a stage keeps them as.

    Args:
        text: one key or several, separated by spaces; the first one signs, all of them prove.

    Raises:
        ValueError: one of them is no key; the message does not repeat it.
    """
    keys = tuple(_bytes(word) for word in text.split())
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ValueError(f"not keys of {KEY_BYTES} bytes in URL-safe base64, separated by spaces")
    return keys


def issue(key: bytes, review: str, classification: str | None, confidence: float, model: str, now: float) -> str:
    """A receipt for a prediction.

    Args:
        key: the key that signs.
        review: the text, trimmed.
        classification: the label that the model named, None when it could not tell.
        confidence: probability of the likeliest label, 0..1.
        model: revision of the model.
        now: seconds since 1970.
    """
    claim = [_id(key), int(now), secrets.token_hex(8), classification, confidence, model]
    text = _text(json.dumps(claim, separators=(",", ":")).encode())
    return f"{text}.{_signature(key, text, review)}"


def check(receipt: str, review: str, keys: Sequence[bytes], now: float) -> Receipt:
    """What a receipt says, once it is sure that one of the keys signed it for this text.

    Args:
        receipt: what somebody sent.
        review: the text that it was sent with, trimmed.
        keys: the keys that prove.
        now: seconds since 1970.

    Raises:
        UnknownKeyError: it names a key that is not among these.
        ExpiredReceiptError: it is older than ``LIFETIME_SECONDS``.
        InvalidReceiptError: anything else is wrong with it.
    """
    shape = _SHAPE.fullmatch(receipt)
    if not shape:
        raise InvalidReceiptError
    claim, signature = shape.groups()
    named = _key_named_in(claim)
    key = next((key for key in keys if _id(key) == named), None)
    if key is None:
        raise UnknownKeyError
    if not hmac.compare_digest(signature, _signature(key, claim, review)):
        raise InvalidReceiptError
    _, issued, question, classification, confidence, model = json.loads(_bytes(claim))
    if now - issued > LIFETIME_SECONDS:
        raise ExpiredReceiptError
    return Receipt(question, classification, confidence, model, issued)


def _key_named_in(claim: str) -> object:
    """The key id of a claim that nothing has proved yet, and that may be anything."""
    try:
        content = json.loads(_bytes(claim))
    except (ValueError, RecursionError):
        raise InvalidReceiptError from None
    return content[0] if isinstance(content, list) and content else None


def _id(key: bytes) -> str:
    return hashlib.sha256(_PURPOSE + key).hexdigest()[:8]


def _signature(key: bytes, claim: str, review: str) -> str:
    signed = _PURPOSE + claim.encode() + b"\n" + hashlib.sha256(review.encode()).digest()
    return _text(hmac.digest(key, signed, "sha256"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:  # the message of binascii's error is about the text, which may be a secret
        raise ValueError("no URL-safe base64") from None
