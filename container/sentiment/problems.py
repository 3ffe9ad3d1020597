"""Error replies of the service. Which errors there are is decided where they are raised; their form is shared."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from flask import Flask, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from sentiment.model import PredictionError
from shared.problems import CONTENT_TYPE, Problem, bad_request, fault, try_later

RETRY_AFTER_SECONDS = 5

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Make every error of the app a problem document; what nobody foresaw Flask logs and hands over as a 500."""
    app.register_error_handler(Problem, _response)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(ParseException, _broken_chunks)
    app.register_error_handler(PredictionError, _not_ready)


def _response(problem: Problem) -> Response:
    return Response(json.dumps(problem.document), problem.status, problem.headers, content_type=CONTENT_TYPE)


def _http_problem(error: HTTPException) -> Response:
    # Werkzeug knows the headers that belong to a status, such as Allow with 405.
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    detail = error.description or error.name
    if isinstance(error, NotFound):
        detail = (
            "There is nothing at this address; the service has POST /predict, POST /predict/batch, GET /healthz and "
            "GET /model."
        )
    elif isinstance(error, MethodNotAllowed):
        detail = f"This address does not take the method; it takes {headers['Allow']}."
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _response(fault())
    return _response(Problem(status, detail, headers))


def _broken_chunks(error: ParseException) -> Response:
    """Answer what is found only when the app reads the body; gunicorn then closes the connection."""
    return _response(bad_request("The body's chunks are not valid HTTP; check their sizes, line breaks and trailers."))


def _not_ready(error: PredictionError) -> Response:
    log.error("the model does not answer", exc_info=error)
    detail = "The model is not ready. Send the same request again in a few seconds."
    return _response(try_later(detail, RETRY_AFTER_SECONDS))
