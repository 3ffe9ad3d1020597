"""Reads the question out of a request: what is accepted, and what whoever sent something else is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from sentiment.settings import Settings

EXAMPLE = '{"review": "I passed my exam"}'

_FIELDS = {"review", "explain"}


@dataclass(frozen=True)
class Question:
    """What somebody wants to know.

    Attributes:
        review: the text, trimmed.
        explain: whether to say which words moved the model.
    """

    review: str
    explain: bool


def read_question(request: Request, settings: Settings) -> Question:
    """Return the question that a request carries.

    Args:
        request: the request; its body is JSON in UTF-8, ``{"review": text}``, perhaps with ``"explain": true`` or
            ``false``, and nothing else.
        settings: the limits.

    Raises:
        UnsupportedMediaType: the content type is not JSON in UTF-8.
        RequestEntityTooLarge: the body or the review is too long.
        BadRequest: anything else that is not as described.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as JSON, with the header Content-Type: application/json.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the JSON in UTF-8; no other charset is read.")
    document = _parse(_body(request, settings))
    review = _review_of(document)
    if len(review) > settings.max_review_characters:
        raise RequestEntityTooLarge(
            f"The review has {len(review):,} characters; shorten it to {settings.max_review_characters:,} or fewer."
        )
    return Question(review, _explain_of(document))


def _body(request: Request, settings: Settings) -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        limit = settings.max_body_bytes
        raise RequestEntityTooLarge(f"The body is too long; send at most {limit:,} bytes.") from None


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except RecursionError:
        raise BadRequest(f"The JSON is nested too deeply; send {EXAMPLE}.") from None
    except ValueError:  # not UTF-8, not JSON, or a number too long for Python to read
        raise BadRequest(f"The body is not JSON in UTF-8; send {EXAMPLE}.") from None


def _review_of(document: Any) -> str:
    if not isinstance(document, dict):
        raise BadRequest(f"The JSON is not an object; send {EXAMPLE}.")
    if "review" not in document:
        raise BadRequest(f'The field "review" is missing; send {EXAMPLE}.')
    if document.keys() - _FIELDS:
        raise BadRequest(f'There is a field other than "review" and "explain"; send {EXAMPLE}.')
    review = document["review"]
    if not isinstance(review, str):
        raise BadRequest(f'The field "review" is not a string; send {EXAMPLE}.')
    review = review.strip()
    if not review:
        raise BadRequest("The review is empty; write at least one character that is not a space.")
    if "\0" in review:
        raise BadRequest("The review has a NUL character (U+0000); remove it.")
    try:
        review.encode()
    except UnicodeEncodeError:
        raise BadRequest("The review has half a surrogate pair (U+D800 to U+DFFF); remove it.") from None
    return review


def _explain_of(document: dict[str, Any]) -> bool:
    explain = document.get("explain", False)
    if not isinstance(explain, bool):
        raise BadRequest('The field "explain" is neither true nor false; send one of them, or leave it out.')
    return explain
