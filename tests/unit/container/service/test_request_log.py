from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from sentiment.model import Model

TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0"


def test_a_request_is_logged_with_id_latency_and_revision_and_without_its_text(
    client: FlaskClient, model: Model, log_lines: list[str]
) -> None:
    client.post("/predict?note=hush", json={"review": "hush, I am happy"}, headers={"X-Request-Id": "abc-1"})
    client.get("/hush")
    assert not any("hush" in line for line in log_lines)
    # Metrics come in between once a minute.
    first, second = (line for line in map(json.loads, log_lines) if line.get("message") == "request")
    assert first.pop("milliseconds") > 0
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "INFO",
        "message": "request",
        "stage": "test",
        "requestId": "abc-1",
        "route": "POST /predict",
        "status": 200,
        "model": model.revision,
    }
    assert (second["route"], second["status"]) == (None, 404)


def test_health_checks_are_logged_for_debugging_only(client: FlaskClient, log_lines: list[str]) -> None:
    client.get("/healthz")
    assert [json.loads(line)["level"] for line in log_lines] == ["DEBUG"]


def test_the_api_s_id_comes_before_the_load_balancer_s_trace(client: FlaskClient) -> None:
    answer = client.get("/model", headers={"X-Amzn-Trace-Id": TRACE, "X-Request-Id": "abc-3"})
    assert answer.headers["X-Request-Id"] == "abc-3"
    assert client.get("/model", headers={"X-Amzn-Trace-Id": TRACE}).headers["X-Request-Id"] == TRACE


@pytest.mark.parametrize("value", ["", "a b", "x" * 201, '"},{"level":"error', "ä", "<b>"])
def test_an_id_that_is_not_sane_is_replaced(client: FlaskClient, log_lines: list[str], value: str) -> None:
    answer = client.get("/model", headers={"X-Request-Id": value})
    made = answer.headers["X-Request-Id"]
    assert made != value
    assert len(made) == 32
    assert json.loads(log_lines[0])["requestId"] == made


def test_errors_carry_the_id_too(client: FlaskClient) -> None:
    answer = client.post("/predict", data=b"{", content_type="application/json", headers={"X-Request-Id": "abc-2"})
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (400, "abc-2")
