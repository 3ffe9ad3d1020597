"""docs/capacity.md: what the measured requests a second mean for users, stage by stage. Measures nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generator import catalogue
from scripts import ROOT
from scripts.stage import settings
from tests.bench.page import machine

PAGE = ROOT / "docs" / "capacity.md"
_GENERATED = re.compile(r"(<!-- generated -->\n).*?(<!-- /generated -->)", re.DOTALL)

LIMIT_MS = 10.0  # 95 of 100 predictions should be answered by the task within this
SECONDS_BETWEEN = 20.0  # how long an active user reads, thinks and types before sending the next text
JUDGED = 0.5  # share of predictions that are followed by a judgement
PEAK = 2.0  # load of an hour's busiest minute, as a multiple of the hour's average
SPARE_TASKS = 1  # a task that freezes or dies is missing until it has been replaced

# vCPUs, baseline share of a vCPU (what CPU credits sustain indefinitely), GiB of memory:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
INSTANCES = {
    "t3.micro": (2, 0.10, 1),
    "t3.small": (2, 0.20, 2),
    "t3.medium": (2, 0.20, 4),
    "c7i.large": (2, 1.0, 4),
    "c7i.xlarge": (4, 1.0, 8),
}
VCPU = 0.5  # cores: two vCPUs of these instances are the two hardware threads of one core
LINK_RPS = 10_000  # API Gateway, per region: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
LAMBDA_CONCURRENCY = 1_000  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; new accounts less
LAMBDA_SECONDS = 0.05  # of a warm `record`, its transaction included
# A partition takes 1,000 write units a second, and a transactional write costs two:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_JUDGEMENTS = 500


@dataclass(frozen=True)
class Measured:
    """Latency of one task on one core at one load.

    Attributes:
        share: of the task's capacity, 0..1.
        rate: requests a second.
        p50: median, in milliseconds, as are the others.
        p95: 95th percentile.
        p99: 99th percentile.
    """

    share: float
    rate: float
    p50: float
    p95: float
    p99: float


def write(per_core: float, levels: Sequence[Measured]) -> None:
    """Write the generated part of the page.

    Args:
        per_core: requests a second that one core answers.
        levels: measured latency at each load.
    """
    text = PAGE.read_text(encoding="utf-8")
    planned = planned_share(levels)
    parts = [_measured(per_core, levels), _rule(per_core, planned), _stages(per_core), _breaks(per_core)]
    new = "\n".join([*parts, _million(per_core, planned)])
    assert _GENERATED.search(text), f"{PAGE} has lost its marks"
    PAGE.write_text(_GENERATED.sub(lambda match: match[1] + new + match[2], text), encoding="utf-8")


def on_aws() -> dict[str, dict[str, Any]]:
    """Settings of each stage that runs on AWS."""
    return {name: settings.load(name).values for name in settings.stages() if name != "local"}


def planned_share(levels: Sequence[Measured]) -> float:
    """The highest measured share of a task's capacity at which the latency limit is kept.

    Raises:
        ValueError: it is kept at none.
    """
    kept = [level.share for level in levels if level.p95 <= LIMIT_MS]
    if not kept:
        raise ValueError(f"p95 is above {LIMIT_MS:g} ms at every measured load: is the machine busy?")
    return max(kept)


def requests_per_task(per_core: float, planned: float) -> float:
    """Requests a minute that a task on one vCPU should get.

    Args:
        per_core: requests a second that one core answers.
        planned: share of a task's capacity to plan for.
    """
    return 60 * planned * per_core * VCPU


def max_tasks(peak: float, per_task: float) -> int:
    """How many tasks a stage needs.

    Args:
        peak: requests a second in the busiest minute.
        per_task: requests a minute that each task should get.
    """
    return math.ceil(peak * 60 / per_task) + SPARE_TASKS


def users(rate: float) -> int:
    """How many active users send that many requests for predictions a second."""
    return int(rate * SECONDS_BETWEEN)


def _measured(per_core: float, levels: Sequence[Measured]) -> str:
    rows = "\n".join(
        f"| {level.share:.0%} | {level.rate:,.0f} | {level.p50:.2f} | {level.p95:.2f} | {level.p99:.2f} |"
        for level in levels
    )
    return f"""## One task, measured

One core answers **{per_core:,.0f} predictions a second** ({machine()}).
Latency in milliseconds, with random arrivals:

| Share of capacity | Requests a second | p50 | p95 | p99 |
|---:|---:|---:|---:|---:|
{rows}
"""


def _rule(per_core: float, planned: float) -> str:
    stage = on_aws()["prod"]
    kind, rate, most = stage["instance_type"], stage["throttle_rate"], stage["max_tasks"]
    vcpus, baseline, _ = INSTANCES[kind]
    sustained = 60 * per_core * vcpus * VCPU * baseline
    most_of_a_task = requests_per_task(per_core, planned)
    rows = [
        (
            "`requests_per_task`, a minute, at most",
            f"60 · {planned:g} · requests a second of a core · cores of a task",
            f"60 · {planned:g} · {per_core:,.0f} · {VCPU:g} = {most_of_a_task:,.0f}",
        ),
        (
            "the same, if CPU credits are to last",
            "60 · requests a second of a core · cores of an instance · baseline / tasks on an instance",
            f"60 · {per_core:,.0f} · {vcpus * VCPU:g} · {baseline:g} / 1 = {sustained:,.0f}",
        ),
        (
            "the same, if scaling is to reach every task",
            "60 · `throttle_rate` / `max_tasks`",
            f"60 · {rate} / {most} = {60 * rate / most:,.0f}",
        ),
        (
            "`max_tasks`, at least",
            f"60 · requests a second at the peak / what a task may get at most, rounded up, + {SPARE_TASKS}",
            f"60 · {rate} / {most_of_a_task:,.0f} + {SPARE_TASKS} = {max_tasks(rate, most_of_a_task)}",
        ),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""## Rule for `requests_per_task` and `max_tasks`

Plan for {planned:.0%} of a task's capacity: the highest measured load at which 95 of 100 predictions are answered
within {LIMIT_MS:g} ms. A vCPU counts as {VCPU:g} of a core. The example is `prod`: {kind}, a task on each, a peak of
{rate} requests a second (its throttle).

| Setting | Rule | Example |
|---|---|---|
{table}
"""


def _bounds(stage: dict[str, Any], per_core: float) -> dict[str, float]:
    """Predictions a second at which each part of a stage is full."""
    vcpus, baseline, _ = INSTANCES[stage["instance_type"]]
    tasks, cores = stage["max_tasks"], vcpus * VCPU * stage["max_instances"]
    return {
        "API throttle": stage["throttle_rate"],
        "tasks at their scaling target": tasks * stage["requests_per_task"] / 60,
        "tasks, saturated": per_core * min(tasks, cores),
        "instances while CPU credits last": per_core * min(tasks, cores),
        "instances on baseline CPU": per_core * cores * baseline,
        "API Gateway's quota for the region": float(LINK_RPS),
        "Lambda concurrency": LAMBDA_CONCURRENCY / LAMBDA_SECONDS / JUDGED,
        "one partition of the counts table": PARTITION_JUDGEMENTS / JUDGED,
    }


def _stages(per_core: float) -> str:
    rows = ["| Stage | Predictions a second | Active users | Full first | Full next |", "|---|---:|---:|---|---|"]
    for name, stage in on_aws().items():
        bounds = sorted(_bounds(stage, per_core).items(), key=lambda pair: pair[1])
        (first, rate), (second, more) = bounds[0], bounds[1]
        rows.append(f"| {name} | {rate:,.0f} | {users(rate):,} | {first} | {second} ({more:,.0f}) |")
    table = "\n".join(rows)
    return f"""## What each stage holds

An active user sends a text every {SECONDS_BETWEEN:.0f} seconds.

{table}
"""


def _breaks(per_core: float) -> str:
    rows = ["| Part | Predictions a second | Active users |", "|---|---:|---:|"]
    for part, rate in sorted(_bounds(on_aws()["prod"], per_core).items(), key=lambda pair: pair[1]):
        rows.append(f"| {part} | {rate:,.0f} | {users(rate):,} |")
    return "## Where `prod` breaks, in order\n\n" + "\n".join(rows) + "\n"


def _million(per_core: float, planned: float) -> str:
    average = 1_000_000 / 3600
    peak = average * PEAK
    per_task = requests_per_task(per_core, planned)
    tasks = max_tasks(peak, per_task)
    by_memory = int((INSTANCES["c7i.large"][2] * 1024 - 512) / 192)
    instances = math.ceil(tasks / min(by_memory, INSTANCES["c7i.large"][0]))
    stage = on_aws()["prod"]
    vcpus, baseline, _ = INSTANCES[stage["instance_type"]]
    sustained = per_core * vcpus * VCPU * baseline
    on_credits = f"or, on {stage['instance_type']} without surplus credits: max_instances"
    throttle = f"{math.ceil(peak * 1.5 / 100) * 100:,}, {math.ceil(peak * 3):,}"
    rows = [
        ("throttle_rate, throttle_burst", f"{stage['throttle_rate']}, {stage['throttle_burst']}", throttle),
        ("requests_per_task", f"{stage['requests_per_task']:,}", f"{per_task:,.0f}"),
        ("max_tasks", stage["max_tasks"], tasks),
        ("instance_type", stage["instance_type"], "c7i.large: no CPU credits to run out of"),
        ("max_instances", stage["max_instances"], instances),
        (on_credits, stage["max_instances"], math.ceil(average / sustained)),
        ("Lambda concurrency of `record`", "the account's", f"{math.ceil(peak * JUDGED * LAMBDA_SECONDS)} at the peak"),
        (
            "shards of the counts (`COUNT_SHARDS`)",
            catalogue.COUNT_SHARDS,
            f"enough: {peak * JUDGED:,.0f} judgements a second at the peak, {PARTITION_JUDGEMENTS} per partition",
        ),
    ]
    table = "\n".join(f"| {name} | {now} | {then} |" for name, now, then in rows)
    return f"""## A million predictions an hour

{average:,.0f} a second on average, {peak:,.0f} in the busiest minute ({PEAK:g} times the average),
{users(peak):,} active users.

| Setting | Now | Then |
|---|---|---|
{table}

"""
