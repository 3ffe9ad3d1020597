"""What a canary's watch reads of the tasks' logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.release import canary, smoke
from scripts.stage.errors import SmokeTestError

GROUP, STREAM = "/sentiment/dev", "app/app/0123"


@pytest.fixture
def logs() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        client.create_log_group(logGroupName=GROUP)
        yield client


@pytest.fixture
def read(logs: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What a watch that began ten seconds ago reads."""

    def no_statistics(*_: str) -> None:
        raise SmokeTestError("the API does not answer")

    monkeypatch.setattr(smoke, "statistics", no_statistics)
    cloud: Any = SimpleNamespace(client=lambda _: logs)
    watch = canary.Watch(cloud, "", "", _since=milliseconds() - 10_000)
    return lambda: list(watch._read(GROUP, STREAM))


def milliseconds() -> int:
    return int(time.time() * 1000)


def write(logs: Any, message: str, seconds_ago: int = 0) -> None:
    event = {"timestamp": milliseconds() - 1000 * seconds_ago, "message": message}
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])


def test_lines_from_before_the_canary_never_count_and_the_others_once(logs: Any, read: Callable[[], list[str]]) -> None:
    assert read() == [], "a task that has logged nothing has no stream"
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    for number in range(3):
        write(logs, f"before {number}", seconds_ago=60)
    assert read() == read() == []
    for message in ("first", "second"):
        write(logs, message)
        assert read() == [message]
        assert read() == []
