"""A judgement, and the forms that it takes: an item of DynamoDB and a row of the CSV.

What a client may send is decided by the function that records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared import csvformat
from shared.counters import NONE, UNPROMPTED
from shared.reviews import text_id

KEY = ("id", "judgement")  # of the table: id of the text, id of the judgement
EXPIRY = "expires"  # attribute: when DynamoDB may delete the item, in seconds since 1970; missing: never

# What came with a judgement to prove the prediction. Only a valid receipt makes it more than unprompted.
VALID, MISSING, INVALID, EXPIRED = "valid", "missing", "invalid", "expired"

_CONFIDENCE_PLACES = Decimal("0.000001")

Item = Mapping[str, Mapping[str, Any]]  # as DynamoDB's client gives it: {"sentiment": {"S": "joy"}, ...}


@dataclass(frozen=True)
class Prediction:
    """What the model had said.

    Attributes:
        classification: a label, or None where it could not tell.
        confidence: probability of the likeliest label, 0..1.
        model: revision of the model.
        question: id of the request for the prediction, out of the receipt; a second judgement of the same question is
            a change of mind and not a second opinion.
    """

    classification: str | None
    confidence: Decimal
    model: str
    question: str


@dataclass(frozen=True)
class Judgement:
    """One person's answer about one text.

    Attributes:
        judgement: its id, a UUID in lower case.
        review: the text, trimmed.
        sentiment: the label that the person chose, or ``NONE``: none of these.
        time: when it arrived, as ``times.timestamp`` writes it.
        prediction: what the model had said and a receipt proves; None where none does.
        receipt: ``VALID``, ``MISSING``, ``INVALID`` or ``EXPIRED``.
        blind: whether the client says that the person had not seen the prediction yet.
    """

    judgement: str
    review: str
    sentiment: str
    time: str
    prediction: Prediction | None = None
    receipt: str = MISSING
    blind: bool = False

    @property
    def id(self) -> str:
        """Id of the text."""
        return text_id(self.review)

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
        return "approved" if self.predicted == self.sentiment else "revised"

    @property
    def model(self) -> str:
        """Revision of the model that the counters put this judgement under."""
        return self.prediction.model if self.prediction else UNPROMPTED


def rounded(confidence: float) -> Decimal:
    """A confidence with six decimal places: more than it is worth, and within what DynamoDB can hold."""
    return Decimal(str(confidence)).quantize(_CONFIDENCE_PLACES).normalize() + 0  # + 0 turns -0 into 0


def to_item(judgement: Judgement) -> dict[str, dict[str, str]]:
    """The judgement as an item for DynamoDB's client; what is not known has no attribute."""
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
    if judgement.prediction:
        item["question"] = {"S": judgement.prediction.question}
        item["confidence"] = {"N": str(judgement.prediction.confidence)}
        item["model"] = {"S": judgement.prediction.model}
        if judgement.prediction.classification:
            item["classification"] = {"S": judgement.prediction.classification}
    return item


def from_item(item: Item) -> Judgement:
    """The judgement that ``to_item`` made an item of; items older than receipts lack what these prove."""
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
        blind="blind" in item,
    )


def csv_rows(items: Iterable[Item], now: float) -> list[str]:
    """A line of CSV for each item that has not expired; DynamoDB takes its time to delete those.

    Args:
        items: items of the table of judgements.
        now: seconds since 1970.
    """
    return [csvformat.write_row(_row(item)) for item in items if float(item.get(EXPIRY, {"N": "inf"})["N"]) > now]


def _row(item: Item) -> dict[str, str]:
    """Text by column. The attributes are named like the columns."""
    row = {name: str(value) for name, attribute in item.items() for value in attribute.values()}
    row.setdefault("receipt", MISSING)
    if "confidence" in row:
        row["confidence"] = f"{Decimal(row['confidence']):f}"  # a spreadsheet would show an exponent as it likes
    return row
