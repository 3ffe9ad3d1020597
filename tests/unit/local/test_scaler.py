"""Target tracking as AWS documents it: three minutes up, fifteen down, one task at a time, and cooldowns."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.local.scaler import MINUTE, Policy, Scaler
from scripts.local.usage import cpu_seconds

REQUESTS = Policy("requests", 100, out_cooldown=30, in_cooldown=120)
CPU = Policy("cpu", 75)


def run(
    scaler: Scaler, minutes: list[dict[str, float | None]], tasks: int = 1, deploying: bool = False, start: float = 0
) -> list[int]:
    """How many tasks are wanted after each minute."""
    wanted = []
    for number, values in enumerate(minutes):
        change = scaler.decide(values, tasks, start + number * MINUTE, deploying)
        tasks = change.desired if change else tasks
        wanted.append(tasks)
    return wanted


def alone() -> Scaler:
    return Scaler({"requests": REQUESTS}, 1, 3)


def both() -> Scaler:
    return Scaler({"requests": REQUESTS, "cpu": CPU}, 1, 3)


def test_three_minutes_above_the_target_scale_out_to_what_the_load_needs() -> None:
    assert run(alone(), [{"requests": 150}] * 3) == [1, 1, 2]
    assert run(alone(), [{"requests": 230}] * 3) == [1, 1, 3]


def test_one_quiet_minute_in_between_starts_the_count_anew() -> None:
    assert run(alone(), [{"requests": each} for each in (150, 150, 99, 150, 150)]) == [1] * 5


def test_never_more_than_the_most_tasks_nor_fewer_than_the_least() -> None:
    assert run(alone(), [{"requests": 9000}] * 6)[-1] == 3
    assert run(Scaler({"requests": REQUESTS}, 2, 3), [{"requests": 0}] * 60, tasks=3)[-1] == 2


def test_fifteen_minutes_below_scale_in_one_task_at_a_time_after_the_cooldown() -> None:
    wanted = run(alone(), [{"requests": 1}] * 19, tasks=3)

    assert wanted[:14] == [3] * 14
    assert wanted[14:16] == [2, 2]  # a cooldown of two minutes follows
    assert wanted[-1] == 1


def test_what_stays_must_bear_the_load() -> None:
    # 80 for each of two tasks is under nine tenths of the target, and 160 for one alone would be above it.
    assert run(alone(), [{"requests": 80}] * 30, tasks=2)[-1] == 2


def test_any_policy_scales_out_and_all_must_agree_to_scale_in() -> None:
    assert run(both(), [{"requests": 1, "cpu": 100}] * 3) == [1, 1, 2]
    assert run(both(), [{"requests": 1, "cpu": 70}] * 30, tasks=2)[-1] == 2
    assert run(both(), [{"requests": 1, "cpu": 5}] * 30, tasks=2)[-1] == 1


def test_a_policy_without_measurements_is_left_out() -> None:
    assert run(both(), [{"requests": 1, "cpu": None}] * 20, tasks=2)[-1] == 1


def test_nothing_is_scaled_in_while_a_deployment_goes_on() -> None:
    assert run(alone(), [{"requests": 1}] * 30, tasks=2, deploying=True)[-1] == 2
    assert run(alone(), [{"requests": 150}] * 3, deploying=True)[-1] == 2


def test_a_policy_may_only_add() -> None:
    scaler = Scaler({"requests": Policy("requests", 100, may_scale_in=False)}, 1, 3)

    assert run(scaler, [{"requests": 1}] * 30, tasks=2)[-1] == 2


def test_a_service_put_to_sleep_stays_asleep() -> None:
    assert run(alone(), [{"requests": 900}] * 6, tasks=0)[-1] == 0


def test_why_it_changed_is_said() -> None:
    scaler = alone()
    for minute in range(2):
        scaler.decide({"requests": 150}, 1, minute * MINUTE)

    change = scaler.decide({"requests": 150}, 1, 2 * MINUTE)

    assert change is not None
    assert change.why == "requests at 150, above 100"


BUSY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=sys.stdin) if len(sys.argv) > 1 else None
while time.process_time() < 0.2:
    pass
print("worked", flush=True)
sys.stdin.read()
"""


def busy() -> subprocess.Popen[bytes]:
    """A process group of two, each of which works for 0.2 seconds, says so, and waits."""
    command = [sys.executable, "-c", BUSY, BUSY]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def test_cpu_time_is_that_of_the_groups_processes() -> None:
    with busy() as one, busy() as other:
        for process in (one, one, other, other):
            assert process.stdout is not None and process.stdout.readline() == b"worked\n"
        alone, both = cpu_seconds([one.pid]), cpu_seconds([one.pid, other.pid])
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.close()

    assert alone == pytest.approx(0.4, abs=0.1)
    assert both == pytest.approx(2 * alone, abs=0.1)
    assert cpu_seconds([]) == 0
