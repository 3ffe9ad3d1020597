"""What the Lambdas answer, in the shape that an HTTP API expects (payload format 2.0): JSON and problem+json.

CORS headers are not set here: the HTTP API puts them on every answer.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

Reply = dict[str, Any]

# Judgements arrive all the time, and a problem of this moment is none of the next.
NOT_STORED = {"cache-control": "no-store"}


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """An answer that is not what the client hoped for, told as RFC 9457 problem details.

    Attributes:
        status: HTTP status.
        detail: what is wrong and what to do about it, for the person who reads it; never a part of a review.
        headers: further headers of the answer.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def try_later(detail: str, seconds: int = 1) -> Problem:
    """A 503 whose Retry-After asks for that many seconds of patience."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": str(seconds)})


def json_reply(
    content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Reply:
    """A success with a JSON body."""
    return _reply(status, "application/json", content, headers or {})


def problem_reply(problem: Problem) -> Reply:
    """The problem as ``application/problem+json``."""
    content = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
    }
    return _reply(problem.status, "application/problem+json", content, problem.headers)


def _reply(status: HTTPStatus, content_type: str, content: dict[str, Any], headers: dict[str, str]) -> Reply:
    return {
        "statusCode": int(status),
        "headers": {"content-type": content_type, **NOT_STORED, **headers},
        "body": json.dumps(content),
    }
