"""The Lambdas' replies, as an HTTP API expects them (payload format 2.0): JSON and problem+json.

CORS headers are not set here: the HTTP API adds them to every reply.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from shared.problems import CONTENT_TYPE, Problem

Reply = dict[str, Any]

# Judgements arrive all the time, and a problem may be gone the next moment.
NOT_STORED = {"cache-control": "no-store"}


def json_reply(
    content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Reply:
    """A success with a JSON body."""
    return _reply(status, "application/json", content, headers or {})


def problem_reply(problem: Problem) -> Reply:
    """The problem as ``application/problem+json``."""
    return _reply(problem.status, CONTENT_TYPE, problem.document, problem.headers)


def _reply(status: HTTPStatus, content_type: str, content: dict[str, Any], headers: dict[str, str]) -> Reply:
    return {
        "statusCode": int(status),
        "headers": {"content-type": content_type, **NOT_STORED, **headers},
        "body": json.dumps(content),
    }
