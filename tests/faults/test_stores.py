"""What breaks behind the Lambdas: a judgement is answered as stored only when it is, and stored once."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import uuid
from pathlib import Path

import pytest

from tests.faults.between import FAILED, THROTTLED, UNANSWERED, between, changed, table_of
from tests.faults.conftest import Tell
from tests.faults.traffic import Traffic, post, stored
from tests.local.running import RunningApp
from tests.local.test_roll import eventually

JUDGED = 12
LATER = {502, 503}  # the second ours; the first the gateway's, of a Lambda that is given other settings meanwhile
TRIES_THAT_FAIL = 2  # both that boto3 makes of one call
LARGE = 4_500  # judgements of 2,000 characters are two parts of an upload
SKEWED = Path(__file__).with_name("skewed")


def counted(app: RunningApp) -> int:
    total: int = app.request("GET", "/api/getStats").json["judgements"]
    return total


def uncounted(app: RunningApp) -> int:
    """How many judgements are stored and not counted: those that a later one of the same prediction replaced.

    The traffic here has no receipts, so each of its judgements counts by itself, and this must not change.
    """
    return len(stored(app)) - counted(app)


@pytest.mark.parametrize("trouble", [THROTTLED, FAILED], ids=["throttles", "fails"])
def test_the_table_throttles_or_fails(app: RunningApp, tell: Tell, trouble: str) -> None:
    before = uncounted(app)
    mostly = between(app, "RecordFunction", "DYNAMODB", lambda n, *_: trouble if n % 2 else None)
    with mostly as broken, Traffic(app, predicting=1, judging=3) as traffic:
        traffic.wait_for_judgements(JUDGED)

    account = tell(traffic)
    assert broken.broken >= JUDGED / 2
    assert account.given_up == []
    assert set(account.failures) <= LATER
    assert uncounted(app) == before


def test_a_lambda_is_ended_after_it_stored_and_before_it_answered(app: RunningApp, tell: Tell) -> None:
    body = {"review": "Nobody told me whether this arrived", "sentiment": "fear", "judgement": str(uuid.uuid4())}
    before = counted(app)
    with Traffic(app, predicting=2, judging=0) as traffic:
        with between(app, "RecordFunction", "DYNAMODB", lambda *_: UNANSWERED, Timeout=2):
            assert post(app.port, "/api/setSentiment", body) in (500, 502, 503, 504)
        assert post(app.port, "/api/setSentiment", body) == 200
        traffic.account.acknowledged.append(body["judgement"])

    assert tell(traffic).failures == []
    assert counted(app) == before + 1


def test_the_bucket_fails_in_the_middle_of_an_export(app: RunningApp, tell: Tell) -> None:
    tries = itertools.count()

    def not_the_second_part(_: int, method: str, path: str) -> str | None:
        return FAILED if method == "PUT" and "partNumber=2" in path and next(tries) < TRIES_THAT_FAIL else None

    keys = _fill(app)
    try:
        with Traffic(app) as traffic, between(app, "WriterFunction", "S3", not_the_second_part) as broken:
            content = _exported(app)
    finally:
        _empty(app, keys)
    assert tell(traffic).failures == []
    assert broken.broken == TRIES_THAT_FAIL
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert {key["judgement"]["S"] for key in keys} <= {row["judgement"] for row in rows}
    assert len(rows) == len({row["judgement"] for row in rows})


def test_a_clock_is_wrong(app: RunningApp, tell: Tell) -> None:
    def wrong_by(minutes: int) -> contextlib.AbstractContextManager[None]:
        return changed(app, "RecordFunction", {"PYTHONPATH": str(SKEWED), "SKEW_MINUTES": str(minutes)})

    before = uncounted(app)
    body = {"review": "It was five to twelve", "sentiment": "fear", "judgement": str(uuid.uuid4())}
    with Traffic(app, predicting=1, judging=1) as traffic:
        # AWS refuses callers whose clocks are more than five minutes wrong; so the visitor who judges fails as well,
        # as often as it tries meanwhile.
        with wrong_by(180):
            answer = app.request("POST", "/api/setSentiment", body)
            assert (answer.status, "retry-after" in answer.headers) == (503, True)
            assert body["judgement"] not in stored(app)
        with wrong_by(-3):
            assert post(app.port, "/api/setSentiment", body) == 200
        assert post(app.port, "/api/setSentiment", body) == 200
        traffic.account.acknowledged.append(body["judgement"])

    account = tell(traffic)
    assert account.given_up == []
    assert set(account.failures) <= LATER
    assert uncounted(app) == before


def _fill(app: RunningApp) -> list[dict[str, dict[str, str]]]:
    """Put many long judgements into the table: their keys."""
    table, calls = table_of(app), app.cloud.client("dynamodb")
    keys = [{"id": {"S": f"{number:032x}"}, "judgement": {"S": str(uuid.uuid4())}} for number in range(LARGE)]
    item = {
        "review": {"S": "x" * 2000},
        "sentiment": {"S": "joy"},
        "verdict": {"S": "unprompted"},
        "time": {"S": "2026-01-01T00:00:00.000Z"},
    }
    for start in range(0, LARGE, 25):
        puts = [{"PutRequest": {"Item": {**item, **key}}} for key in keys[start : start + 25]]
        calls.batch_write_item(RequestItems={table: puts})
    return keys


def _empty(app: RunningApp, keys: list[dict[str, dict[str, str]]]) -> None:
    table, calls = table_of(app), app.cloud.client("dynamodb")
    for start in range(0, LARGE, 25):
        deletes = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + 25]]
        calls.batch_write_item(RequestItems={table: deletes})


def _exported(app: RunningApp) -> bytes:
    """The export, asked for again for as long as the answer is that it should be."""
    found: list[bytes] = []

    def whole() -> bool:
        answer = app.request("GET", "/api/getcsv")
        assert answer.status in (200, 503), answer
        found[:] = [answer.body] if answer.status == 200 else []
        return bool(found)

    eventually(whole)
    return found[0]
