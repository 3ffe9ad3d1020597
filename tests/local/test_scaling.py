"""The laptop cloud scales as the service stack's policies say: more tasks under load, and one again after it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local import curve, load
from tests.local.conftest import Run
from tests.local.running import RunningApp, start_and_wait
from tests.local.test_roll import Service, eventually

PEAK, SECONDS = 45, 14  # requests a second, above what the stage wants of one task (20); three times a minute here


@pytest.fixture
def scaling(tmp_path: Path) -> Iterator[RunningApp]:
    """A laptop cloud that scales."""
    running = start_and_wait(tmp_path / "state", SCALING="on")
    yield running
    running.close()


def test_tasks_follow_the_load_up_and_down(scaling: RunningApp) -> None:
    service = Service(scaling)

    samples = list(load.run(scaling.url, PEAK, SECONDS, lambda: len(service.tasks())))

    assert max(one.tasks for one in samples) >= 2
    assert samples[-1].tasks == 1
    assert sum(one.failed for one in samples) == 0
    # On a machine that is busy with other things, requests may take long before there are many of them.
    eventually(lambda: any(re.search(r"from 1 to \d: (requests|work) at", words) for words in told(service)))
    eventually(lambda: any("to 1:" in words for words in told(service)))


def test_instances_come_when_tasks_find_no_room_and_go_when_they_are_idle(own: RunningApp, run: Run) -> None:
    """A t3.micro has room for four tasks. What waits a quarter of an hour on AWS waits half a minute here."""
    service = Service(own)

    def instances() -> dict[str, str]:
        found: dict[str, str] = json.loads(run("status", "--json").stdout)["instances"]
        return found

    eventually(lambda: len(instances()) == 1)
    (first,) = instances()
    try:
        service.scale(5)
        assert sorted(instances().values()) == ["ACTIVE, 1 tasks", "ACTIVE, 4 tasks"]
        assert f"on {first}" in run("status").stdout
    finally:
        service.scale(1)
    eventually(lambda: len(instances()) == 1)
    assert "1 tasks" in "".join(instances().values())


def test_no_more_tasks_than_the_stage_allows(run: Run) -> None:
    refused = run("scale", "9", code=1).stderr
    assert "at most 3 tasks" in refused
    assert "max_tasks" in refused
    assert len(json.loads(run("status", "--json").stdout)["tasks"]) == 1


def told(service: Service) -> list[str]:
    """What scaling says that it did, among the service's events."""
    found = service.ecs.describe_services(cluster=service.cluster, services=[service.name])["services"][0]
    return [event["message"] for event in found["events"] if "scaling set the desired count" in event["message"]]


def test_the_curve_shows_what_was_measured() -> None:
    samples = [load.Sample(1, 5, 5, 0, 7.0, 9.0, 1), load.Sample(2, 50, 40, 3, 70.0, 90.0, 3)]

    picture = curve.svg(samples, "Load & tasks")

    assert picture.startswith("<svg")
    assert "Load &amp; tasks" in picture
    assert picture.count("<polyline") == 4
    assert curve.table(samples, 50).row_count == 2


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert load.percentile([4, 1, 3, 2], 0.5) == 3
    assert load.percentile([4, 1, 3, 2], 0.95) == 4
    assert load.percentile([], 0.5) == 0
