"""The Flask app: routes, request ids and the request log.

Reading a request is in reviews.py, what it is answered in answers.py, errors in problems.py.
"""

from __future__ import annotations

import logging
import os
import re
import time
import uuid
from typing import Any

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider

from sentiment import problems
from sentiment.answers import Answers
from sentiment.measures import Measures
from sentiment.model import Model, ModelError, PredictionError
from sentiment.reviews import read_batch, read_question
from sentiment.settings import Settings
from sentiment.turns import Turns
from shared import logs

HEALTH_PATH = "/healthz"
REQUEST_ID_HEADER = "X-Request-Id"
# The API sets the first, to the id that its caller and its log have too; the load balancer adds the second by itself.
_INCOMING_IDS = (REQUEST_ID_HEADER, "X-Amzn-Trace-Id")
_SANE_ID = re.compile(r"[\w.:;=/+-]{1,200}", re.ASCII)

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, model: Model | None = None) -> Flask:
    """Make the app, with its model loaded and asked once: no request reaches it before it can answer.

    Args:
        settings: what to run with; the environment's by default.
        model: the model to ask; by default the one in the settings' folder.

    Raises:
        ModelError: there is no usable model.
        PredictionError: the model does not answer.
        SettingsError: a variable of the environment has a value that cannot be used.
    """
    settings = settings or Settings.from_environment(os.environ)
    model = model or _load(settings)
    app = Flask(__name__, static_folder=None)
    app.json = _Json(app)
    problems.register(app)
    _add_routes(app, settings, model)
    _add_request_log(app, model)
    return app


class _Json(DefaultJSONProvider):
    sort_keys = False  # keep the order that the API's description shows
    ensure_ascii = False
    compact = True


def _load(settings: Settings) -> Model:
    started = time.perf_counter()
    try:
        model = Model.find(settings.model_directory)
        model.check()
    except (ModelError, PredictionError) as error:
        log.critical("the service does not start: %s", error)
        raise
    fields = {"model": model.revision, "milliseconds": logs.milliseconds_since(started)}
    log.info("model loaded", extra={"fields": fields})
    return model


def _add_routes(app: Flask, settings: Settings, model: Model) -> None:
    turns = app.extensions["turns"] = Turns()
    measures = Measures(settings.stage, model.revision, model.labels)
    answers = Answers(model, settings.receipt_key, turns, measures)

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        question = read_question(request)
        return answers.one(question.review, question.explain)

    @app.post("/predict/batch")
    def predict_batch() -> dict[str, Any]:
        return {"predictions": answers.many(read_batch(request))}

    @app.get(HEALTH_PATH)
    def health() -> dict[str, str]:
        # Alive and loaded, and not whether there is time for a request just now: a service that has much to do is not
        # ill, and to replace it makes it worse. So no turn at the model is needed for this.
        if model.failing or turns.stuck:
            raise PredictionError("the model fails" if model.failing else "a prediction does not end")
        return {"status": "ok", "model": model.revision}

    @app.get("/model")
    def card() -> dict[str, Any]:
        return {**model.card, "revision": model.revision, "labels": list(model.labels)}


def _add_request_log(app: Flask, model: Model) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        g.request_id = _request_id()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[REQUEST_ID_HEADER] = g.request_id
        # The route, not the path: people put anything into a path.
        fields = {
            "requestId": g.request_id,
            "route": f"{request.method} {request.url_rule.rule}" if request.url_rule else None,
            "status": response.status_code,
            "milliseconds": logs.milliseconds_since(g.started),
            "model": model.revision,
        }
        level = logging.DEBUG if request.path == HEALTH_PATH and response.status_code == 200 else logging.INFO
        log.log(level, "request", extra={"fields": fields})
        return response


def _request_id() -> str:
    for name in _INCOMING_IDS:
        value = request.headers.get(name, "")
        if _SANE_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex
