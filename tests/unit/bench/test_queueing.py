"""The simulation against what queueing theory knows exactly."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from tests.bench.queueing import Task, calibrate, most, percentile, simulate


def test_random_work_waits_as_the_formula_for_one_server_says() -> None:
    # M/M/1: the mean time in the system is 1 / (capacity - rate).
    random = Random(1)
    task = Task(tuple(random.expovariate(1) for _ in range(50_000)), way=0)

    assert fmean(simulate(task, rate=500, seconds=150)) == pytest.approx(2.0, rel=0.05)


def test_even_work_waits_half_as_long() -> None:
    # M/D/1 (Pollaczek and Khinchine): waiting is rho / (2 (1 - rho)) of the work.
    assert fmean(simulate(Task((1.0,), way=3), rate=500, seconds=150)) == pytest.approx(3 + 1.5, rel=0.02)


def test_tasks_share_the_load_and_the_shortest_queue_is_chosen() -> None:
    one, three = (percentile(simulate(Task((1.0,), 0), 800 * n, n, seconds=30), 0.95) for n in (1, 3))

    assert three < one


def test_calibration_gives_back_capacity_and_the_time_of_a_lone_request() -> None:
    task = calibrate([2.0, 2.2, 1.8, 2.0] * 100, capacity=1000)

    assert task.capacity == pytest.approx(1000, rel=0.01)
    assert fmean(task.work) + task.way == pytest.approx(2.0, rel=0.01)


def test_the_greatest_rate_keeps_the_limit_and_a_little_more_does_not() -> None:
    task = Task((1.0,), 0)
    rate = most(task, 1, limit=5, seconds=20)

    assert percentile(simulate(task, rate, seconds=20), 0.95) <= 5
    assert percentile(simulate(task, rate * 1.05, seconds=20), 0.95) > 5
