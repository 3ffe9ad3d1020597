"""Reads out of a request to the service what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from shared.body import json_object, require_fields, require_json, too_long
from shared.limits import MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES
from shared.problems import bad_request
from shared.reviews import review, reviews


@dataclass(frozen=True)
class Question:
    """What a client asks.

    Attributes:
        review: the text, trimmed.
        explain: whether to say which words moved the model; ``"inside"``: and what the network made of each token.
    """

    review: str
    explain: bool | Literal["inside"]


def read_question(request: Request) -> Question:
    """Return the question that a request carries.

    Args:
        request: the request; its body is JSON in UTF-8, ``{"review": text}``, perhaps with ``"explain": true``,
            ``false`` or ``"inside"``, and nothing else.

    Raises:
        Problem: 415, 413 or 400 for anything else.
    """
    require_json(request.content_type or "", request.headers.get("Content-Encoding", ""))
    content = json_object(_body(request, MAX_BODY_BYTES))
    require_fields(content, ("review",), ("explain",))
    text = review(content["review"])
    explain = content.get("explain", False)
    if explain is not True and explain is not False and explain != "inside":
        raise bad_request('explain must be true, false or "inside"; leave it out for false.')
    return Question(text, explain)


def read_batch(request: Request) -> list[object]:
    """Return the texts of a request for many predictions, as they were sent: each may still be refused alone.

    Args:
        request: the request; its body is JSON in UTF-8, ``{"reviews": [text, ...]}``, and nothing else.

    Raises:
        Problem: 415, 413 or 400 for anything else.
    """
    require_json(request.content_type or "", request.headers.get("Content-Encoding", ""))
    content = json_object(_body(request, MAX_BATCH_BODY_BYTES), MAX_BATCH_BODY_BYTES)
    require_fields(content, ("reviews",))
    return reviews(content["reviews"])


def _body(request: Request, limit: int) -> bytes:
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_long(limit) from None
