"""The export through the whole chain: every judgement, bit for bit, directly and by way of the bucket."""

from __future__ import annotations

import io
import re
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from shared import csvformat
from tests.local.running import RunningApp

NUMBER = 5_000
BATCH = 25  # the most that DynamoDB writes at once


@pytest.fixture(scope="module")
def table(app: RunningApp) -> str:
    """Name of the table of judgements."""
    stacks = app.cloud.client("cloudformation").describe_stacks()["Stacks"]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for stack in stacks for entry in stack.get("Outputs", [])}
    return outputs["JudgementsTableName"]


@pytest.fixture(scope="module")
def stored(app: RunningApp, table: str) -> Iterator[set[str]]:
    """Reviews of 5,000 judgements that lie in the table for these tests: 10 MB, two parts of an upload."""
    mark = str(uuid.uuid4())
    items = [item(mark, number, 1_950) for number in range(NUMBER)]
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


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csvformat.read_rows(io.StringIO(content.decode(), newline="")))


def test_what_is_recorded_comes_back_from_the_export(app: RunningApp) -> None:
    review = f'=\'; "quoted"\r\n\t🎉 {uuid.uuid4()}'
    receipt = app.receipt(review, None, 0.125, "model-of-a-test")
    judgement = {"review": review, "sentiment": "shame", "judgement": str(uuid.uuid4()), "receipt": receipt}
    recorded = app.request("POST", "/api/setSentiment", judgement).json
    rows = rows_of(app.request("GET", "/api/getcsv").body)
    (row,) = [row for row in rows if row["judgement"] == judgement["judgement"]]
    assert row.pop("time").endswith("Z")
    assert re.fullmatch("q[0-9a-f]{16}", row.pop("question"))
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
        "blind": "",
        "second": "",
    }


@pytest.fixture
def short_runs(app: RunningApp) -> Iterator[None]:
    """The writer has time for a single part before it has to let go."""
    client = app.cloud.client("lambda")
    (name,) = [
        each["FunctionName"] for each in client.list_functions()["Functions"] if "Writer" in each["FunctionName"]
    ]
    client.update_function_configuration(FunctionName=name, Timeout=20)
    yield
    client.update_function_configuration(FunctionName=name, Timeout=900)


def test_a_large_export_goes_on_run_after_run_while_people_go_on_judging(
    app: RunningApp, stored: set[str], short_runs: None
) -> None:
    """Four segments, two parts, two runs of the writer: every judgement once, whoever writes meanwhile."""
    over = threading.Event()

    def judge() -> None:
        while not over.is_set():
            review = f"written meanwhile {uuid.uuid4()}"
            assert app.request("POST", "/api/setSentiment", {"review": review, "sentiment": "joy"}).status == 200

    person = threading.Thread(target=judge)
    person.start()
    try:
        told = [app.request("GET", "/api/getcsv", headers={"Accept": "application/json"}).json]
        while "url" not in told[-1]:
            assert len(told) < 200
            time.sleep(0.2)
            path = f"/api/getcsv?export={told[0]['export']}"
            told.append(app.request("GET", path, headers={"Accept": "application/json"}).json)
    finally:
        over.set()
        person.join()
    steps = sorted({one["bytes"] for one in told[:-1]})
    assert [one["bytes"] for one in told[:-1]] == sorted(one["bytes"] for one in told[:-1])
    assert len(steps) >= 2, "no run after run: the writer did it in one"
    with urllib.request.urlopen(told[-1]["url"]) as reply:
        rows = rows_of(reply.read())
    keys = [(row["id"], row["judgement"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert {row["review"] for row in rows} >= stored


def test_a_client_that_only_follows_redirects_gets_every_judgement(app: RunningApp, stored: set[str]) -> None:
    answer = app.request("GET", "/api/getcsv")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename=sentiment.csv"
    text = answer.body.decode()
    assert text.startswith("id,review,sentiment,")
    found = [row["review"] for row in rows_of(answer.body) if row["review"] in stored]
    assert len(found) == NUMBER
    assert set(found) == stored
