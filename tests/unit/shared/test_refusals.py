"""The service and the function that records read the same input alike, and refuse it in the same words."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

import record
from generator import catalogue
from sentiment.app import create_app
from sentiment.model import Model, Prediction
from sentiment.settings import Settings
from shared.limits import MAX_BODY_BYTES

JSON = "application/json"
SMALL = b'{"review": "happy"}'

# Content type, body, status, and a part of the detail. A body that is bytes is sent as it is; one that is a dictionary
# as JSON, to the function with the field "sentiment", which it wants and the service does not know.
BAD: dict[str, tuple[str | None, bytes | dict[str, Any], int, str]] = {
    "no content type": (None, SMALL, 415, JSON),
    "an empty content type": ("", SMALL, 415, JSON),
    "text": ("text/plain", SMALL, 415, JSON),
    "a form of parts": ("multipart/form-data; boundary=x", SMALL, 415, JSON),
    "text/json": ("text/json", SMALL, 415, JSON),
    "a kind of JSON": ("application/problem+json", SMALL, 415, JSON),
    "two content types": ("application/json, text/plain", SMALL, 415, JSON),
    "another charset": ("application/json; charset=latin-1", SMALL, 415, "UTF-8"),
    "an unknown charset": ('application/json; charset="no such"', SMALL, 415, "UTF-8"),
    "what curl sends by itself": (
        "application/x-www-form-urlencoded",
        SMALL,
        415,
        "-H 'Content-Type: application/json'",
    ),
    "two charsets": ("application/json; charset=utf-8; charset=latin-1", SMALL, 415, "charset"),
    "a charset in the form of RFC 2231": ("application/json; charset*=utf-8''latin-1", SMALL, 415, "charset"),
    "a charset alone": ("charset=utf-8", SMALL, 415, JSON),
    "too long, and not JSON": ("text/plain", b" " * 40_000, 415, JSON),
    "a byte too long": (JSON, SMALL.ljust(MAX_BODY_BYTES + 1), 413, "at most 28,096 bytes"),
    "1 MB": (JSON, b"x" * 1_000_000, 413, "at most 28,096 bytes"),
    "too long, and not UTF-8": (JSON, b"\xe9" * 40_000, 413, "at most 28,096 bytes"),
    "no body": (JSON, b"", 400, "is empty"),
    "only spaces for a body": (JSON, b" \r\n ", 400, "is empty"),
    "not JSON": (JSON, b"review=happy", 400, "cannot be read as JSON"),
    "cut short": (JSON, b'{"review": "happy"', 400, "cannot be read as JSON"),
    "a byte order mark alone": (JSON, b"\xef\xbb\xbf", 400, "is empty"),
    "a byte order mark of UTF-16": (JSON, b"\xfe\xff" + SMALL, 400, "not valid UTF-8"),
    "two byte order marks": (JSON, b"\xef\xbb\xbf" * 2 + SMALL, 400, "cannot be read as JSON"),
    "two objects": (JSON, SMALL + SMALL, 400, "cannot be read as JSON"),
    "a comment": (JSON, SMALL + b" // happy", 400, "cannot be read as JSON"),
    "nested too deeply": (JSON, b"[" * 16_000, 400, "cannot be read as JSON"),
    "too many digits": (JSON, b'{"review": ' + b"9" * 5_000 + b"}", 400, "cannot be read as JSON"),
    "a list": (JSON, b"[]", 400, "not an object"),
    "a string": (JSON, b'"happy"', 400, "not an object"),
    "null": (JSON, b"null", 400, "not an object"),
    "NaN": (JSON, b"NaN", 400, "not an object"),
    "ISO 8859-1": (JSON, '{"review": "the café was naïve"}'.encode("latin-1"), 400, "not valid UTF-8"),
    "UTF-16": (JSON, '{"review": "happy"}'.encode("utf-16"), 400, "not valid UTF-8"),
    "UTF-8 cut short": (JSON, b'{"review": "na\xc3"}', 400, "not valid UTF-8"),
    "no field": (JSON, b"{}", 400, '"review" is missing'),
    "no review": (JSON, {}, 400, '"review" is missing'),
    "an unknown field": (JSON, {"review": "happy", "reveiw": "happy"}, 400, '"reveiw" is unknown'),
    "a field with a long name": (JSON, {"review": "happy", "x" * 99: 1}, 400, f'"{"x" * 40}" is unknown'),
    "a field with a strange name": (JSON, {"review": "happy", "\n\u202e": 1}, 400, '"\\n\\u202e" is unknown'),
    "review null": (JSON, {"review": None}, 400, "must be a string"),
    "review a number": (JSON, {"review": 7}, 400, "must be a string"),
    "review a list": (JSON, {"review": ["happy"]}, 400, "must be a string"),
    "review NaN": (JSON, {"review": float("nan")}, 400, "must be a string"),
    "review empty": (JSON, {"review": ""}, 400, "review is empty"),
    "review of white space": (JSON, {"review": " \t\r\n\u00a0\u2003"}, 400, "review is empty"),
    "2,001 characters": (JSON, {"review": "x" * 2_001}, 413, "has 2,001 characters; send at most 2,000"),
    "2,002 characters with a NUL": (JSON, {"review": "x" * 2_000 + "\0x"}, 413, "has 2,002 characters"),
    "NUL": (JSON, {"review": "a\0b"}, 400, "NUL"),
    "only a NUL": (JSON, {"review": "\0"}, 400, "NUL"),
    "half a pair, high": (JSON, {"review": "a \ud83d b"}, 400, "unpaired surrogate"),
    "half a pair, low": (JSON, {"review": "\ude00"}, 400, "unpaired surrogate"),
}
TITLES = {400: "Bad Request", 413: "Content Too Large", 415: "Unsupported Media Type"}


class NeverAsked(Model):
    """Stands for a model, which nothing that is refused may get to."""

    revision = "0" * 12
    labels = catalogue.LABELS

    def __init__(self) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return create_app(Settings(), NeverAsked()).test_client()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in next(one for one in catalogue.FUNCTIONS if one.name == "record").environment:
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("LABELS", ",".join(catalogue.LABELS))


EMOJI = "\U0001f600" * 2_000
# Content type, body without the last bracket (a judgement needs one more field), and the review that is read.
GOOD: dict[str, tuple[str, bytes, str]] = {
    "JSON": (JSON, b'{"review": "happy"', "happy"),
    "a charset": ("application/json; charset=utf-8", b'{"review": "na\xc3\xafve"', "na\u00efve"),
    "an empty charset": ("application/json; charset=", b'{"review": "na\xc3\xafve"', "na\u00efve"),
    "a quoted charset": ('application/json;charset="UTF-8"', b'{"review": "na\xc3\xafve"', "na\u00efve"),
    "the same charset twice": ("application/json; charset=utf-8; charset=UTF8", b'{"review": "happy"', "happy"),
    "another parameter": ("application/json; profile=x", b'{"review": "happy"', "happy"),
    "capitals": ("Application/JSON", b'{"review": "happy"', "happy"),
    "a byte order mark": (JSON, b'\xef\xbb\xbf{"review": "happy"', "happy"),
    "white space around": (JSON, b'\r\n {"review": " happy\\n "', "happy"),
    "a field twice": (JSON, b'{"review": "sad", "review": "happy"', "happy"),
    "the longest": (JSON, b'{"review": "' + EMOJI.encode() + b'"', EMOJI),
    "the longest, escaped": (JSON, json.dumps({"review": EMOJI})[:-1].encode(), EMOJI),
    "a typed replacement character": (JSON, '{"review": "what is \ufffd?"'.encode(), "what is \ufffd?"),
}


class Unsure(Model):
    """Stands for a model that can never tell."""

    revision = "0" * 12
    labels = catalogue.LABELS

    def __init__(self) -> None:
        pass

    def predict(self, text: str) -> Prediction:
        return Prediction(None, 0.0, dict.fromkeys(self.labels, 0.0))


def by_the_service(
    service: FlaskClient, body: bytes, content_type: str | None, headers: dict[str, str] | None = None
) -> tuple[int, str, Any]:
    answer = service.post("/predict", data=body, content_type=content_type, headers=headers)
    return answer.status_code, answer.content_type, json.loads(answer.data)


def by_the_function(
    body: bytes, content_type: str | None, as_text: bool, more: dict[str, str] | None = None
) -> tuple[int, str, Any]:
    """What an HTTP API makes of a request: the body as text, or in base64 where it takes it for binary."""
    headers = {"content-length": str(len(body))} | ({} if content_type is None else {"content-type": content_type})
    headers |= more or {}
    text = body.decode(errors="replace") if as_text else base64.b64encode(body).decode()
    event = {"version": "2.0", "headers": headers, "body": text, "isBase64Encoded": not as_text}
    reply = record.handler(event, None)
    return reply["statusCode"], reply["headers"]["content-type"], json.loads(reply["body"])


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "base64"])
@pytest.mark.parametrize(("content_type", "body", "status", "hint"), BAD.values(), ids=BAD)
def test_both_refuse_it_in_the_same_words(
    service: FlaskClient,
    content_type: str | None,
    body: bytes | dict[str, Any],
    status: int,
    hint: str,
    as_text: bool,
) -> None:
    alone = body if isinstance(body, bytes) else json.dumps(body).encode()
    with_sentiment = body if isinstance(body, bytes) else json.dumps({**body, "sentiment": "joy"}).encode()
    refusal = by_the_service(service, alone, content_type)
    assert refusal == by_the_function(with_sentiment, content_type, as_text)
    assert refusal[:2] == (status, "application/problem+json")
    detail = refusal[2].pop("detail")
    assert refusal[2] == {"type": "about:blank", "title": TITLES[status], "status": status}
    assert hint in detail


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "base64"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "GZIP", "x"])
def test_both_say_of_a_compressed_body_what_is_wrong(service: FlaskClient, encoding: str, as_text: bool) -> None:
    header = {"content-encoding": encoding}
    refusal = by_the_service(service, gzip.compress(SMALL), JSON, header)
    assert refusal == by_the_function(gzip.compress(SMALL), JSON, as_text, header)
    assert (refusal[0], "compressed, as Content-Encoding says" in refusal[2]["detail"]) == (415, True)


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "base64"])
def test_both_see_a_compressed_body_whose_header_is_missing(service: FlaskClient, as_text: bool) -> None:
    refusal = by_the_service(service, gzip.compress(SMALL), JSON)
    assert refusal == by_the_function(gzip.compress(SMALL), JSON, as_text)
    assert (refusal[0], "compressed with gzip" in refusal[2]["detail"]) == (400, True)


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "base64"])
@pytest.mark.parametrize(("content_type", "start", "review"), GOOD.values(), ids=GOOD)
def test_both_read_it_alike(
    monkeypatch: pytest.MonkeyPatch, content_type: str, start: bytes, review: str, as_text: bool
) -> None:
    monkeypatch.setattr(record, "store", lambda judgement, settings: judgement)
    status, _, answer = by_the_service(create_app(Settings(), Unsure()).test_client(), start + b"}", content_type)
    assert (status, answer["review"]) == (200, review)
    status, _, stored = by_the_function(start + b', "sentiment": "joy"}', content_type, as_text)
    assert (status, stored["review"], stored["id"]) == (200, review, answer["id"])
