"""Predictions become embedded metrics, and nothing of a text does."""

from __future__ import annotations

import json
from typing import Any

from generator import catalogue
from sentiment.app import create_app
from sentiment.measures import MOST, NAMESPACE, SECONDS, Measures
from sentiment.model import Model, Prediction
from sentiment.settings import Settings
from tests.unit.container.service.test_turns import Clock

LABELS = catalogue.LABELS


def metrics(lines: list[str]) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, lines) if line["message"] == "predictions"]


def prediction(label: str | None, confidence: float) -> Prediction:
    return Prediction(label, confidence, dict.fromkeys(LABELS, 0.0))


def test_a_line_holds_what_cloudwatch_makes_metrics_of(log_lines: list[str]) -> None:
    clock = Clock()
    measures = Measures("dev", "abc", LABELS, clock)
    for label, confidence in (("joy", 0.9), ("joy", 0.8), ("shame", 0.7), (None, 0.2)):
        measures.add(prediction(label, confidence))
    assert metrics(log_lines) == []
    clock.now += SECONDS
    measures.add(prediction("fear", 0.6))
    (line,) = metrics(log_lines)
    (about,) = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == round(clock.now * 1000)
    assert (about["Namespace"], about["Dimensions"]) == (NAMESPACE, [["Stage", "Model"]])
    assert (line["Stage"], line["Model"]) == ("dev", "abc")
    found = {metric["Name"]: line[metric["Name"]] for metric in about["Metrics"]}
    zeros = {"Anger": 0, "Disgust": 0, "Guilt": 0, "Sadness": 0}
    confidences = [0.9, 0.8, 0.7, 0.2, 0.6]
    expected = {"Predictions": 5, "Abstained": 1, "Confidence": confidences, "Joy": 2, "Shame": 1, "Fear": 1}
    assert found == {**expected, **zeros}
    assert NAMESPACE == catalogue.WATCH_NAMESPACE


def test_every_prediction_is_in_one_line_and_no_text_is_in_any(model: Model, log_lines: list[str]) -> None:
    client = create_app(Settings(stage="dev"), model).test_client()
    for _ in range(3):
        assert client.post("/predict", json={"review": "hush, I was so happy"}).status_code == 200
        assert client.post("/predict", json={"review": "I want to kill myself"}).status_code == 200
        assert client.post("/predict/batch", json={"reviews": ["hush, I was sad"] * 99}).status_code == 200
    lines = metrics(log_lines)
    assert [line["Predictions"] for line in lines] == [MOST] * 3
    assert sum(line["Joy"] for line in lines) == 3
    assert {line["Model"] for line in lines} == {model.revision}
    assert not [line for line in log_lines if "hush" in line or "myself" in line]
