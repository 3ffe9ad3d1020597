"""Logs are bounded: the latest events of each group stay, and nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import cloudwatch_logs

from scripts.local.extensions import retention


def stream(*times: int) -> dict[str, Any]:
    events = [{"timestamp": time, "message": str(time)} for time in times]
    return {"events": events, "firstEventTimestamp": times[0] if times else None}


def test_the_oldest_events_go_first_and_streams_that_had_only_such() -> None:
    streams = {"old": stream(1, 2), "empty": stream(), "middle": stream(3, 4, 5), "new": stream(6)}
    retention.remove_oldest(streams, kept=3)

    assert {name: [event["timestamp"] for event in each["events"]] for name, each in streams.items()} == {
        "empty": [],
        "middle": [4, 5],
        "new": [6],
    }
    assert streams["middle"]["firstEventTimestamp"] == 4


def test_a_group_with_few_events_loses_none() -> None:
    streams = {"a": stream(1, 2), "b": stream(3)}
    retention.remove_oldest(streams, kept=3)

    assert sum(len(each["events"]) for each in streams.values()) == 3


@pytest.fixture
def logs() -> Iterator[Any]:
    """The emulator's logs, with a bound of 100 events; as before afterwards."""
    fresh = importlib.reload(cloudwatch_logs)
    retention.register(kept=100, slack=10)
    yield fresh
    importlib.reload(cloudwatch_logs)


def test_what_is_logged_stays_within_the_bound(logs: Any) -> None:
    logs._create_log_group({"logGroupName": "g"})
    for number in range(30):
        logs._create_log_stream({"logGroupName": "g", "logStreamName": f"s{number}"})
        for _ in range(20):
            events = [{"timestamp": 1_700_000_000_000 + number, "message": "m"}]
            logs._put_log_events({"logGroupName": "g", "logStreamName": f"s{number}", "logEvents": events})
    streams = logs._log_groups["g"]["streams"]

    assert 100 <= sum(len(each["events"]) for each in streams.values()) < 110
    assert list(streams)[-1] == "s29"
    assert len(streams) <= 6
    assert 100 <= len(logs._log_records._data) < 110
