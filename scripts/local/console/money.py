"""What today has cost so far, resource by resource, if the same stacks stood on AWS."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from scripts.cloudformation import stacks, templates
from scripts.cloudformation.templates import Template
from scripts.costs import bill, compare, prices
from scripts.costs.usage import HOURS, Traffic
from scripts.local.console.blocks import Block, table
from scripts.stage import settings
from scripts.stage.session import Cloud

SAMPLE = 1000  # requests, on top of a month with as many as BUSY
BUSY = 1_000_000


def view(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Cost of today by resource: the time since midnight UTC, or since its stack was made.

    Args:
        cloud: where.
        query: not used.
    """
    chosen = settings.load(cloud.stage)
    found = prices.load(chosen.region)
    idle = compare.compute(_templates(), chosen, found, Traffic())
    busy, busier = (
        compare.compute(_templates(), chosen, found, Traffic(requests=requests)) for requests in (BUSY, BUSY + SAMPLE)
    )
    hours = _hours_today(cloud, datetime.now(UTC))
    rows, total = [], 0.0
    for resource, monthly in bill.by_resource(idle):
        if resource.stack in hours:
            today = monthly * hours[resource.stack] / HOURS
            total += today
            rows.append([f"{resource.stack}.{resource.id}", resource.purpose, _usd(today), _usd(monthly)])
    note = (
        f"Prices of {found.region} on {found.date}, in USD, without tax and without a free tier: what these resources "
        f"would have cost on AWS since midnight UTC, or since they were made. Here they cost nothing."
    )
    month = calendar.month_name[datetime.now(UTC).month]
    return [
        table(
            "Today so far",
            ("", "USD"),
            [
                ["All resources, idle", _usd(total)],
                [f"{SAMPLE:,} more requests, in a month of {BUSY:,}", _usd(busier.total - busy.total)],
                [f"The whole of {month}, idle", _usd(sum(m for r, m in bill.by_resource(idle) if r.stack in hours))],
            ],
            note,
        ),
        table("By resource", ("Resource", "What it is for", "Today", "A month"), rows, "The most expensive first."),
    ]


@cache
def _templates() -> list[Template]:
    return templates.load_all()


def _hours_today(cloud: Cloud, now: datetime) -> dict[str, float]:
    """Short name of each deployed stack -> for how many hours of today it has stood."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ours = {state.id: state.name for state in stacks.of_stage(cloud)}
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {
        ours[each["StackId"]].rpartition("-")[2]: (now - max(midnight, each["CreationTime"])).total_seconds() / 3600
        for page in pages
        for each in page["Stacks"]
        if each["StackId"] in ours
    }


def _usd(amount: float) -> str:
    return f"{amount:.4f}"
