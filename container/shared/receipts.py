"""Receipts: signed proof that the service made a prediction. Where the keys are stored is decided elsewhere.

A receipt comes with a prediction and is sent back with a user's judgement of it, so that no client can claim a
prediction that the model never made. itsdangerous signs it (HMAC-SHA256) together with the time. The text that the
prediction is about is bound in by the salt, from which and from the stage's key the key of the signature is derived: a
receipt is good for its text alone, and does not contain it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

LIFETIME_SECONDS = 24 * 60 * 60
KEY_BYTES = 32  # as long as a SHA-256 digest: a longer key adds nothing (RFC 2104, section 3)
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in URL-safe base64
_PURPOSE = b"sentiment receipt 2\n"  # so that what the key signs for another purpose is never taken for a receipt


class InvalidReceiptError(ValueError):
    """No key signed this receipt for this text."""


class ExpiredReceiptError(InvalidReceiptError):
    """The receipt is genuine but too old."""


class Receipt(NamedTuple):
    """What a genuine receipt proves.

    Attributes:
        request_id: of the request for the prediction: ``q`` and 16 hex digits, which no spreadsheet takes for a number
            (without the ``q`` in older ones). Asking again gives another one.
        classification: the label that the model predicted, None if it abstained.
        confidence: probability of the most likely label, 0..1.
        model: revision of the model.
        issued: when it was signed, to the second.
    """

    request_id: str
    classification: str | None
    confidence: float
    model: str
    issued: datetime


def new_key() -> str:
    """A random key."""
    return secrets.token_urlsafe(KEY_BYTES)


def read_keys(text: str) -> tuple[str, ...]:
    """The keys of a stage.

    Args:
        text: one key or several, separated by white space; the first one signs, all verify.

    Raises:
        ValueError: one of them is not a key; the message does not repeat it.
    """
    keys = tuple(text.split())
    if not keys or not all(map(_KEY.fullmatch, keys)):
        raise ValueError(f"something other than keys of {KEY_BYTES} bytes in URL-safe base64, separated by spaces")
    return keys


def issue(key: str, review: str, classification: str | None, confidence: float, model: str) -> str:
    """A receipt for a prediction made now.

    Args:
        key: the key that signs.
        review: the text, trimmed.
        classification: the label that the model predicted, None if it abstained.
        confidence: probability of the most likely label, 0..1.
        model: revision of the model.
    """
    claim = json.dumps((f"q{secrets.token_hex(8)}", classification, confidence, model), separators=(",", ":"))
    return _signer([key], review).sign(base64_encode(claim)).decode()


def check(receipt: str, review: str, keys: Sequence[str], lifetime: float = LIFETIME_SECONDS) -> Receipt:
    """What a receipt proves, after verifying that one of the keys signed it for this text.

    Args:
        receipt: what a client sent.
        review: the text that was sent with it, trimmed.
        keys: the keys that verify.
        lifetime: seconds for which it is good.

    Raises:
        ExpiredReceiptError: it is older than that.
        InvalidReceiptError: it is not genuine.
    """
    if not keys:
        raise InvalidReceiptError
    try:
        # Its age is checked here: with max_age, a clock one second behind the signer's would invalidate the receipt.
        claim, issued = _signer(keys, review).unsign(receipt, return_timestamp=True)
        request_id, classification, confidence, model = json.loads(base64_decode(claim))
    except (BadData, ValueError) as error:  # ValueError: text that UTF-8 cannot encode
        raise InvalidReceiptError from error
    if time.time() - issued.timestamp() > lifetime:
        raise ExpiredReceiptError
    return Receipt(request_id, classification, confidence, model, issued)


def _signer(keys: Sequence[str], review: str) -> TimestampSigner:
    return TimestampSigner(
        list(reversed(keys)),  # itsdangerous signs with the last one
        salt=_PURPOSE + hashlib.sha256(review.encode()).digest(),
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
