"""Validates the fields of a judgement and builds the judgement from them."""

from __future__ import annotations

import re
import uuid
from typing import Any

from shared.body import require_fields
from shared.counters import NONE, UNPROMPTED
from shared.judgements import Judgement
from shared.problems import bad_request
from shared.reviews import review
from shared.times import timestamp

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")


def parse(content: dict[str, Any], labels: tuple[str, ...]) -> tuple[Judgement, str | None]:
    """Build a judgement from the JSON that a client sent.

    What a client claims about the prediction is validated, so that mistakes are reported, but it proves nothing and is
    not kept.

    Args:
        content: the JSON object.
        labels: those that a user can choose.

    Returns:
        The judgement, without a prediction; and the receipt that came with it, which may be anything.

    Raises:
        Problem: 400 for a missing, unknown or mistyped field, 413 for a review that is too long.
    """
    require_fields(content, ("review", "sentiment"), ("judgement", "prediction", "receipt", "blind", "second"))
    text = review(content["review"])
    if "prediction" in content:
        _check_prediction(content["prediction"], labels)
    sentiment = _label(content["sentiment"], "sentiment", (*labels, NONE))
    judgement = Judgement(
        review=text,
        sentiment=sentiment,
        second=_second(content["second"], sentiment, labels) if "second" in content else "",
        judgement=judgement_id(content["judgement"]) if "judgement" in content else str(uuid.uuid4()),
        time=timestamp(),
        blind=_flag(content.get("blind", False), "blind"),
    )
    return judgement, _receipt(content["receipt"]) if "receipt" in content else None


def _label(value: object, name: str, labels: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in labels:
        raise bad_request(f"{name} must be one of {', '.join(labels)}.")
    return value


def _second(value: object, sentiment: str, labels: tuple[str, ...]) -> str:
    if sentiment == NONE:
        raise bad_request("second cannot be combined with the sentiment none; leave it out.")
    second = _label(value, "second", labels)
    if second == sentiment:
        raise bad_request("second must differ from sentiment; leave it out if only one label fits.")
    return second


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise bad_request(f"{name} must be true or false.")
    return value


def judgement_id(value: object) -> str:
    """A judgement's id, in lower case.

    Args:
        value: the field ``judgement``.

    Raises:
        Problem: 400 for anything but a UUID.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value.lower()):
        raise bad_request("judgement must be a UUID such as 0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d.")
    return value.lower()


def _receipt(value: object) -> str:
    if not isinstance(value, str):
        raise bad_request("receipt must be the string that getSentiment returned; leave it out if it returned none.")
    return value


def _check_prediction(value: object, labels: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise bad_request("prediction must be an object with classification, confidence and model.")
    require_fields(value, ("classification", "confidence", "model"), inside="prediction")
    classification = value["classification"]
    if classification is not None:
        _label(classification, "prediction.classification (unless it is null)", labels)
    confidence, model = value["confidence"], value["model"]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise bad_request("prediction.confidence must be a number from 0 to 1.")
    if not isinstance(model, str) or not _MODEL.fullmatch(model) or model == UNPROMPTED:
        raise bad_request(
            "prediction.model must be the model revision that getSentiment returned (at most 64 characters)."
        )
