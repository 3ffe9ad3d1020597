"""The export through the whole chain: every judgement, bit for bit, directly and by way of the bucket."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import csvformat
from tests.local.running import RunningApp

NUMBER = 3_000
BATCH = 25  # as many as DynamoDB writes at once


@pytest.fixture
def table(app: RunningApp) -> str:
    """Name of the table of judgements."""
    stacks = app.cloud.client("cloudformation").describe_stacks()["Stacks"]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for stack in stacks for entry in stack.get("Outputs", [])}
    return outputs["JudgementsTableName"]


@pytest.fixture(params=[40, 1_800], ids=["direct", "through the bucket"])
def stored(app: RunningApp, table: str, request: pytest.FixtureRequest) -> Iterator[set[str]]:
    """Reviews of 3,000 judgements that lie in the table for this test, each of so many characters."""
    mark = str(uuid.uuid4())
    items = [item(mark, number, request.param) for number in range(NUMBER)]
    write(app, table, [{"PutRequest": {"Item": entry}} for entry in items])
    yield {entry["review"]["S"] for entry in items}
    keys = [{"id": entry["id"], "judgement": entry["judgement"]} for entry in items]
    write(app, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def item(mark: str, number: int, characters: int) -> dict[str, dict[str, str]]:
    review = f"=\"{number}\"; '{mark}'\r\n🎉".ljust(characters, "x")
    return {
        "id": {"S": f"{number:032x}"},
        "judgement": {"S": mark},
        "review": {"S": review},
        "sentiment": {"S": "joy"},
        "verdict": {"S": "unprompted"},
        "time": {"S": "2026-01-01T00:00:00.000Z"},
    }


def write(app: RunningApp, table: str, requests: list[dict[str, Any]]) -> None:
    client = app.cloud.client("dynamodb")
    for start in range(0, len(requests), BATCH):
        answer = client.batch_write_item(RequestItems={table: requests[start : start + BATCH]})
        assert not answer.get("UnprocessedItems")


def test_3000_judgements_are_exported_all(app: RunningApp, stored: set[str]) -> None:
    answer = app.request("GET", "/api/getcsv")  # follows a 303
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename=sentiment.csv"
    text = answer.body.decode()
    assert text.startswith("id,review,sentiment,")
    found = [row["review"] for row in csvformat.read_rows(io.StringIO(text, newline="")) if row["review"] in stored]
    assert len(found) == NUMBER
    assert set(found) == stored


def test_what_is_recorded_comes_back_from_the_export(app: RunningApp) -> None:
    review = f'=\'; "quoted"\r\n\t🎉 {uuid.uuid4()}'
    receipt = app.receipt(review, None, 0.125, "model-of-a-test")
    judgement = {"review": review, "sentiment": "shame", "judgement": str(uuid.uuid4()), "receipt": receipt}
    recorded = app.request("POST", "/api/setSentiment", judgement).json
    text = app.request("GET", "/api/getcsv").body.decode()
    rows = csvformat.read_rows(io.StringIO(text, newline=""))
    (row,) = [row for row in rows if row["judgement"] == judgement["judgement"]]
    assert row.pop("time").endswith("Z")
    assert len(row.pop("question")) == 16
    assert row == {
        "id": recorded["id"],
        "review": judgement["review"],
        "sentiment": "shame",
        "judgement": judgement["judgement"],
        "verdict": "revised",
        "classification": "",
        "confidence": "0.125",
        "model": "model-of-a-test",
        "receipt": "valid",
    }
