"""Both POST routes through the whole chain (front, API, link, balancer, task or Lambda): what is refused and how."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from generator import catalogue
from shared.reviews import text_id
from tests.local.running import Answer, RunningApp

PREDICT, BATCH, RECORD = "/api/getSentiment", "/api/getSentiments", "/api/setSentiment"
Fields = Callable[[Any], dict[str, Any]]
# What a request with this review looks like, by path.
REQUESTS: dict[str, Fields] = {
    PREDICT: lambda review: {"review": review},
    RECORD: lambda review: {"review": review, "sentiment": "joy"},
}
both = pytest.mark.parametrize("path", REQUESTS)


def is_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    problem = answer.json
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert len(problem["detail"]) > 15
    assert "Traceback" not in problem["detail"]


BAD_REVIEWS = {
    "empty": ("", 400),
    "only spaces": (" \t\r\n\u00a0", 400),
    "no string": (7, 400),
    "null": (None, 400),
    "2,001 characters": ("é" * 2_001, 413),
    "NUL": ("a\0b", 400),
    "lone high surrogate": ("a\ud83d", 400),
    "lone low surrogate": ("\ude00a", 400),
}


@both
@pytest.mark.parametrize(("review", "status"), BAD_REVIEWS.values(), ids=BAD_REVIEWS)
def test_bad_review_is_refused(app: RunningApp, path: str, review: Any, status: int) -> None:
    is_problem(app.request("POST", path, REQUESTS[path](review)), status)


BAD_BODIES = {
    "not JSON": b"{",
    "no body": b"",
    "only spaces": b"  ",
    "a list": b"[]",
    "no field": b"{}",
    "ISO 8859-1": b'{"review": "the caf\xe9 was na\xefve", "sentiment": "shame"}',
    "nested too deeply": b"[" * 16_000,
    "a number too long": b'{"review": ' + b"1" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_bad_body_is_refused_by_both_in_the_same_words(app: RunningApp, body: bytes) -> None:
    answers = [app.request("POST", path, body) for path in REQUESTS]
    for answer in answers:
        is_problem(answer, 400)
    assert answers[0].json == answers[1].json


@both
def test_extra_key_is_refused(app: RunningApp, path: str) -> None:
    is_problem(app.request("POST", path, {**REQUESTS[path]("fine"), "name": "me"}), 400)


@both
@pytest.mark.parametrize("size", [catalogue.MAX_BODY_BYTES + 1, 1_000_000])
def test_long_body_is_refused(app: RunningApp, path: str, size: int) -> None:
    body = json.dumps(REQUESTS[path]("fine")).encode().ljust(size)
    is_problem(app.request("POST", path, body), 413)


@both
def test_longest_body_is_accepted(app: RunningApp, path: str) -> None:
    body = json.dumps(REQUESTS[path]("fine")).encode().ljust(catalogue.MAX_BODY_BYTES)
    assert app.request("POST", path, body).status == 200


@both
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_another_content_type_is_refused(app: RunningApp, path: str, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    is_problem(app.request("POST", path, REQUESTS[path]("fine"), headers), 415)


@pytest.mark.parametrize(
    "change",
    [
        {"sentiment": "happy"},
        {"sentiment": None},
        {"judgement": "1"},
        {"prediction": {"classification": "joy", "confidence": 2, "model": "m"}},
    ],
    ids=str,
)
def test_bad_field_of_a_judgement_is_refused(app: RunningApp, change: dict[str, Any]) -> None:
    is_problem(app.request("POST", RECORD, {**REQUESTS[RECORD]("fine"), **change}), 400)


GOOD_REVIEWS = {
    "2,000 characters": "x" * 2_000,
    "2,000 characters and spaces": "  " + "é" * 2_000 + " \n",
    "emoji": "I won 🎉 👩‍👩‍👧",
    "right to left": "أنا حزين جدا اليوم",
    "formula": '=HYPERLINK("http://example.org","click")',
    "separators": 'a;b,c "d"\r\ne\tf',
    "only unknown words": "qwxz vbnm",
}


@both
@pytest.mark.parametrize("review", GOOD_REVIEWS.values(), ids=GOOD_REVIEWS)
def test_any_text_is_answered(app: RunningApp, path: str, review: str) -> None:
    answer = app.request("POST", path, REQUESTS[path](review))
    trimmed = review.strip()
    assert answer.status == 200
    assert answer.json["review"] == trimmed
    assert answer.json["id"] == text_id(trimmed)


def test_only_unknown_words_have_no_classification(app: RunningApp) -> None:
    assert app.request("POST", PREDICT, {"review": "qwxz vbnm"}).json["classification"] is None


def test_the_same_judgement_sent_at_once_is_stored_and_counted_once(app: RunningApp) -> None:
    senders = 6
    review, model = f"sent {senders} times at once {uuid.uuid4()}", f"model-{uuid.uuid4().hex}"
    receipt = app.receipt(review, "fear", 0.5, model)
    judgement = {"review": review, "sentiment": "joy", "judgement": str(uuid.uuid4()), "receipt": receipt}
    start = Barrier(senders)

    def send(_: int) -> Answer:
        start.wait()
        return app.request("POST", RECORD, judgement)

    with ThreadPoolExecutor(senders) as pool:
        answers = list(pool.map(send, range(senders)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    (counts,) = [entry for entry in app.request("GET", "/api/getStats").json["models"] if entry["model"] == model]
    assert (counts["judgements"], counts["revised"], counts["confusion"]["joy"]["fear"]) == (1, 1, 1)

    is_problem(app.request("POST", RECORD, {**judgement, "sentiment": "anger"}), 409)


# --- many at once ---------------------------------------------------------------------------------------------------


def nearly(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply whose probabilities may differ in the last digit, as those of a text do in a batch and alone."""
    if "scores" not in reply:
        return reply
    near = {key: pytest.approx(reply[key], abs=2e-6) for key in ("confidence", "scores")}
    return {**reply, **near}


def test_each_of_many_predictions_is_the_one_that_its_text_gets_alone(app: RunningApp) -> None:
    reviews = [*GOOD_REVIEWS.values(), "", 7, "I was so happy", "I was afraid of the dark"]
    answer = app.request("POST", BATCH, {"reviews": reviews})
    assert answer.status == 200
    for review, prediction in zip(reviews, answer.json["predictions"], strict=True):
        alone = app.request("POST", PREDICT, {"review": review}).json
        receipt = prediction.pop("receipt", None)
        assert (receipt is None) == (alone.pop("receipt", None) is None)
        assert prediction == nearly(alone)
        if receipt is not None:
            judgement = {"review": review, "sentiment": "joy", "receipt": receipt}
            assert app.request("POST", RECORD, judgement).json["verdict"] in ("approved", "revised")


def test_the_longest_of_many_pass_the_gateway(app: RunningApp) -> None:
    body = json.dumps({"reviews": ["😀" * 2_000] * 100}).encode().ljust(catalogue.MAX_BATCH_BODY_BYTES)
    answer = app.request("POST", BATCH, body)
    assert (answer.status, len(answer.json["predictions"])) == (200, 100)
    is_problem(app.request("POST", BATCH, body + b" "), 413)
    is_problem(app.request("POST", BATCH, {"reviews": ["fine"] * 101}), 413)
    is_problem(app.request("POST", BATCH, {"reviews": []}), 400)


@both
def test_the_longest_text_fits_when_it_is_escaped(app: RunningApp, path: str) -> None:
    body = json.dumps(REQUESTS[path]("😀" * 2_000)).encode()
    assert b"\\ud83d" in body
    assert app.request("POST", path, body).status == 200


@both
def test_a_byte_order_mark_is_ignored_and_compression_is_named(app: RunningApp, path: str) -> None:
    body = json.dumps(REQUESTS[path]("fine")).encode()
    assert app.request("POST", path, b"\xef\xbb\xbf" + body).status == 200
    answer = app.request("POST", path, gzip.compress(body), {"Content-Encoding": "gzip"})
    is_problem(answer, 415)
    assert "compressed" in answer.json["detail"]


# --- what a browser needs ------------------------------------------------------------------------------------------

# Answers of the model's service, of the Lambdas and of the gateway itself.
ANSWERS: dict[str, tuple[str, str, Any, int]] = {
    "prediction": ("POST", PREDICT, {"review": "fine"}, 200),
    "refused by the service": ("POST", PREDICT, {}, 400),
    "judgement": ("POST", RECORD, {"review": "fine", "sentiment": "joy"}, 200),
    "refused by the Lambda": ("POST", RECORD, {}, 400),
    "too long": ("POST", RECORD, b" " * 40_000, 413),
    "CSV": ("GET", "/api/getcsv", None, 200),
    "statistics": ("GET", "/api/getStats", None, 200),
    "unknown path": ("GET", "/api/nothing", None, 404),
    "another method": ("DELETE", RECORD, None, 404),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_may_be_read_by_the_page_and_by_no_other(
    app: RunningApp, method: str, path: str, body: Any, status: int
) -> None:
    origin = app.url
    answer = app.request(method, path, body, {"Origin": origin})
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == origin
    stranger = app.request(method, path, body, {"Origin": "http://stranger.example"})
    assert stranger.status == 403
    assert "access-control-allow-origin" not in stranger.headers


@both
def test_preflight_lets_the_page_send_json(app: RunningApp, path: str) -> None:
    origin = app.url
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = app.request("OPTIONS", path, None, asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"].lower()
