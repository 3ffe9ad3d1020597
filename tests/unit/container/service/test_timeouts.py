"""gunicorn's times beside those of the load balancer and of ECS: each pair must be in the right order."""

from __future__ import annotations

import logging
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.unit.container.service.support import CONTAINER

TEMPLATES = Path(__file__).parents[4] / "templates"


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # which reading the configuration would leave behind, and these
    for name in ("logThreads", "logProcesses", "logMultiprocessing", "_srcfile"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    return runpy.run_path(str(CONTAINER / "gunicorn.conf.py"))


def in_template(stack: str, pattern: str) -> int:
    (found,) = set(re.findall(pattern, (TEMPLATES / f"{stack}.yaml").read_text()))
    return int(found)


def test_connections_stay_open_longer_than_the_load_balancer_keeps_them(configuration: dict[str, Any]) -> None:
    idle = in_template("cluster", r"idle_timeout\.timeout_seconds\s+Value: '(\d+)'")
    assert configuration["keepalive"] > idle


def test_what_is_in_flight_has_until_shortly_before_ecs_kills(configuration: dict[str, Any]) -> None:
    assert configuration["graceful_timeout"] < in_template("service", r"StopTimeout: (\d+)")
