"""A judgement, and its two forms: an item of DynamoDB and a row of the CSV.

The Lambda that records judgements decides what a client may send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared import csvformat
from shared.counters import NONE, UNPROMPTED, Kind
from shared.reviews import text_id

KEY = ("id", "judgement")  # of the table: id of the text, id of the judgement
EXPIRY = "expires"  # attribute: when DynamoDB may delete the item, in seconds since 1970; missing: never

# Status of the receipt that came with a judgement. Without a valid one the judgement is unprompted.
VALID, MISSING, INVALID, EXPIRED = "valid", "missing", "invalid", "expired"

_CONFIDENCE_PLACES = Decimal("0.000001")

Item = Mapping[str, Mapping[str, Any]]  # as DynamoDB's client gives it: {"sentiment": {"S": "joy"}, ...}


@dataclass(frozen=True)
class Prediction:
    """What the model predicted.

    Attributes:
        classification: a label, or None if it abstained.
        confidence: probability of the most likely label, 0..1.
        model: revision of the model.
        request_id: of the request for the prediction, out of the receipt; a second judgement with the same one is a
            change of mind and not a second opinion.
        asked: when that was, to the second, as ``times.timestamp`` writes it; not stored, "" where it is not known.
    """

    classification: str | None
    confidence: Decimal
    model: str
    request_id: str
    asked: str = ""


@dataclass(frozen=True)
class Judgement:
    """One user's judgement of one text.

    Attributes:
        judgement: its id, a UUID in lower case.
        review: the text, trimmed.
        sentiment: the label that the user chose, or ``NONE``: none of these.
        time: when it arrived, as ``times.timestamp`` writes it.
        prediction: the prediction that a receipt proves; None without proof.
        receipt: ``VALID``, ``MISSING``, ``INVALID`` or ``EXPIRED``.
        blind: whether the client says that the person had not seen the prediction yet.
        second: a second label that the user chose; "" for none.
    """

    judgement: str
    review: str
    sentiment: str
    time: str
    prediction: Prediction | None = None
    receipt: str = MISSING
    blind: bool = False
    second: str = ""

    @property
    def id(self) -> str:
        """Id of the text."""
        return text_id(self.review)

    @property
    def predicted(self) -> str:
        """The prediction, as the counters name it."""
        if self.prediction is None:
            return UNPROMPTED
        return self.prediction.classification or NONE

    @property
    def verdict(self) -> str:
        """``unprompted``, or ``approved`` if user and model agree, or ``revised``."""
        if self.prediction is None:
            return UNPROMPTED
        return "approved" if self.predicted in (self.sentiment, self.second) else "revised"

    @property
    def kind(self) -> Kind:
        """As what it is counted."""
        return Kind(self.predicted, self.sentiment, self.second, self.blind)

    @property
    def request_id(self) -> str:
        """Id of the request for the prediction; "" where no receipt proves one."""
        return self.prediction.request_id if self.prediction else ""

    @property
    def asked(self) -> str:
        """When the prediction was requested, as far as it is known, or else when the judgement arrived."""
        return (self.prediction.asked if self.prediction else "") or self.time

    @property
    def source(self) -> str:
        """What is counted once: the prediction, or the judgement itself where none is known."""
        return self.request_id or self.judgement

    @property
    def model(self) -> str:
        """Model revision under which this judgement is counted."""
        return self.prediction.model if self.prediction else UNPROMPTED


def rounded(confidence: float) -> Decimal:
    """A confidence with six decimal places: more than is meaningful, and within DynamoDB's precision."""
    return Decimal(str(confidence)).quantize(_CONFIDENCE_PLACES).normalize() + 0  # + 0 turns -0 into 0


def to_item(judgement: Judgement) -> dict[str, dict[str, str]]:
    """The judgement as an item for DynamoDB's client; unknown values have no attribute."""
    item = {
        "id": {"S": judgement.id},
        "judgement": {"S": judgement.judgement},
        "review": {"S": judgement.review},
        "sentiment": {"S": judgement.sentiment},
        "verdict": {"S": judgement.verdict},
        "time": {"S": judgement.time},
        "receipt": {"S": judgement.receipt},
    }
    if judgement.blind:
        item["blind"] = {"S": "true"}
    if judgement.second:
        item["second"] = {"S": judgement.second}
    if judgement.prediction:
        item["question"] = {"S": judgement.prediction.request_id}
        item["confidence"] = {"N": str(judgement.prediction.confidence)}
        item["model"] = {"S": judgement.prediction.model}
        if judgement.prediction.classification:
            item["classification"] = {"S": judgement.prediction.classification}
    return item


def from_item(item: Item) -> Judgement:
    """The judgement in an item made by ``to_item``; items from before receipts have no proven prediction."""
    prediction = None
    if "model" in item:
        prediction = Prediction(
            classification=item["classification"]["S"] if "classification" in item else None,
            confidence=Decimal(item["confidence"]["N"]),
            model=item["model"]["S"],
            request_id=item["question"]["S"] if "question" in item else "",
        )
    return Judgement(
        judgement=item["judgement"]["S"],
        review=item["review"]["S"],
        sentiment=item["sentiment"]["S"],
        time=item["time"]["S"],
        prediction=prediction,
        receipt=item["receipt"]["S"] if "receipt" in item else MISSING,
        blind="blind" in item,
        second=item["second"]["S"] if "second" in item else "",
    )


def csv_rows(items: Iterable[Item], now: float, raw: bool = False) -> list[str]:
    """A line of CSV for each item that has not expired; DynamoDB deletes those with a delay.

    Args:
        items: items of the table of judgements.
        now: seconds since 1970.
        raw: as for ``csvformat.write_row``.
    """
    return [csvformat.write_row(_row(item), raw) for item in items if float(item.get(EXPIRY, {"N": "inf"})["N"]) > now]


def _row(item: Item) -> dict[str, str]:
    """Text by column. The attributes are named like the columns."""
    row = {name: str(value) for name, attribute in item.items() for value in attribute.values()}
    row.setdefault("receipt", MISSING)
    if "confidence" in row:
        row["confidence"] = f"{Decimal(row['confidence']):f}"  # spreadsheets display exponents inconsistently
    return row
