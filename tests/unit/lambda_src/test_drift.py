"""Drift: today's mix against last month's, from CloudWatch's recorded answers, as moto knows no SEARCH."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.stub import Stubber

import aws
import drift
from generator import catalogue
from sentiment import measures

NOW = datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC)
START = NOW.replace(second=0) - timedelta(days=31)
LABELS = ("joy", "fear")


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    aws.client.cache_clear()
    with Stubber(aws.client("cloudwatch")) as stubber:
        yield stubber
    aws.client.cache_clear()


def answer(stubber: Stubber, days: dict[str, list[float]], token: str = "") -> None:
    """Record an answer: a value for each day of each metric, the last one today."""
    names = ("Joy", "Fear", "Abstained")
    moments = [START + timedelta(days=number) for number in range(31)]
    results = [
        {"Id": f"m{names.index(name)}", "Timestamps": moments[-len(values) :], "Values": values}
        for name, values in days.items()
    ]
    stubber.add_response("get_metric_data", {"MetricDataResults": results, **({"NextToken": token} if token else {})})


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({"Joy": [60.0] * 31, "Fear": [40.0] * 31, "Abstained": [100.0] * 31}, 0.0),
        ({"Joy": [100.0] * 30 + [0.0], "Fear": [0.0] * 30 + [200.0]}, 1.0),
        ({"Joy": [100.0] * 30 + [140.0], "Abstained": [0.0] * 30 + [60.0]}, 0.3),
        ({"Joy": [100.0] * 30 + [199.0]}, None),
        ({"Joy": [30.0] * 30 + [500.0]}, None),
        ({}, None),
    ],
    ids=["the same", "nothing in common", "three in ten abstained", "few today", "few before", "none"],
)
def test_drift_is_the_share_that_would_have_to_be_others(
    cloudwatch: Stubber, days: dict[str, list[float]], expected: float | None
) -> None:
    answer(cloudwatch, days)
    assert drift.drift("dev", LABELS, NOW) == expected


def test_all_pages_count_and_all_models_together(cloudwatch: Stubber) -> None:
    answer(cloudwatch, {"Joy": [100.0] * 31}, token="more")
    answer(cloudwatch, {"Joy": [100.0] * 31, "Fear": [1.0]})
    found = drift.daily("dev", ("Joy", "Fear", "Abstained"), NOW)
    assert found["Joy"] == [200.0] * 31
    assert found["Fear"] == [0.0] * 30 + [1.0]


def test_what_is_searched_for_is_what_the_service_logs() -> None:
    assert catalogue.WATCH_NAMESPACE == measures.NAMESPACE == drift.NAMESPACE
    assert measures.DIMENSIONS == ["Stage", "Model"], "SEARCH names both, in this order"
    assert drift.ABSTAINED in measures.Measures("dev", "m", catalogue.LABELS)._line([], 0.0)
