"""POST /setSentiment when DynamoDB does not play along: botocore's Stubber answers what moto cannot; and the log."""

from __future__ import annotations

import json
from types import SimpleNamespace

import botocore.exceptions
import pytest
from botocore.stub import ANY, Stubber

import aws
import patience
import record

JUDGEMENT = {"review": "I broke it", "sentiment": "guilt", "judgement": "0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d"}


@pytest.fixture
def dynamodb():
    """The worker's own client with its next answers set by the test; all of them have to be asked for."""
    with Stubber(aws.client("dynamodb")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """Pauses that were asked for; nobody waits."""
    asked: list[float] = []
    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=asked.append, monotonic=lambda: 0.0))
    return asked


def cancel(stubber: Stubber, *codes: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_transaction_names_the_tables_and_forbids_overwriting(dynamodb, post):
    put = {"TableName": "judgements", "Item": ANY, "ConditionExpression": "attribute_not_exists(id)"}
    dynamodb.add_response(
        "transact_write_items", {}, {"TransactItems": [{"Put": put}, {"ConditionCheck": ANY}, {"Update": ANY}]}
    )
    assert post(JUDGEMENT).status == 200


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_passing_trouble_is_tried_again_after_a_pause(dynamodb, post, pauses, code):
    cancel(dynamodb, "None", code)
    cancel(dynamodb, code, "None")
    dynamodb.add_response("transact_write_items", {})
    assert post(JUDGEMENT).status == 200
    assert len(pauses) == 2


def test_lasting_conflict_ends_as_503(dynamodb, post, pauses, monkeypatch):
    clock = iter([0.0, 1.0, 99.0])
    monkeypatch.setattr(patience.time, "monotonic", lambda: next(clock))  # the stand-in's
    cancel(dynamodb, "TransactionConflict", "None")
    cancel(dynamodb, "TransactionConflict", "None")
    reply = post(JUDGEMENT)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert len(pauses) == 1


def test_trouble_that_does_not_pass_is_not_tried_again(dynamodb, post, pauses):
    cancel(dynamodb, "ValidationError", "None")
    assert post(JUDGEMENT).status == 503
    assert pauses == []


def test_judgement_deleted_in_between_is_asked_for_again(dynamodb, post):
    cancel(dynamodb, "ConditionalCheckFailed", "None")
    dynamodb.add_response("get_item", {})
    assert post(JUDGEMENT).status == 503


@pytest.mark.parametrize("code", ["InternalServerError", "ThrottlingException", "AccessDeniedException"])
def test_error_of_dynamodb_is_a_503_that_says_when_to_come_back(dynamodb, post, code, capsys):
    dynamodb.add_client_error("transact_write_items", code, "secret text")
    reply = post(JUDGEMENT)
    assert reply.status == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert int(reply.headers["retry-after"]) > 0
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["error"], line["operation"]) == ("ERROR", code, "TransactWriteItems")


def test_silence_of_dynamodb_is_a_503(post, monkeypatch):
    def silence(**_: object) -> None:
        raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(aws.client("dynamodb"), "transact_write_items", silence)
    assert post(JUDGEMENT).status == 503


def test_fault_of_ours_is_told_without_details_and_logged_with_its_place(post, monkeypatch, capsys):
    monkeypatch.setattr(record, "parse", lambda *_: dict[str, object]()["secret text"])
    reply = post(JUDGEMENT)
    assert reply.status == 500
    printed = capsys.readouterr().out
    assert json.loads(printed)["error"] == "KeyError"
    assert any(place.endswith(" handler") for place in json.loads(printed)["at"])
    assert "secret text" not in printed + reply.raw["body"]


def test_log_line_tells_the_request_but_never_the_text(cloud, post, capsys):
    post({**JUDGEMENT, "review": "something private"})
    post({**JUDGEMENT, "review": "something private" + "x" * 2_000})
    post('{"review": "something private')
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["status"] for line in lines] == [200, 413, 400]
    assert {line["route"] for line in lines} == {"POST /setSentiment"}
    assert all(line["requestId"] == "request-1" and line["milliseconds"] >= 0 for line in lines)
    assert "something private" not in printed
