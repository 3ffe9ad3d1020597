"""The capacity page follows from the measured figures and the stages' settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench import planning
from tests.bench.planning import Measured

STAGE: dict[str, Any] = {
    "throttle_rate": 100,
    "requests_per_task": 6000,
    "max_tasks": 3,
    "max_instances": 3,
    "instance_type": "t3.micro",
}
LEVELS = [
    Measured(share=0.5, rate=500, p50=1.2, p95=3.4, p99=5.6),
    Measured(share=0.7, rate=700, p50=1.7, p95=9.9, p99=30.0),
    Measured(share=0.85, rate=850, p50=3.7, p95=20.3, p99=29.3),
]


def test_planned_is_the_highest_load_that_keeps_the_limit() -> None:
    assert planning.planned_share(LEVELS) == 0.7


def test_a_machine_too_busy_to_keep_the_limit_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="above 10 ms"):
        planning.planned_share(LEVELS[2:])


def test_a_task_gets_the_planned_share_of_half_a_core_each_minute() -> None:
    assert planning.requests_per_task(per_core=1000, planned=0.7) == pytest.approx(21_000)


def test_there_is_one_task_more_than_the_peak_needs() -> None:
    assert planning.max_tasks(peak=200, per_task=6000) == 3
    assert planning.max_tasks(peak=201, per_task=6000) == 4


def test_each_bound_is_what_its_part_can_do() -> None:
    bounds = planning._bounds(STAGE, per_core=1000)

    assert bounds["API throttle"] == 100
    assert bounds["tasks at their scaling target"] == 300
    assert bounds["tasks, saturated"] == 3000  # three instances of two vCPUs, two of which are one core
    assert bounds["instances on baseline CPU"] == pytest.approx(300)  # a tenth of each vCPU


def test_the_page_is_filled_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "capacity.md"
    page.write_text("before\n<!-- generated -->\nfigures of yesterday\n<!-- /generated -->\nafter\n")
    monkeypatch.setattr(planning, "PAGE", page)

    planning.write(per_core=1000, levels=LEVELS)

    written = page.read_text()
    assert written.startswith("before\n<!-- generated -->\n")
    assert written.endswith("<!-- /generated -->\nafter\n")
    assert "yesterday" not in written
    assert "| 70% | 700 | 1.70 | 9.90 | 30.00 |" in written
    assert "= 21,000 |" in written
    assert "| prod | 100 | 2,000 | API throttle |" in written


def test_every_stage_on_aws_has_an_instance_that_is_known() -> None:
    for name, stage in planning.on_aws().items():
        assert stage["instance_type"] in planning.INSTANCES, name
