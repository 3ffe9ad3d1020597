"""Errors reported to clients, as RFC 9457 problem details. Each server turns them into its own responses."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"

# The names of RFC 9110, section 15. Those of ``http.HTTPStatus`` differ between versions of Python
# (413 and 414 do in 3.13), and the service and the Lambdas run on different ones.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI Too Long",
}


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """An error reply.

    Attributes:
        status: HTTP status.
        detail: what happened and what to do, for human readers; never quotes a review.
        headers: further headers of the reply.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def document(self) -> dict[str, Any]:
        """The body of the reply. ``about:blank`` means that the status alone is the type (RFC 9457, section 4.2.1)."""
        title = _TITLES.get(self.status, self.status.phrase)
        return {"type": "about:blank", "title": title, "status": int(self.status), "detail": self.detail}


def bad_request(detail: str) -> Problem:
    """A 400."""
    return Problem(HTTPStatus.BAD_REQUEST, detail)


def too_large(detail: str) -> Problem:
    """A 413."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def try_later(detail: str, seconds: int = 1) -> Problem:
    """A 503 whose Retry-After asks the client to wait for that long."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": str(seconds)})


def fault() -> Problem:
    """A 500: what happened is in the log; the client is not told."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side, not in your request.")
