"""GET /getcsv on moto, what does not fit into a reply: begun, joined, gone on with, given up; whole or not at all.

Moto knows no segments, so there is one here; tests/local/test_api_export.py has several, on the laptop's tables.
"""

from __future__ import annotations

import io
import json
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import moto.s3.models
import pytest
from botocore.exceptions import ClientError

import aws
import bucket
import export
import jobs
import writer
from shared import csvformat
from tests.unit.lambda_src.conftest import ENVIRONMENT
from tests.unit.lambda_src.test_export import fill, item

BUCKET = ENVIRONMENT["EXPORT_BUCKET"]
JSON = {"accept": "application/json"}
PART = 500_000


class Workers:
    """What the function export has started; a test says how much time each has, and which of them die."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.milliseconds = 900_000
        self.dies = False

    def invoke(self, **call: Any) -> None:
        self.calls.append(json.loads(call.pop("Payload")))
        assert call == {"FunctionName": "the-writer", "InvocationType": "Event"}
        if not self.dies:
            writer.handler(self.calls[-1], SimpleNamespace(get_remaining_time_in_millis=lambda: self.milliseconds))


@pytest.fixture
def workers(cloud, monkeypatch) -> Workers:
    made = Workers()
    monkeypatch.setattr(aws.client("lambda"), "invoke", made.invoke)
    monkeypatch.setattr(jobs, "SEGMENTS", 1)
    monkeypatch.setattr(export, "DIRECT_BYTES", 50_000)
    monkeypatch.setattr(export, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(bucket, "PART_BYTES", PART)
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    return made


def download(cloud, url: str) -> list[dict[str, str]]:
    address = urlsplit(url)
    assert address.netloc.startswith(BUCKET)
    assert parse_qs(address.query)["X-Amz-Expires"] == ["900"]
    stored = cloud.s3.get_object(Bucket=BUCKET, Key=address.path[1:])
    assert stored["ContentType"] == "text/csv; charset=utf-8"
    assert stored["ContentDisposition"] == f"attachment; filename={address.path.rpartition('/')[2]}"
    return list(csvformat.read_rows(io.StringIO(stored["Body"].read().decode(), newline="")))


def uploads(cloud) -> list[str]:
    found = cloud.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return [upload["Key"] for upload in found]


def wait(monkeypatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(jobs, "time", SimpleNamespace(time=lambda: now + seconds))


def test_a_client_that_follows_redirects_gets_the_file(cloud, get, workers):
    expected = fill(cloud.dynamodb, 30, characters=100_000)  # three pages, three parts
    reply = get(export)
    assert (reply.status, reply.raw["body"]) == (303, "")
    found = download(cloud, reply.headers["location"])
    assert len(found) == 30
    assert {row["review"] for row in found} == expected
    assert cloud.items("exports") == []


def test_a_client_that_cannot_wait_longer_is_sent_to_ask_again(cloud, get, workers):
    fill(cloud.dynamodb, 100, characters=1_000)
    workers.dies = True
    reply = get(export, context=SimpleNamespace(get_remaining_time_in_millis=lambda: 5_000))
    path, _, query = reply.headers["location"].partition("?")
    assert (reply.status, path) == (303, "getcsv")
    workers.calls.clear()
    writer.handler(json.loads(json.dumps(owner_of(cloud))), SimpleNamespace(get_remaining_time_in_millis=lambda: 9e5))
    again = get(export, query={name: value for name, (value,) in parse_qs(query).items()})
    assert len(download(cloud, again.headers["location"])) == 100


def owner_of(cloud) -> dict[str, str]:
    (state,) = cloud.items("exports")
    return {name: json.loads(state["job"]["S"])[name] for name in ("export", "owner")}


def test_the_page_is_told_how_far_it_is_and_goes_on_with_it_where_it_stopped(cloud, get, workers):
    """Each run has time for one part only; every part is written once, and every judgement is in one of them."""
    expected = fill(cloud.dynamodb, 40, characters=100_000)
    workers.milliseconds = 10_000
    first = get(export, headers=JSON)
    assert (first.status, first.headers["retry-after"]) == (202, "1")
    told = [first.json]
    while "url" not in told[-1]:
        assert len(told) < 10
        told.append(get(export, headers=JSON, query={"export": first.json["export"]}).json)
    assert len(workers.calls) == 5
    sizes = [one["bytes"] for one in told[:-1]]
    assert sizes == sorted(sizes) and sizes[-1] > 2 * PART
    assert [one["judgements"] for one in told[:-1]] == sorted(one["judgements"] for one in told[:-1])
    found = [row["review"] for row in download(cloud, told[-1]["url"])]
    assert len(found) == 40
    assert set(found) == expected


def test_who_asks_while_one_is_written_joins_it(cloud, get, workers):
    fill(cloud.dynamodb, 100, characters=1_000)
    workers.dies = True
    one, two = get(export, headers=JSON).json, get(export, headers=JSON).json
    assert one["export"] == two["export"]
    assert len(workers.calls) == 1
    assert len(uploads(cloud)) == 1


def test_a_writer_that_died_is_replaced_after_a_minute(cloud, get, workers, monkeypatch):
    fill(cloud.dynamodb, 100, characters=1_000)
    workers.dies = True
    begun = get(export, headers=JSON).json
    workers.dies = False
    assert get(export, headers=JSON, query={"export": begun["export"]}).status == 202
    assert len(workers.calls) == 1
    wait(monkeypatch, 61)
    get(export, headers=JSON, query={"export": begun["export"]})
    reply = get(export, headers=JSON, query={"export": begun["export"]})
    assert len(download(cloud, reply.json["url"])) == 100


def test_the_writer_that_was_given_up_writes_no_more(cloud, get, workers, monkeypatch, capsys):
    fill(cloud.dynamodb, 30, characters=100_000)
    workers.dies = True
    begun = get(export, headers=JSON).json
    put = bucket.put

    def put_late(*arguments: Any) -> str:
        """While this part goes up, another one takes over."""
        monkeypatch.setattr(bucket, "put", put)
        wait(monkeypatch, 61)
        assert get(export, headers=JSON, query={"export": begun["export"]}).status == 202
        return put(*arguments)

    monkeypatch.setattr(bucket, "put", put_late)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
    writer.handler(workers.calls[0], context)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["outcome"] == "lost"
    writer.handler(workers.calls[1], context)
    reply = get(export, headers=JSON, query={"export": begun["export"]})
    assert len(download(cloud, reply.json["url"])) == 30


def test_a_writer_that_is_called_twice_writes_once(cloud, get, workers, capsys):
    fill(cloud.dynamodb, 100, characters=1_000)
    get(export)
    capsys.readouterr()
    writer.handler(workers.calls[0], None)
    assert capsys.readouterr().out == ""


def test_an_export_whose_last_word_got_lost_is_found_complete(cloud, get, workers, monkeypatch):
    fill(cloud.dynamodb, 100, characters=1_000)
    drop = jobs.drop
    monkeypatch.setattr(jobs, "drop", lambda *_: None)
    begun = get(export, headers=JSON).json
    monkeypatch.setattr(jobs, "drop", drop)
    wait(monkeypatch, 61)
    get(export, headers=JSON, query={"export": begun["export"]})
    reply = get(export, headers=JSON, query={"export": begun["export"]})
    assert len(download(cloud, reply.json["url"])) == 100


def test_an_export_that_nobody_waits_for_is_begun_anew(cloud, get, workers, monkeypatch):
    fill(cloud.dynamodb, 100, characters=1_000)
    workers.dies = True
    old = get(export, headers=JSON).json["export"]
    wait(monkeypatch, 61 + jobs.STALE_SECONDS)
    new = get(export, headers=JSON).json["export"]
    assert new != old
    assert uploads(cloud) == [jobs.object_key(new)]
    assert get(export, headers=JSON, query={"export": old}).status == 404


def test_an_export_that_breaks_off_again_and_again_is_given_up(cloud, get, workers, monkeypatch):
    fill(cloud.dynamodb, 100, characters=1_000)
    workers.dies = True
    begun = get(export, headers=JSON).json
    for tries in range(1, jobs.MOST_FAILURES):
        wait(monkeypatch, 61 * tries)
        assert get(export, headers=JSON, query={"export": begun["export"]}).status == 202
    wait(monkeypatch, 61 * jobs.MOST_FAILURES)
    reply = get(export, headers=JSON, query={"export": begun["export"]})
    assert (reply.status, "retry-after" in reply.headers) == (500, False)
    assert "failed several times" in reply.json["detail"]
    assert uploads(cloud) == cloud.items("exports") == []
    assert get(export, headers=JSON, query={"export": begun["export"]}).status == 404


@pytest.mark.parametrize("unknown", ["../secrets", "x", "0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d"])
def test_an_unknown_export_is_not_found(cloud, get, unknown):
    reply = get(export, headers=JSON, query={"export": unknown})
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("failing", ["upload_part", "complete_multipart_upload"])
def test_an_error_in_the_middle_leaves_no_file(cloud, get, workers, monkeypatch, failing):
    fill(cloud.dynamodb, 100, characters=1_000)

    def fail(**_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalError"}}, failing)

    monkeypatch.setattr(aws.client("s3"), failing, fail)
    workers.dies = True
    get(export, headers=JSON)
    with pytest.raises(ClientError):
        writer.handler(workers.calls[0], SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000))
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=BUCKET)


def test_a_table_that_takes_too_long_to_read_goes_through_the_bucket(cloud, get, workers, monkeypatch):
    monkeypatch.setattr(export, "DIRECT_BYTES", 10_000_000)
    fill(cloud.dynamodb, 30, characters=100_000)  # three pages
    left = iter([20_000, 5_000, 20_000])
    reply = get(export, context=SimpleNamespace(get_remaining_time_in_millis=lambda: next(left)))
    assert len(download(cloud, reply.headers["location"])) == 30


def test_the_log_of_the_writer_tells_figures_and_no_text(cloud, get, workers, capsys):
    cloud.dynamodb.put_item(TableName="judgements", Item=item(1, "something private" + "x" * 60_000))
    get(export)
    printed = capsys.readouterr().out
    line = next(line for line in map(json.loads, printed.splitlines()) if line["function"] == "writer")
    assert (line["outcome"], line["rows"], line["parts"]) == ("complete", 1, 1)
    assert line["peakMiB"] is None or line["peakMiB"] > 1
    assert "private" not in printed


def test_both_forms_can_be_written_at_once(cloud, get, workers):
    fill(cloud.dynamodb, 100, characters=1_000)
    cloud.dynamodb.put_item(TableName="judgements", Item=item(100, "=1+1"))
    workers.dies = True
    plain, raw = get(export, JSON).json["export"], get(export, JSON, query={"raw": "1"}).json["export"]
    assert plain != raw
    workers.dies = False
    calls = list(workers.calls)
    for call in calls:
        writer.handler(call, SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000))
    for query in ({"export": plain}, {"export": raw, "raw": "1"}):
        url = get(export, JSON, query=query).json["url"]
        assert urlsplit(url).path.endswith("/sentiment.raw.csv" if "raw" in query else "/sentiment.csv")
        found = download(cloud, url)
        assert len(found) == 101
        assert "=1+1" in {row["review"] for row in found}
