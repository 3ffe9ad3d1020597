"""The logs of tasks, Lambdas and API, merged in the order of time. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.stage.errors import DeployError, SettingsError, code_of
from scripts.stage.interrupt import Interrupt
from scripts.stage.session import Cloud

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Events may reach CloudWatch late and out of order; `--follow` looks that far back each time.
LATE_SECONDS = 60
TASK_DIGITS = 8  # of a task's id, enough to tell tasks apart


@dataclass(frozen=True)
class Line:
    """One event of a log: when (milliseconds since 1970), whose, what."""

    time: int
    source: str
    message: str
    id: str

    @property
    def text(self) -> str:
        """The line for people."""
        when = datetime.fromtimestamp(self.time / 1000, UTC)
        return f"{when:%Y-%m-%d %H:%M:%S}.{self.time % 1000:03d}Z {self.source}: {self.message}"


def groups(cloud: Cloud) -> dict[str, str]:
    """Names of all log groups of the stage, with a short name for each.

    Raises:
        DeployError: there are none.
    """
    found = {}
    client = cloud.client("cloudformation")
    for state in stacks.of_stage(cloud):
        for page in client.get_paginator("list_stack_resources").paginate(StackName=state.id):
            for entry in page["StackResourceSummaries"]:
                if entry["ResourceType"] == "AWS::Logs::LogGroup" and entry.get("PhysicalResourceId"):
                    found[entry["PhysicalResourceId"]] = _short(state.name, entry["LogicalResourceId"])
    if not found:
        raise DeployError(
            f"Stage {cloud.stage} has no logs here.", f"`sentiment deploy --stage {cloud.stage}` deploys it."
        )
    return found


def read(cloud: Cloud, sources: dict[str, str], since: float, request: str = "") -> list[Line]:
    """Everything of these logs since a moment, in the order of time.

    Args:
        cloud: where.
        sources: names of log groups with their short names.
        since: seconds since 1970.
        request: only lines that have this in them, such as a request's id; "" for all.
    """
    lines = [line for group, source in sources.items() for line in _events(cloud, group, source, since, request)]
    return sorted(lines, key=lambda line: line.time)  # a log's own order where times are equal


def follow(cloud: Cloud, sources: dict[str, str], since: float, request: str, interrupt: Interrupt) -> Iterator[Line]:
    """The same, then new lines until Ctrl-C; each line once."""
    seen: dict[str, int] = {}
    while not interrupt.stopping:
        for line in read(cloud, sources, since, request):
            if line.id not in seen:
                seen[line.id] = line.time
                yield line
        since = max(since, cloud.now().timestamp() - LATE_SECONDS)
        seen = {identity: when for identity, when in seen.items() if when >= (since - LATE_SECONDS) * 1000}
        interrupt.sleep(max(1.0, cloud.poll_seconds))


def seconds(text: str) -> float:
    """``90s``, ``10m``, ``2h`` or ``1d`` in seconds.

    Raises:
        SettingsError: it has another form.
    """
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if match is None:
        raise SettingsError(f"{text!r} is not a valid duration.", "Write it like 90s, 10m, 2h or 1d.")
    return float(match[1]) * UNITS[match[2]]


def _events(cloud: Cloud, group: str, source: str, since: float, request: str) -> list[Line]:
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": max(0, int(since * 1000))}
    if request:
        arguments["filterPattern"] = '"' + request.replace('"', "") + '"'
    try:
        pages = list(cloud.client("logs").get_paginator("filter_log_events").paginate(**arguments))
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    return [
        Line(event["timestamp"], source + _task(event), event["message"].rstrip("\n"), _identity(group, event))
        for page in pages
        for event in page["events"]
    ]


def _task(event: dict[str, Any]) -> str:
    """`` 2adc96bc`` for a line of a task, as in the status; its stream is named ``prefix/container/task``."""
    parts = str(event.get("logStreamName", "")).split("/")
    return f" {parts[2][:TASK_DIGITS]}" if len(parts) == 3 and parts[1] == catalogue.CONTAINER_NAME else ""


def _identity(group: str, event: dict[str, Any]) -> str:
    """The event's id; the laptop cloud gives none to some."""
    stream = event.get("logStreamName", "")
    return str(event.get("eventId") or f"{group}/{stream}/{event['timestamp']}/{event['message']}")


def _short(stack: str, logical_id: str) -> str:
    """``service`` for the one log of a stack, ``api-record`` for one of several."""
    name = logical_id.removesuffix("LogGroup").removesuffix("Log").lower()
    return "-".join(filter(None, [stack.rsplit("-", 1)[-1], name]))
