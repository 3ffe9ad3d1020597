"""Errors as ``application/problem+json`` (RFC 9457). Which errors there are is decided where they are raised."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from sentiment.model import PredictionError

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

log = logging.getLogger(__name__)


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return a problem document.

    Args:
        status: HTTP status code.
        title: the status in words; ``type`` is ``about:blank``, which by RFC 9457 (4.2.1) says just that.
        detail: what is wrong with this request and what to do, for the person who sent it.
        headers: further headers of the answer.
    """
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(document) + "\n", status, headers, content_type=CONTENT_TYPE)


def register(app: Flask) -> None:
    """Make every error of the app a problem document; what nobody foresaw Flask logs and hands over as a 500."""
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(PredictionError, _not_ready)


def _http_problem(error: HTTPException) -> Response:
    # Werkzeug knows the headers that belong to a status, such as Allow with 405.
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    detail = error.description or error.name
    if isinstance(error, NotFound):
        detail = "There is nothing at this address; the service has POST /predict, GET /healthz and GET /model."
    elif isinstance(error, MethodNotAllowed):
        detail = f"This address does not take the method; it takes {headers['Allow']}."
    return problem(error.code or 500, error.name, detail, headers)


def _not_ready(error: PredictionError) -> Response:
    log.error("the model does not answer", exc_info=error)
    detail = "The model is not ready. Send the same request again in a few seconds."
    return problem(503, "Service Unavailable", detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})
