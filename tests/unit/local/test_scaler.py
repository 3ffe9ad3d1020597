"""Target tracking as AWS documents it: three minutes up, fifteen down, one task at a time, and cooldowns."""

from __future__ import annotations

import itertools

import pytest

from scripts.local.extensions import scaling
from scripts.local.scaler import MINUTE, Policy, Scaler

REQUESTS = Policy("requests", 100, out_cooldown=30, in_cooldown=120)
WORK = Policy("work", 0.5)


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
    return Scaler({"requests": REQUESTS, "work": WORK}, 1, 3)


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
    assert run(both(), [{"requests": 1, "work": 0.7}] * 3) == [1, 1, 2]
    assert run(both(), [{"requests": 1, "work": 0.47}] * 30, tasks=2)[-1] == 2
    assert run(both(), [{"requests": 1, "work": 0.05}] * 30, tasks=2)[-1] == 1


def test_a_policy_without_measurements_is_left_out() -> None:
    assert run(both(), [{"requests": 1, "work": None}] * 20, tasks=2)[-1] == 1


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


GROUP = "targetgroup/sentiment/abc"
BALANCED = [{"Name": "LoadBalancer", "Value": "app/b/1"}, {"Name": "TargetGroup", "Value": f"app-{GROUP}"}]


def tracking(*names: str) -> dict[str, object]:
    """A policy's configuration with metric math on metrics of the load balancer."""
    metrics = [{"MetricStat": {"Metric": {"MetricName": name, "Dimensions": BALANCED}}} for name in names]
    return {"CustomizedMetricSpecification": {"Metrics": [*metrics, {"Expression": "a*b/60/c"}]}}


def test_a_policy_on_work_is_of_the_target_group_that_its_metrics_name() -> None:
    assert scaling._metric(tracking("RequestCount", "TargetResponseTime", "HealthyHostCount")) == (
        "work",
        f"app-{GROUP}",
    )
    with pytest.raises(ValueError, match="does not measure"):
        scaling._metric(tracking("RequestCount"))
    with pytest.raises(ValueError, match="does not measure ECSServiceAverageCPU"):
        scaling._metric({"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})


def test_requests_and_the_seconds_that_they_take_are_counted_per_target_and_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty requests of a tenth of a second within two seconds, on two tasks: each has half a request in hand."""
    arn = f"arn:aws:elasticloadbalancing:us-east-1:000000000000:{GROUP}"
    now = itertools.count(100.0, 2.0)
    monkeypatch.setattr(scaling.time, "monotonic", lambda: next(now))
    monkeypatch.setitem(scaling.alb._targets, arn, [{"Id": "1"}, {"Id": "2"}])
    measured = scaling.Scaling()
    scaled = scaling.Scaled("c", "s", ("0", "r"), alone())
    scaled.metrics = {"requests": (scaling.REQUESTS, f"app-{GROUP}"), "work": ("work", f"app-{GROUP}")}
    assert measured._measure(scaled) == {}, "a first look has nothing to compare with"

    measured._sent[arn], measured._taken[arn] = 20, 2.0

    assert measured._measure(scaled) == pytest.approx({"requests": 300, "work": 0.5})
    assert measured._measure(scaled) == {"requests": 0, "work": 0}
