"""A judgement: what the fields of a request must be, what follows from them, and its shape in DynamoDB."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from counters import NONE, UNPROMPTED
from replies import Problem
from settings import Record

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")
_CONFIDENCE_PLACES = Decimal("0.000001")

# What came with a judgement to prove what the model had said. Only a valid receipt makes it more than unprompted.
VALID, MISSING, INVALID, EXPIRED = "valid", "missing", "invalid", "expired"


@dataclass(frozen=True)
class Prediction:
    """What the model had said.

    Attributes:
        classification: a label, or None where it could not tell.
        confidence: how sure it was, 0..1.
        model: its revision.
        question: id of the request that it answered, out of the receipt; what a person says about the same question
            twice is a change of mind and not a second opinion.
    """

    classification: str | None
    confidence: Decimal
    model: str
    question: str


@dataclass(frozen=True)
class Judgement:
    """One person's answer about one text.

    Attributes:
        judgement: UUID in lower case, made by the client, or here where the client made none.
        review: the text, trimmed.
        sentiment: the label that the person chose.
        prediction: what the model had said and a receipt proves; None where none does.
        receipt: ``VALID``, ``MISSING``, ``INVALID`` or ``EXPIRED``.
        time: when it arrived, ISO 8601 in UTC with milliseconds.
    """

    judgement: str
    review: str
    sentiment: str
    time: str
    prediction: Prediction | None = None
    receipt: str = MISSING

    @property
    def id(self) -> str:
        """Id of the text: md5 of its UTF-8 bytes, in hex, as in the replies of the model."""
        return hashlib.md5(self.review.encode(), usedforsecurity=False).hexdigest()

    @property
    def predicted(self) -> str:
        """What the model had said, as the counters name it."""
        if self.prediction is None:
            return UNPROMPTED
        return self.prediction.classification or NONE

    @property
    def verdict(self) -> str:
        """``unprompted``, or ``approved`` where person and model agree, or ``revised``."""
        if self.prediction is None:
            return UNPROMPTED
        return "approved" if self.prediction.classification == self.sentiment else "revised"

    @property
    def model(self) -> str:
        """Revision of the model that the counters put this judgement under."""
        return self.prediction.model if self.prediction else UNPROMPTED


def rounded(confidence: float) -> Decimal:
    """Six decimal places are kept: more than a model's probability is worth, and within what DynamoDB can hold."""
    return Decimal(str(confidence)).quantize(_CONFIDENCE_PLACES).normalize() + 0  # + 0 turns -0 into 0


def parse(content: dict[str, Any], limits: Record) -> tuple[Judgement, str | None]:
    """Make a judgement of the JSON that a client sent.

    What a client says itself about the prediction is checked, because its mistakes should be told, but proves nothing
    and is not kept.

    Args:
        content: the JSON object.
        limits: the labels, and how long a review may be.

    Returns:
        The judgement, without a prediction; and the receipt that came with it, which may be anything.

    Raises:
        Problem: 400 for a missing, unknown or mistyped field, 413 for a review that is too long.
    """
    _known_fields(content, required=("review", "sentiment"), optional=("judgement", "prediction", "receipt"))
    if "prediction" in content:
        _check_prediction(content["prediction"], limits.labels)
    judgement = Judgement(
        review=_review(content["review"], limits.max_review_characters),
        sentiment=_label(content["sentiment"], "sentiment", limits.labels),
        judgement=_uuid(content["judgement"]) if "judgement" in content else str(uuid.uuid4()),
        time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    return judgement, _receipt(content["receipt"]) if "receipt" in content else None


def to_item(judgement: Judgement) -> dict[str, dict[str, str]]:
    """The judgement as an item for DynamoDB's client; what was not said has no attribute."""
    item = {
        "id": {"S": judgement.id},
        "judgement": {"S": judgement.judgement},
        "review": {"S": judgement.review},
        "sentiment": {"S": judgement.sentiment},
        "verdict": {"S": judgement.verdict},
        "time": {"S": judgement.time},
        "receipt": {"S": judgement.receipt},
    }
    if judgement.prediction:
        item["question"] = {"S": judgement.prediction.question}
        item["confidence"] = {"N": str(judgement.prediction.confidence)}
        item["model"] = {"S": judgement.prediction.model}
        if judgement.prediction.classification:
            item["classification"] = {"S": judgement.prediction.classification}
    return item


def from_item(item: dict[str, dict[str, str]]) -> Judgement:
    """The judgement that ``to_item`` made an item of; items of before there were receipts lack what these tell."""
    prediction = None
    if "model" in item:
        prediction = Prediction(
            classification=item["classification"]["S"] if "classification" in item else None,
            confidence=Decimal(item["confidence"]["N"]),
            model=item["model"]["S"],
            question=item["question"]["S"] if "question" in item else "",
        )
    return Judgement(
        judgement=item["judgement"]["S"],
        review=item["review"]["S"],
        sentiment=item["sentiment"]["S"],
        time=item["time"]["S"],
        prediction=prediction,
        receipt=item["receipt"]["S"] if "receipt" in item else MISSING,
    )


def _known_fields(content: dict[str, Any], required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    missing = [name for name in required if name not in content]
    if missing:
        raise _bad(f"Missing: {', '.join(missing)}. Send {' and '.join(required)}.")
    unknown = sorted(content.keys() - {*required, *optional})
    if unknown:
        shown = ", ".join(ascii(name[:40]) for name in unknown[:5])
        raise _bad(f"Unknown: {shown}. Send only {', '.join((*required, *optional))}.")


def _review(value: object, max_characters: int) -> str:
    if not isinstance(value, str):
        raise _bad("review must be a string.")
    review = value.strip()
    if not review:
        raise _bad("review is empty; send a text.")
    if len(review) > max_characters:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"review has {len(review)} characters; send at most {max_characters}.",
        )
    if "\0" in review:
        raise _bad("review holds a NUL character; leave it out.")
    if any("\ud800" <= character <= "\udfff" for character in review):
        raise _bad("review holds half of a surrogate pair, which is no character; send whole characters.")
    return review


def _label(value: object, name: str, labels: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in labels:
        raise _bad(f"{name} must be one of {', '.join(labels)}.")
    return value


def _uuid(value: object) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value.lower()):
        raise _bad("judgement must be a UUID such as 0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d.")
    return value.lower()


def _receipt(value: object) -> str:
    if not isinstance(value, str):
        raise _bad("receipt must be the string that getSentiment replied; leave it out where it replied none.")
    return value


def _check_prediction(value: object, labels: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise _bad("prediction must be an object with classification, confidence and model.")
    _known_fields(value, required=("classification", "confidence", "model"))
    classification = value["classification"]
    if classification is not None:
        _label(classification, "prediction.classification (unless it is null)", labels)
    confidence, model = value["confidence"], value["model"]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise _bad("prediction.confidence must be a number from 0 to 1.")
    if not isinstance(model, str) or not _MODEL.fullmatch(model) or model == UNPROMPTED:
        raise _bad("prediction.model must be the model revision as getSentiment replied it (at most 64 characters).")


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, detail)
