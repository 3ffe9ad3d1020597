from __future__ import annotations

import hashlib
import json
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from generator import catalogue
from sentiment.app import create_app
from sentiment.model import Model, PredictionError
from sentiment.settings import Settings


def predict(client: FlaskClient, review: Any) -> TestResponse:
    return client.post("/predict", data=json.dumps({"review": review}), content_type="application/json")


def assert_problem(answer: TestResponse, status: int, *hints: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    assert set(document) == {"type", "title", "status", "detail"}
    assert document["status"] == status
    for hint in hints:
        assert hint in document["detail"]


def test_a_prediction_has_the_fields_of_the_api_in_its_order(client: FlaskClient, model: Model) -> None:
    answer = predict(client, "  I feel bad that I neglected this project for so long\n")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    document = json.loads(answer.data)
    assert list(document) == ["id", "review", "classification", "confidence", "scores", "model"]
    assert list(document["scores"]) == list(catalogue.LABELS)
    review = "I feel bad that I neglected this project for so long"
    assert document["review"] == review
    assert document["id"] == hashlib.md5(review.encode()).hexdigest()  # noqa: S324
    assert document["model"] == model.revision
    assert document["classification"] in (*catalogue.LABELS, None)
    assert document["confidence"] == max(document["scores"].values())


@pytest.mark.parametrize(
    "review",
    [
        "I am so happy 😀👩‍👩‍👧",
        "أنا حزين جدا",
        "\u202eI was afraid\u202c",
        '=HYPERLINK("http://example.com","I am happy")',
        'I was sad; "very", he said,\r\nand\twent',
        "I was happy\x07\x1b[31m",
        "x" * 2_000,
        "😀" * 2_000,
        "<script>alert(1)</script> I was angry",
    ],
)
def test_any_text_is_echoed_as_it_is(client: FlaskClient, review: str) -> None:
    answer = client.post(
        "/predict",
        data=json.dumps({"review": review}, ensure_ascii=False).encode(),
        content_type="application/json; charset=UTF-8",
    )
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.data)["review"] == review


def test_2000_characters_count_after_trimming(client: FlaskClient) -> None:
    assert predict(client, " " * 50 + "x" * 2_000 + "\n" * 50).status_code == 200
    assert_problem(predict(client, "x" * 2_001), 413, "2,001", "2,000")


@pytest.mark.parametrize("explain", [1, 0, "true", None, ["inside"]], ids=str)
def test_explain_is_true_or_false_or_inside(client: FlaskClient, explain: Any) -> None:
    """What else both POST routes refuse is in tests/unit/shared/test_refusals.py."""
    answer = client.post("/predict", json={"review": "happy", "explain": explain})
    assert_problem(answer, 400, "explain must be true, false or")


def test_an_explanation_needs_a_review(client: FlaskClient) -> None:
    assert_problem(client.post("/predict", json={"explain": True}), 400, '"review" is missing')


def test_another_method_is_refused_with_those_allowed(client: FlaskClient) -> None:
    answer = client.get("/predict")
    assert_problem(answer, 405, "POST")
    assert "POST" in answer.headers["Allow"]
    assert_problem(client.delete("/healthz"), 405, "GET")


@pytest.mark.parametrize("path", ["/", "/predict/", "/static/x", "/getSentiment", "/healthz/../etc/passwd"])
def test_another_address_is_not_found(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404, "POST /predict")


def test_health_is_alive_and_loaded(client: FlaskClient, model: Model) -> None:
    answer = client.get(catalogue.HEALTH_PATH)
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "model": model.revision}


def test_the_card_says_revision_labels_and_scores(client: FlaskClient, model: Model) -> None:
    card = client.get("/model").json
    assert card is not None
    assert card["revision"] == model.revision
    assert card["labels"] == list(catalogue.LABELS)
    assert {**model.card, **card} == card
    assert model.card


class Silent(Model):
    """Stands for a model that stopped answering, which a whole file cannot be made to do."""

    revision = "0" * 12
    labels = catalogue.LABELS

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.failing = True

    def predict(self, text: str) -> NoReturn:
        raise self.error

    def check(self) -> NoReturn:
        raise self.error


def test_while_the_model_does_not_answer_clients_are_asked_to_come_back(log_lines: list[str]) -> None:
    client = create_app(Settings(), Silent(PredictionError("out of memory"))).test_client()
    for answer in (predict(client, "happy"), client.get("/healthz")):
        assert_problem(answer, 503, "again in a few seconds")
        assert int(answer.headers["Retry-After"]) > 0
    assert "the model does not answer" in log_lines[0]


def test_an_unforeseen_error_shows_no_trace_and_leaves_no_text_in_the_log(log_lines: list[str]) -> None:
    client = create_app(Settings(), Silent(ValueError("bad: my secret"))).test_client()
    answer = predict(client, "my secret")
    assert_problem(answer, 500)
    for trace in ("Traceback", "ValueError", "secret", ".py"):
        assert trace not in answer.text
    failure = json.loads(log_lines[0])
    assert failure["error"] == "ValueError"
    assert any("test_app.py" in place for place in failure["at"])
    assert not any("secret" in line for line in log_lines)
