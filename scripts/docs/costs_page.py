"""The page of bills: stages, regions, settings, and every price with its source. Words about it: docs/costs.md."""

from __future__ import annotations

import fnmatch

from scripts.cloudformation import templates
from scripts.costs import bill, compare, prices, registry
from scripts.costs.bill import Bill
from scripts.costs.usage import FREE, Traffic
from scripts.docs.pictures.costs import REQUESTS
from scripts.docs.stack_pages import table
from scripts.stage import settings

REGIONS = ("us-east-1", "eu-central-1")
STAGES = ("dev", "prod")
BUSY = (100_000.0, 1_000_000.0, 10_000_000.0)


def page() -> str:
    """The page."""
    first = prices.load(REGIONS[0])
    parts = [
        "# Bills\n",
        f"USD a month, without tax, at prices of {first.date}. "
        "`sentiment cost` computes them for your stage and traffic.\n",
        "## By traffic\n",
        table(("stage", "region", "idle", *(f"{each:,.0f} requests" for each in BUSY)), _by_traffic()),
        f"## By settings\n\nThe stage `dev` in us-east-1 with {REQUESTS:,.0f} requests a month.\n",
        "[![Bars: USD a month by resource, and under other settings](../pictures/cost.svg)](../pictures/cost.svg)\n",
        table(("settings", "what differs", "USD a month"), _by_settings()),
        "## What is free\n",
        table(("account", "idle", "100,000 requests"), _free()),
        f"## Where the image is kept\n\n{registry.REVISIONS} revisions of at most {registry.IMAGE_GB} GB each, "
        "compressed as registries store them.\n",
        table(("registry", "USD a month", "remark"), _images(first)),
        "## Prices\n",
        table(("price of", *(head for region in REGIONS for head in (region, "as of")), "source"), _prices()),
        "## What costs nothing by itself\n",
        table(("type", "because"), [(f"`{name}`", why) for name, why in FREE.items()]),
    ]
    return "\n".join(parts)


def of_resources(patterns: str) -> str:
    """A table of what some resources of the stage ``dev`` cost, idle and with traffic.

    Args:
        patterns: such as ``cluster.LoadBalancer api.*Function``.

    Raises:
        KeyError: a pattern fits no resource that is on a bill.
    """
    idle, busy = (
        {f"{one.stack}.{one.id}": usd for one, usd in bill.by_resource(_bill("dev", REGIONS[0], each))}
        for each in (0.0, BUSY[1])
    )
    rows = []
    for pattern in patterns.split():
        names = [name for name in busy if fnmatch.fnmatchcase(name, pattern)]
        if not names:
            raise KeyError(f"no resource on the bill is called {pattern}")
        rows += [(f"`{name}`", f"{idle.get(name, 0.0):.2f}", f"{busy[name]:.2f}") for name in sorted(names)]
    heads = ("USD a month", "idle", f"{BUSY[1]:,.0f} requests")
    when = prices.load(REGIONS[0]).date
    where = f"In {REGIONS[0]}, without free tiers, at prices of {when}; `sentiment cost` shows the whole bill."
    return f"{table(heads, rows)}\n{where}\n"


def _bill(stage: str, region: str, requests: float) -> Bill:
    return compare.compute(templates.load_all(), settings.load(stage), prices.load(region), Traffic(requests=requests))


def _by_traffic() -> list[tuple[str, ...]]:
    return [
        (stage, region, *(f"{_bill(stage, region, requests).total:.2f}" for requests in (0.0, *BUSY)))
        for stage in STAGES
        for region in REGIONS
    ]


def _by_settings() -> list[tuple[str, ...]]:
    chosen = prices.load(REGIONS[0])
    compared = compare.variants(templates.load_all(), settings.load("dev"), chosen, Traffic(requests=REQUESTS))
    return [(each.name, each.what, f"{each.bill.total:.2f}") for each in compared]


def _free() -> list[tuple[str, ...]]:
    idle, busy = _bill("dev", REGIONS[0], 0), _bill("dev", REGIONS[0], REQUESTS)
    return [
        ("nothing free", f"{idle.total:.2f}", f"{busy.total:.2f}"),
        ("any account, always", f"{idle.after_always:.2f}", f"{busy.after_always:.2f}"),
        (
            f"made before 15 July 2025, in its first year (until {bill.FIRST_YEARS_END})",
            f"{idle.in_first_year:.2f}",
            f"{busy.in_first_year:.2f}",
        ),
    ]


def _images(chosen: prices.Prices) -> list[tuple[str, ...]]:
    return [(each.where, f"{each.amount:.2f}", each.remark) for each in registry.keepings(chosen)]


def _prices() -> list[tuple[str, ...]]:
    tables = [prices.load(region) for region in REGIONS]
    return [
        (
            f"`{name}`",
            *(cell for each in tables for cell in (_short(each.of(name)), _as_of(each, name))),
            _link(tables[0], name),
        )
        for name in tables[0].unit
    ]


def _short(price: float) -> str:
    return f"{price:.10f}".rstrip("0").rstrip(".")


def _as_of(chosen: prices.Prices, name: str) -> str:
    service = chosen.checked.get(name.partition(".")[0], chosen.date)
    return chosen.checked.get(name, service).isoformat()


def _link(chosen: prices.Prices, name: str) -> str:
    service = name.partition(".")[0]
    return f"[{service}]({chosen.sources[service]})"
