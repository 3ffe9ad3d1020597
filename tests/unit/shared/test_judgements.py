"""A judgement as an item of DynamoDB and as a row of the CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from shared import csvformat, judgements
from shared.judgements import Judgement, Prediction, csv_rows, from_item, to_item

PREDICTION = Prediction("guilt", Decimal("0.75"), "gru-1", "0123456789abcdef")  # pragma: allowlist secret
BARE = Judgement("0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d", "I broke it", "guilt", "2026-01-31T12:00:00.000Z")
PROVED = Judgement(BARE.judgement, BARE.review, BARE.sentiment, BARE.time, PREDICTION, judgements.VALID)
UNSURE = Judgement(
    BARE.judgement, BARE.review, "joy", BARE.time, Prediction(None, Decimal("0.1"), "gru-1", "0" * 16), judgements.VALID
)
NOW = 1_800_000_000.0


def lines(*items: judgements.Item) -> io.StringIO:
    return io.StringIO(csvformat.header() + "".join(csv_rows(items, NOW)), newline="")


@pytest.mark.parametrize("judgement", [BARE, PROVED, UNSURE], ids=["bare", "proved", "unsure"])
def test_an_item_gives_back_the_judgement(judgement: Judgement) -> None:
    assert from_item(to_item(judgement)) == judgement


@pytest.mark.parametrize(
    ("judgement", "verdict", "predicted", "model"),
    [
        (BARE, "unprompted", "unprompted", "unprompted"),
        (PROVED, "approved", "guilt", "gru-1"),
        (UNSURE, "revised", "none", "gru-1"),
    ],
    ids=["bare", "proved", "unsure"],
)
def test_verdict_and_what_it_counts_as(judgement: Judgement, verdict: str, predicted: str, model: str) -> None:
    assert (judgement.verdict, judgement.predicted, judgement.model) == (verdict, predicted, model)


def test_a_row_has_every_column_of_its_item() -> None:
    (row,) = csv.DictReader(lines(to_item(PROVED)))
    assert row == {
        "id": PROVED.id,
        "review": "I broke it",
        "sentiment": "guilt",
        "judgement": PROVED.judgement,
        "verdict": "approved",
        "classification": "guilt",
        "confidence": "0.75",
        "model": "gru-1",
        "time": PROVED.time,
        "receipt": "valid",
        "question": "0123456789abcdef",  # pragma: allowlist secret
        "blind": "",
        "second": "",
    }


def test_what_an_item_lacks_is_empty_in_its_row() -> None:
    old = {name: value for name, value in to_item(BARE).items() if name != "receipt"}
    (row,) = csv.DictReader(lines(old))
    assert (row["receipt"], row["classification"], row["confidence"], row["model"]) == ("missing", "", "", "")


def test_a_confidence_has_no_exponent() -> None:
    tiny = {**to_item(PROVED), "confidence": {"N": "1E-7"}}
    (row,) = csv.DictReader(lines(tiny))
    assert row["confidence"] == "0.0000001"


def test_what_has_expired_is_left_out() -> None:
    def until(seconds: float) -> judgements.Item:
        return {**to_item(BARE), judgements.EXPIRY: {"N": str(int(NOW + seconds))}}

    assert len(csv_rows([until(-1), until(1), to_item(BARE)], NOW)) == 2


@pytest.mark.parametrize(
    ("confidence", "kept"), [(0.1234567891, "0.123457"), (1 / 3, "0.333333"), (-0.0, "0"), (1, "1"), (1e-320, "0")]
)
def test_six_places_of_a_confidence_are_kept(confidence: float, kept: str) -> None:
    assert str(judgements.rounded(confidence)) == kept
