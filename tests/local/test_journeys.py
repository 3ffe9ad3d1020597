"""What people do, by HTTP: ask, judge, export; and the page that does it for them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid

import pytest

from generator import catalogue
from scripts.stage import settings
from tests.local.running import RunningApp

SENTENCE = "I feel bad that I neglected this project for so long"


def test_asking_names_an_emotion_with_all_seven_confidences(app: RunningApp) -> None:
    reply = app.request("POST", "/api/getSentiment", {"review": f"  {SENTENCE}\n"})

    assert reply.status == 200
    assert reply.json["review"] == SENTENCE
    assert reply.json["id"] == hashlib.md5(SENTENCE.encode(), usedforsecurity=False).hexdigest()
    assert set(reply.json["scores"]) == set(catalogue.LABELS)
    assert sum(reply.json["scores"].values()) == pytest.approx(1, abs=0.01)
    assert reply.json["classification"] in {*catalogue.LABELS, None}
    assert reply.json["model"]


def test_judging_is_stored_counted_and_exported(app: RunningApp) -> None:
    review = f'a judgement, with "quotes", of {uuid.uuid4()}'
    prediction = app.request("POST", "/api/getSentiment", {"review": review}).json
    before = app.request("GET", "/api/getStats").json

    reply = app.request(
        "POST",
        "/api/setSentiment",
        {
            "review": review,
            "sentiment": "joy",
            "judgement": str(uuid.uuid4()),
            "receipt": prediction["receipt"],
        },
    )

    verdict = "approved" if prediction["classification"] == "joy" else "revised"
    assert reply.status == 200
    expected = {"review": review, "sentiment": "joy", "id": prediction["id"], "verdict": verdict}
    assert expected.items() <= reply.json.items()
    after = app.request("GET", "/api/getStats").json
    assert after["judgements"] == before["judgements"] + 1
    assert after[verdict] == before[verdict] + 1
    exported = app.request("GET", "/api/getcsv")
    assert exported.headers["content-disposition"] == "attachment; filename=sentiment.csv"
    rows = [row for row in csv.DictReader(io.StringIO(exported.body.decode("utf-8-sig"))) if row["review"] == review]
    assert [(row["sentiment"], row["verdict"], row["model"]) for row in rows] == [("joy", verdict, prediction["model"])]


def test_the_page_comes_with_its_configuration(app: RunningApp) -> None:
    page = app.request("GET", "/")
    config = app.request("GET", f"/{catalogue.SITE_CONFIG}")

    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert json.loads(config.body)["apiUrl"] == settings.load("local").site_api_url
    assert json.loads(config.body)["labels"] == list(catalogue.LABELS)


def test_the_test_of_the_start_leaves_no_judgement(app: RunningApp) -> None:
    client = app.cloud.client("dynamodb")
    found = client.scan(TableName=table(app, "JudgementsTableName"))["Items"]
    counted = client.scan(TableName=table(app, "CountsTableName"))["Items"]

    assert not [item for item in found if item.get("model", {}).get("S", "").startswith("smoke")]
    assert not [item for item in counted if item["model"]["S"].startswith("smoke")]


def table(app: RunningApp, output: str) -> str:
    stacks = app.cloud.client("cloudformation").describe_stacks()["Stacks"]
    return next(
        each["OutputValue"] for stack in stacks for each in stack.get("Outputs", []) if each["OutputKey"] == output
    )
