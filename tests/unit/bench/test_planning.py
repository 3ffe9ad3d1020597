"""The capacity page follows from the measured figure and the stages' settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import planning
from tests.bench.queueing import Task

STAGE: dict[str, object] = {
    "throttle_rate": 100,
    "requests_per_task": 6000,
    "max_tasks": 3,
    "max_instances": 3,
    "instance_type": "t3.micro",
}


def test_each_bound_is_what_its_part_can_do() -> None:
    bounds = planning._bounds(STAGE, per_core=1000)

    assert bounds["throttle of the API"] == 100
    assert bounds["tasks, at what scaling aims for"] == 300
    assert bounds["tasks, never idle"] == 3000  # three machines of two vCPUs, two of which are one core
    assert bounds["instances for ever"] == pytest.approx(300)  # a tenth of each vCPU


def test_the_page_is_filled_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "capacity.md"
    page.write_text("before\n<!-- generated -->\nfigures of yesterday\n<!-- /generated -->\nafter\n")
    monkeypatch.setattr(planning, "PAGE", page)

    planning.write(Task((1.0,), 0.5), per_core=1000, compared=[])

    written = page.read_text()
    assert written.startswith("before\n<!-- generated -->\n")
    assert written.endswith("<!-- /generated -->\nafter\n")
    assert "yesterday" not in written
    assert "| prod | 100 | 2,000 | throttle of the API |" in written


def test_every_stage_on_aws_has_an_instance_that_is_known() -> None:
    for name, stage in planning.on_aws().items():
        assert stage["instance_type"] in planning.INSTANCES, name
