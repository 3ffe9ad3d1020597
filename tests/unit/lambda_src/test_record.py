"""POST /setSentiment on moto: what is stored, what is refused, and that nothing is stored twice or by half."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import pytest

import aws
from generator import catalogue
from shared import counters, erasure, ledger, limits
from shared.counters import Kind

UUID = "0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d"
PREDICTION = {"classification": "guilt", "confidence": 0.75, "model": "gru-0123456789ab"}
JUDGEMENT = {"review": "I broke it", "sentiment": "guilt", "judgement": UUID, "prediction": PREDICTION}
REQUEST_ID = re.compile(r"q[0-9a-f]{16}")


def changed(**fields: object) -> dict[str, object]:
    return {**JUDGEMENT, **fields}


def test_reply_is_that_of_the_original_app_and_more(cloud, post):
    reply = post({"review": "  I broke it \n", "sentiment": "joy"})
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    judgement = reply.json.pop("judgement")
    assert reply.json == {
        "review": "I broke it",
        "sentiment": "joy",
        "id": hashlib.md5(b"I broke it", usedforsecurity=False).hexdigest(),
        "verdict": "unprompted",
    }
    assert [item["judgement"]["S"] for item in cloud.items("judgements")] == [judgement]


def test_everything_about_a_judgement_is_stored(cloud, post, receipt):
    assert post(changed(receipt=receipt("I broke it"))).json["verdict"] == "approved"
    (item,) = cloud.items("judgements")
    assert item.pop("time")["S"].endswith("Z")
    assert REQUEST_ID.fullmatch(item.pop("question")["S"])
    assert item == {
        "id": {"S": hashlib.md5(b"I broke it", usedforsecurity=False).hexdigest()},
        "judgement": {"S": UUID},
        "review": {"S": "I broke it"},
        "sentiment": {"S": "guilt"},
        "verdict": {"S": "approved"},
        "classification": {"S": "guilt"},
        "confidence": {"N": "0.75"},
        "model": {"S": "gru-0123456789ab"},
        "receipt": {"S": "valid"},
    }


@pytest.mark.parametrize(
    ("fields", "verdict", "model", "counter"),
    [
        ({}, "approved", "gru-0123456789ab", "guilt>guilt"),
        ({"sentiment": "shame"}, "revised", "gru-0123456789ab", "guilt>shame"),
        ({"classification": None}, "revised", "gru-0123456789ab", "none>guilt"),
    ],
)
def test_verdict_and_its_counter(cloud, post, receipt, fields, verdict, model, counter):
    shown = receipt("I broke it", fields.pop("classification", "guilt"))
    assert post(changed(receipt=shown, **fields)).json["verdict"] == verdict
    (count,) = cloud.items("counts")
    assert count.pop("shard")["N"] in map(str, range(catalogue.COUNT_SHARDS))
    assert count == {"model": {"S": model}, counter: {"N": "1"}}


def test_judging_the_same_text_again_keeps_the_earlier_answer(cloud, post):
    post({"review": "I broke it", "sentiment": "guilt"})
    post({"review": "I broke it", "sentiment": "joy"})
    assert sorted(item["sentiment"]["S"] for item in cloud.items("judgements")) == ["guilt", "joy"]


def test_the_same_judgement_again_is_answered_alike_and_stored_once(cloud, post, receipt):
    shown = receipt("I broke it")
    first = post(changed(receipt=shown))
    again = post(changed(receipt=shown, judgement=UUID.upper(), review=" I broke it"))
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert len(cloud.items("judgements")) == 1
    assert [count["guilt>guilt"] for count in cloud.items("counts")] == [{"N": "1"}]


def test_the_same_judgement_with_another_sentiment_is_a_conflict(cloud, post):
    post(JUDGEMENT)
    reply = post(changed(sentiment="joy"))
    assert reply.status == 409
    assert "new UUID" in reply.json["detail"]
    assert [item["sentiment"]["S"] for item in cloud.items("judgements")] == ["guilt"]


def test_the_same_judgement_sent_at_once_is_stored_and_counted_once(cloud, post, receipt, monkeypatch):
    # Moto lets transactions of two threads overwrite each other; DynamoDB isolates each call, so the test does.
    alone = Lock()
    for call in ("transact_write_items", "get_item"):
        monkeypatch.setattr(aws.client("dynamodb"), call, isolated(getattr(aws.client("dynamodb"), call), alone))
    workers = 8
    start = Barrier(workers)
    judgement = changed(receipt=receipt("I broke it"))

    def send(_: int) -> int:
        start.wait()
        return post(judgement).status

    with ThreadPoolExecutor(workers) as pool:
        assert list(pool.map(send, range(workers))) == [200] * workers
    assert len(cloud.items("judgements")) == 1
    assert [count["guilt>guilt"] for count in cloud.items("counts")] == [{"N": "1"}]


def isolated(call: Callable[..., Any], alone: Lock) -> Callable[..., Any]:
    def wrapped(**arguments: Any) -> Any:
        with alone:
            return call(**arguments)

    return wrapped


GOOD_TEXTS = [
    "x",
    "x" * 2_000,
    "  " + "x" * 2_000 + "\n",
    "I won 🎉 👩‍👩‍👧",
    "أنا حزين جدا",
    '=HYPERLINK("http://example.org","click")',
    'semicolon; newline\r\nquote " comma, tab\t',
    "qwxz vbnm",
    "\u2028 line \u0007 bell",
]


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_any_text_is_stored_as_it_is(cloud, post, text):
    reply = post({"review": text, "sentiment": "joy"})
    assert (reply.status, reply.json["review"]) == (200, text.strip())
    assert [item["review"]["S"] for item in cloud.items("judgements")] == [text.strip()]


# What both POST routes refuse is in tests/unit/shared/test_refusals.py.
BAD = {
    "no sentiment": ({"review": "x"}, 400),
    "NaN": ('{"review": "x", "sentiment": NaN}', 400),
    "2,001 characters": (changed(review="x" * 2_001), 413),
    "extra key": (changed(name="me"), 400),
    "unknown label": (changed(sentiment="happy"), 400),
    "label in capitals": (changed(sentiment="JOY"), 400),
    "label no string": (changed(sentiment=["joy"]), 400),
    "judgement no UUID": (changed(judgement="1"), 400),
    "judgement in braces": (changed(judgement="{" + UUID + "}"), 400),
    "judgement null": (changed(judgement=None), 400),
    "prediction null": (changed(prediction=None), 400),
    "prediction a label": (changed(prediction="joy"), 400),
    "prediction without model": (changed(prediction={"classification": "joy", "confidence": 1}), 400),
    "prediction with more": (changed(prediction={**PREDICTION, "scores": {}}), 400),
    "prediction of an unknown label": (changed(prediction={**PREDICTION, "classification": "none"}), 400),
    "confidence over 1": (changed(prediction={**PREDICTION, "confidence": 1.001}), 400),
    "confidence under 0": (changed(prediction={**PREDICTION, "confidence": -0.1}), 400),
    "confidence too large for a float": (json.dumps(JUDGEMENT).replace("0.75", "1e999"), 400),
    "confidence a string": (changed(prediction={**PREDICTION, "confidence": "0.5"}), 400),
    "confidence true": (changed(prediction={**PREDICTION, "confidence": True}), 400),
    "model empty": (changed(prediction={**PREDICTION, "model": ""}), 400),
    "model too long": (changed(prediction={**PREDICTION, "model": "m" * 65}), 400),
    "model with a line end": (changed(prediction={**PREDICTION, "model": "m\n"}), 400),
    "second unknown": (changed(second="happy"), 400),
    "second none": (changed(second="none"), 400),
    "second the same": (changed(second="guilt"), 400),
    "second beside none": (changed(sentiment="none", second="joy"), 400),
    "second null": (changed(second=None), 400),
    "receipt null": (changed(receipt=None), 400),
    "receipt a number": (changed(receipt=1), 400),
    "model like no model": (changed(prediction={**PREDICTION, "model": "unprompted"}), 400),
}


@pytest.mark.parametrize(("body", "status"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_words_and_nothing_is_stored(cloud, post, body, status):
    reply = post(body)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert reply.json["type"] == "about:blank"
    assert reply.json["title"]
    assert len(reply.json["detail"]) > 15
    assert cloud.items("judgements") == cloud.items("counts") == []


def test_a_field_of_the_prediction_is_named_with_its_path(cloud, post):
    missing = post(changed(prediction={"classification": "joy", "confidence": 1}))
    assert missing.json["detail"] == 'The field "prediction.model" is missing; add it.'
    unknown = post(changed(prediction={**PREDICTION, "scores": {}}))
    assert unknown.json["detail"].startswith('The field "prediction.scores" is unknown')


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
@pytest.mark.parametrize(
    "value", ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y; charset=UTF-8"]
)
def test_content_type_in_any_case_and_with_parameters(cloud, post, name, value):
    assert post(event={"headers": {name: value}, "body": json.dumps(JUDGEMENT)}).status == 200


def test_base64_body(cloud, post):
    headers = {"content-type": "application/json"}
    body = json.dumps({"review": "täglich 🎉", "sentiment": "joy"}, ensure_ascii=False).encode()
    event = {"headers": headers, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert post(event=event).json["review"] == "täglich 🎉"
    assert post(event={**event, "body": "no base64!"}).status == 400
    assert post(event={**event, "body": base64.b64encode(b'{"review": "\xff"}').decode()}).status == 400
    assert post(event={**event, "body": base64.b64encode(b"x" * (limits.MAX_BODY_BYTES + 1)).decode()}).status == 413


def test_extreme_confidences_are_stored(cloud, post, receipt):
    for number, confidence in enumerate([0, 1, 1.0, -0.0, 1e-320, 0.1234567891, 1 / 3]):
        shown = receipt(f"text {number}", confidence=confidence)
        assert post({"review": f"text {number}", "sentiment": "joy", "receipt": shown}).status == 200
    stored = {item["review"]["S"]: item["confidence"]["N"] for item in cloud.items("judgements")}
    assert list(dict(sorted(stored.items())).values()) == ["0", "1", "1", "0", "0", "0.123457", "0.333333"]


def test_a_stage_may_keep_judgements_for_a_time(cloud, post, monkeypatch):
    post({"review": "never expires", "sentiment": "joy"})
    monkeypatch.setenv("JUDGEMENT_DAYS", "7")
    post({"review": "for a week", "sentiment": "joy"})
    expiry = {item["review"]["S"]: item.get("expires", {}).get("N") for item in cloud.items("judgements")}
    assert expiry["never expires"] is None
    assert abs(int(expiry["for a week"]) - time.time() - 7 * 24 * 3600) < 60


def test_none_of_the_labels_is_an_answer_too(cloud, post, receipt):
    revised = post(changed(sentiment="none", receipt=receipt("I broke it")))
    assert (revised.json["sentiment"], revised.json["verdict"]) == ("none", "revised")
    agreed = post({"review": "Tuesday", "sentiment": "none", "receipt": receipt("Tuesday", None)})
    assert agreed.json["verdict"] == "approved"  # neither finds an emotion in it


@pytest.mark.parametrize(("sent", "stored"), [({"blind": True}, {"S": "true"}), ({"blind": False}, None), ({}, None)])
def test_a_blind_judgement_is_marked(cloud, post, sent, stored):
    assert post(changed(**sent)).status == 200
    (item,) = cloud.items("judgements")
    assert item.get("blind") == stored


def test_a_question_counts_once_and_its_last_word_stands(cloud, post, receipt):
    shown = receipt("I broke it")
    said = ["guilt", "shame", "joy", "guilt", "fear"] * 20
    for number, sentiment in enumerate(said):
        body = changed(receipt=shown, sentiment=sentiment, judgement=f"00000000-0000-4000-8000-{number:012x}")
        assert post(body).status == 200
    items = cloud.items("judgements")
    assert len(items) == len(said), "the history stays"
    assert max(items, key=lambda item: item["time"]["S"])["sentiment"]["S"] == "fear"
    assert len({item["time"]["S"] for item in items}) == len(said), "so that the CSV tells which is the last"
    assert counters.tally(cloud.items("counts")) == {"gru-0123456789ab": {Kind("guilt", "fear"): 1}}


def test_a_judgement_that_lost_its_reply_does_not_count_again_after_a_later_one(cloud, post, receipt):
    shown, later = receipt("I broke it"), "00000000-0000-4000-8000-000000000000"
    first = post(changed(receipt=shown))
    post(changed(receipt=shown, sentiment="joy", judgement=later))
    assert post(changed(receipt=shown)).json == first.json
    assert counters.tally(cloud.items("counts")) == {"gru-0123456789ab": {Kind("guilt", "joy"): 1}}


def test_judgements_of_one_question_sent_at_once_count_once(cloud, post, receipt, monkeypatch):
    alone = Lock()
    for call in ("transact_write_items", "get_item"):
        monkeypatch.setattr(aws.client("dynamodb"), call, isolated(getattr(aws.client("dynamodb"), call), alone))
    workers, shown = 8, receipt("I broke it")
    start = Barrier(workers)

    def send(number: int) -> int:
        start.wait()
        judgement = f"00000000-0000-4000-8000-{number:012x}"
        return post(changed(receipt=shown, judgement=judgement, sentiment=catalogue.LABELS[number % 7])).status

    with ThreadPoolExecutor(workers) as pool:
        assert list(pool.map(send, range(workers))) == [200] * workers
    last = max(cloud.items("judgements"), key=lambda item: item["time"]["S"])["sentiment"]["S"]
    assert counters.tally(cloud.items("counts")) == {"gru-0123456789ab": {Kind("guilt", last): 1}}


def test_two_labels_may_fit_and_either_approves(cloud, post, receipt):
    reply = post(changed(sentiment="shame", second="guilt", receipt=receipt("I broke it")))
    assert (reply.json["sentiment"], reply.json["second"], reply.json["verdict"]) == ("shame", "guilt", "approved")
    (item,) = cloud.items("judgements")
    assert item["second"] == {"S": "guilt"}
    assert counters.tally(cloud.items("counts")) == {"gru-0123456789ab": {Kind("guilt", "shame", "guilt"): 1}}
    assert post(changed(sentiment="shame")).status == 409, "the same id with one label less"


def erase(cloud, text, moment):
    entry = {**ledger.erasure_key(erasure.text_mark(text)), "time": {"S": moment}}
    cloud.dynamodb.put_item(TableName="ledger", Item=entry)


def test_what_was_asked_before_an_erasure_is_not_stored_after_it(cloud, post, receipt):
    shown = receipt("I broke it")
    erase(cloud, "i  BROKE\u200b it", "2999-01-01T00:00:00.000Z")
    reply = post(changed(receipt=shown))
    assert (reply.status, reply.json["title"]) == (410, "Gone")
    assert post(changed()).status == 410
    assert cloud.items("judgements") == cloud.items("counts") == []


def test_what_is_asked_anew_after_an_erasure_is_stored(cloud, post, receipt):
    erase(cloud, "I broke it", "2001-01-01T00:00:00.000Z")
    assert post(changed(receipt=receipt("I broke it"))).status == 200
