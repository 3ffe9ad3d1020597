"""GET /getcsv on moto, what fits into a reply: every row, never a shortened file, and the token of a private stage."""

from __future__ import annotations

import base64
import io
import json
import time
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber

import aws
import export
import parameters
from shared import csvformat

PARAMETER = "/sentiment/test/export-token"


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csvformat.read_rows(io.StringIO(content.decode(), newline="")))


def body(reply: SimpleNamespace) -> bytes:
    assert reply.raw["isBase64Encoded"] is True
    return base64.b64decode(reply.raw["body"])


def fill(dynamodb, number: int, characters: int = 20) -> set[str]:
    """Put judgements straight into the table; what the table holds afterwards, as their reviews."""
    reviews = [f"{n} ".ljust(characters, "x") for n in range(number)]
    for start in range(0, number, 25):
        puts = [{"PutRequest": {"Item": item(n, reviews[n])}} for n in range(start, min(start + 25, number))]
        dynamodb.batch_write_item(RequestItems={"judgements": puts})
    return set(reviews)


def item(number: int, review: str) -> dict[str, dict[str, str]]:
    return {
        "id": {"S": f"{number:032x}"},
        "judgement": {"S": f"00000000-0000-4000-8000-{number:012x}"},
        "review": {"S": review},
        "sentiment": {"S": "joy"},
        "verdict": {"S": "unprompted"},
        "time": {"S": "2026-01-01T00:00:00.000Z"},
    }


def test_an_empty_table_is_a_header(cloud, get):
    reply = get(export)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == "attachment; filename=sentiment.csv"
    columns = (
        b"id,review,sentiment,judgement,verdict,classification,confidence,model,time,receipt,question,blind,second"
    )
    assert body(reply) == columns + b"\r\n"


def test_every_column_of_a_judgement(cloud, get, post, receipt):
    said, unsure = receipt("=1+1", "joy", 0.0000012, "gru-1"), receipt("é", None, 0.0000012, "gru-1")
    uuids = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
    post({"review": "=1+1", "sentiment": "joy", "judgement": uuids[0], "receipt": said})
    post({"review": "é", "sentiment": "fear", "judgement": uuids[1], "receipt": unsure})
    post({"review": 'a;"b"\r\nc', "sentiment": "anger", "judgement": uuids[2]})
    content = body(get(export))
    assert b",'=1+1,joy," in content
    one, two, three = sorted(rows(content), key=lambda row: row["judgement"])
    assert one.pop("time").endswith("Z")
    assert two.pop("time") <= three.pop("time")
    assert len({one.pop("question"), two.pop("question"), three.pop("question")} - {""}) == 2
    assert list(one.values())[1:] == ["=1+1", "joy", uuids[0], "approved", "joy", "0.000001", "gru-1", "valid", "", ""]
    assert list(two.values())[1:] == ["é", "fear", uuids[1], "revised", "", "0.000001", "gru-1", "valid", "", ""]
    assert list(three.values())[1:] == ['a;"b"\r\nc', "anger", uuids[2], "unprompted", "", "", "", "missing", "", ""]


def test_every_page_of_the_table_is_written(cloud, get):
    expected = fill(cloud.dynamodb, 250, characters=10_000)  # three pages
    found = rows(body(get(export)))
    assert len(found) == 250
    assert {row["review"] for row in found} == expected


def test_pages_are_read_consistently_one_after_the_other(get):
    first, second = item(1, "one"), item(2, "two")
    key = {name: first[name] for name in ("id", "judgement")}
    expected = {"TableName": "judgements", "ConsistentRead": True}
    with Stubber(aws.client("dynamodb")) as dynamodb:
        dynamodb.add_response("scan", {"Items": [first], "LastEvaluatedKey": key}, expected)
        dynamodb.add_response("scan", {"Items": [second]}, {**expected, "ExclusiveStartKey": key})
        assert [row["review"] for row in rows(body(get(export)))] == ["one", "two"]


def test_direct_replies_stay_under_the_limit_of_lambda(monkeypatch, get):
    largest = "x" * export.DIRECT_BYTES
    monkeypatch.setattr(export, "_small", lambda *_: largest.encode())
    assert len(json.dumps(get(export).raw)) < 6 * 1024 * 1024 - 65_536


# --- failures in the middle -----------------------------------------------------------------------------------------


def test_an_error_on_a_later_page_is_a_503_and_no_file(get):
    with Stubber(aws.client("dynamodb")) as dynamodb:
        dynamodb.add_response("scan", {"Items": [item(1, "one")], "LastEvaluatedKey": {"id": {"S": "1"}}})
        dynamodb.add_client_error("scan", "InternalServerError")
        reply = get(export)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
    assert int(reply.headers["retry-after"]) > 0


# --- private stages -------------------------------------------------------------------------------------------------


@pytest.fixture
def private(cloud, monkeypatch):
    monkeypatch.setenv("EXPORT_TOKEN_PARAMETER", PARAMETER)
    cloud.ssm.put_parameter(Name=PARAMETER, Value="open sesame\n", Type="SecureString")
    return cloud


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
@pytest.mark.parametrize("value", ["Bearer open sesame", "bearer  open sesame"])
def test_the_token_opens(private, get, name, value):
    assert get(export, headers={name: value}).status == 200


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic open sesame", "Bearer öffne", "\ud800"])
def test_without_the_token_it_stays_shut(private, get, value):
    reply = get(export, headers={} if value is None else {"authorization": value})
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith('Bearer realm="judgements"')
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_token_with_a_lone_surrogate_is_wrong_and_no_fault(private, get):
    assert get(export, headers={"authorization": "Bearer \ud800"}).status == 401


@pytest.mark.parametrize("value", [None, " \n"])
def test_a_private_stage_without_a_token_says_what_to_do(cloud, get, monkeypatch, value):
    monkeypatch.setenv("EXPORT_TOKEN_PARAMETER", PARAMETER)
    if value:
        cloud.ssm.put_parameter(Name=PARAMETER, Value=value, Type="SecureString")
    reply = get(export, headers={"authorization": "Bearer "})
    assert reply.status == 503
    assert "SecureString" in reply.json["detail"]


def test_a_forgotten_setting_never_publishes_the_export(cloud, get, monkeypatch):
    monkeypatch.delenv("EXPORT_TOKEN_PARAMETER")
    assert get(export).status == 500


def test_a_changed_token_counts_after_a_minute(private, get, monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(parameters, "time", SimpleNamespace(monotonic=lambda: now))
    headers = {"authorization": "Bearer open sesame"}
    assert get(export, headers=headers).status == 200
    private.ssm.put_parameter(Name=PARAMETER, Value="changed", Type="SecureString", Overwrite=True)
    now += 59
    assert get(export, headers=headers).status == 200
    now += 2
    assert get(export, headers=headers).status == 401


def test_what_has_expired_is_not_exported_even_before_it_is_deleted(cloud, get):
    for number, seconds in enumerate((-60, 3_600)):
        expiry = {"expires": {"N": str(int(time.time()) + seconds)}}
        cloud.dynamodb.put_item(TableName="judgements", Item={**item(number, f"text {number}"), **expiry})
    assert [row["review"] for row in rows(body(get(export)))] == ["text 1"]


def test_the_raw_form_has_no_apostrophes_and_a_name_of_its_own(cloud, get, post):
    post({"review": "=1+1", "sentiment": "joy"})
    reply = get(export, query={"raw": "1"})
    assert reply.headers["content-disposition"] == "attachment; filename=sentiment.raw.csv"
    assert b",=1+1,joy," in body(reply)
    assert [row["review"] for row in rows(body(reply))] == ["=1+1"]
    refused = get(export, query={"raw": "yes"})
    assert (refused.status, refused.json["detail"].startswith("raw must be 1")) == (400, True)
