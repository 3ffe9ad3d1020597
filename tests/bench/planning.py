"""docs/capacity.md: what the measured requests a second mean for users, stage by stage. Measures nothing."""

from __future__ import annotations

import math
import re

from generator import catalogue
from scripts import ROOT
from scripts.stage import settings
from tests.bench.figures import Figure
from tests.bench.page import machine
from tests.bench.queueing import Task, most

PAGE = ROOT / "docs" / "capacity.md"
_GENERATED = re.compile(r"(<!-- generated -->\n).*?(<!-- /generated -->)", re.DOTALL)

LIMIT_MS = 100.0  # 95 of 100 predictions are to be answered by the task within this
SECONDS_BETWEEN = 20.0  # an active user reads, thinks and writes for this long before the next text
JUDGED = 0.5  # share of predictions that are answered with a judgement
PEAK = 2.0  # the busiest minute of an hour beside its average

# vCPUs, share of a vCPU that may be used without end, GiB of memory:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
INSTANCES = {
    "t3.micro": (2, 0.10, 1),
    "t3.small": (2, 0.20, 2),
    "t3.medium": (2, 0.20, 4),
    "c7i.large": (2, 1.0, 4),
    "c7i.xlarge": (4, 1.0, 8),
}
VCPU = 0.5  # of a core: two vCPUs of these instances are the two threads of one
LINK_RPS = 10_000  # API Gateway, a region: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
LAMBDA_CONCURRENCY = 1_000  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; new accounts less
LAMBDA_SECONDS = 0.05  # of a warm record, the transaction in it included
# A partition takes 1,000 write units a second and a transaction pays twice:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_JUDGEMENTS = 500


def write(task: Task, per_core: float, compared: list[Figure]) -> None:
    """Write the generated part of the page.

    Args:
        task: the calibrated model.
        per_core: requests a second that a core answers.
        compared: what the simulation was held against.
    """
    text = PAGE.read_text(encoding="utf-8")
    new = "\n".join([_measured(task, per_core), _compared(compared), _stages(per_core), _breaks(per_core)])
    new += _million(per_core)
    assert _GENERATED.search(text), f"{PAGE} has lost its marks"
    PAGE.write_text(_GENERATED.sub(lambda match: match[1] + new + "\n" + match[2], text), encoding="utf-8")


def on_aws() -> dict[str, dict[str, settings.Setting]]:
    """Settings of each stage that runs on AWS."""
    return {name: settings.load(name).values for name in settings.stages() if name != "local"}


def per_task(task: Task, tasks: int = 1) -> float:
    """Requests a second and task that keep the limit, by simulation."""
    return most(task, tasks, LIMIT_MS, seconds=20) / tasks


def users(rate: float) -> int:
    """How many active users ask for that many predictions a second."""
    return int(rate * SECONDS_BETWEEN)


def _measured(task: Task, per_core: float) -> str:
    return (
        f"Measured: one core answers **{per_core:,.0f} predictions a second** ({machine()}).\nSimulated: one task "
        f"on a core of its own keeps 95 of 100 answers within {LIMIT_MS:.0f} ms up to {per_task(task):,.0f} a second, "
        f"three tasks up to {3 * per_task(task, 3):,.0f}. An active user asks every {SECONDS_BETWEEN:.0f} s. A vCPU "
        f"counts as {VCPU:g} of a core.\n"
    )


def _bounds(stage: dict[str, object], per_core: float) -> dict[str, float]:
    """Predictions a second at which each part of a stage is full."""
    vcpus, steady, _ = INSTANCES[str(stage["instance_type"])]
    tasks, instances = int(str(stage["max_tasks"])), int(str(stage["max_instances"]))
    core = vcpus * VCPU * instances
    return {
        "throttle of the API": float(str(stage["throttle_rate"])),
        "tasks, at what scaling aims for": tasks * float(str(stage["requests_per_task"])) / 60,
        "tasks, never idle": per_core * min(tasks, core),
        "instances while CPU credits last": per_core * min(tasks, core),
        "instances for ever": per_core * core * steady,
        "API and link, the region's quota": float(LINK_RPS),
        "Lambda concurrency": LAMBDA_CONCURRENCY / LAMBDA_SECONDS / JUDGED,
        "partition of the counts": PARTITION_JUDGEMENTS / JUDGED,
    }


def _compared(figures: list[Figure]) -> str:
    rows = "\n".join(f"| {one.name} | {one.value:.2f} ms | {one.note} |" for one in figures)
    return f"\n## How far the simulation can be trusted\n\n| Load | Measured | Simulated |\n|---|---:|---|\n{rows}\n"


def _stages(per_core: float) -> str:
    rows = ["| Stage | Predictions a second | Active users | What is full first | Then |", "|---|---:|---:|---|---|"]
    for name, stage in on_aws().items():
        bounds = sorted(_bounds(stage, per_core).items(), key=lambda pair: pair[1])
        (first, rate), (second, more) = bounds[0], bounds[1]
        rows.append(f"| {name} | {rate:,.0f} | {users(rate):,} | {first} | {second} ({more:,.0f}) |")
    return "\n## What each stage holds\n\n" + "\n".join(rows) + "\n"


def _breaks(per_core: float) -> str:
    rows = ["| Part | Predictions a second | Active users |", "|---|---:|---:|"]
    for part, rate in sorted(_bounds(on_aws()["prod"], per_core).items(), key=lambda pair: pair[1]):
        rows.append(f"| {part} | {rate:,.0f} | {users(rate):,} |")
    return "\n## Where `prod` breaks, in order\n\n" + "\n".join(rows) + "\n"


def _million(per_core: float) -> str:
    average = 1_000_000 / 3600
    peak = average * PEAK
    aim = 0.6 * per_core * VCPU  # a task has a vCPU, of which it uses six tenths at the peak
    tasks = math.ceil(peak / aim)
    by_memory = int((INSTANCES["c7i.large"][2] * 1024 - 512) / 192)
    instances = math.ceil(tasks / min(by_memory, INSTANCES["c7i.large"][0]))
    vcpus, steady, _ = INSTANCES["t3.micro"]
    for_ever = per_core * vcpus * VCPU * steady
    rows = [
        ("throttle_rate, throttle_burst", "100, 200", f"{math.ceil(peak * 1.5 / 100) * 100}, {math.ceil(peak * 3):,}"),
        ("requests_per_task", "6000", f"{aim * 60:,.0f}"),
        ("max_tasks", "3", f"{tasks + 2}"),
        ("instance_type", "t3.micro", "c7i.large: no credits that run out"),
        ("max_instances", "3", f"{instances + 1}"),
        ("or, with t3.micro and no surplus credits: max_instances", "3", f"{math.ceil(average / for_ever)}"),
        ("Lambda concurrency of `record`", "the account's", f"{math.ceil(peak * JUDGED * LAMBDA_SECONDS)} at the peak"),
        (
            "shards of the counts (`COUNT_SHARDS`)",
            f"{catalogue.COUNT_SHARDS}",
            f"enough: {peak * JUDGED:,.0f} judgements a second at the peak, {PARTITION_JUDGEMENTS} to a partition",
        ),
    ]
    table = "\n".join(f"| {name} | {now} | {then} |" for name, now, then in rows)
    return (
        f"\n## A million predictions an hour\n\n{average:,.0f} a second on average, {peak:,.0f} in the busiest minute "
        f"({PEAK:g} times as many), {users(peak):,} active users.\n\n| Setting | Now | Then |\n|---|---|---|\n{table}\n"
    )
