"""A bill as text and as JSON. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from scripts.costs import bill, registry
from scripts.costs.bill import Bill, Credits
from scripts.costs.compare import Variant
from scripts.costs.prices import Prices
from scripts.costs.worst import Worst

LEAST = 0.01  # USD a month; what costs less shares one line


def text(idle: Bill, busy: Bill, requests: float, compared: Sequence[Variant], costliest: Worst, today: date) -> str:
    """The whole report as text.

    Args:
        idle: the bill without a request.
        busy: the bill with traffic.
        requests: requests a month in that traffic.
        compared: other settings, with the same traffic.
        costliest: the worst month.
        today: from which the rest of this month is counted.
    """
    prices = idle.prices
    parts = [
        f"USD a month in {prices.region}, without tax; prices of {prices.date} (sources in scripts/prices.toml).",
        _by_resource(idle, busy, requests),
        _worst(costliest),
        _free(idle, busy, today),
        _to_come(idle, busy, today),
        _compared(compared),
        _registry(prices),
    ]
    return "\n\n".join(parts)


def as_json(
    idle: Bill, busy: Bill, requests: float, compared: Sequence[Variant], costliest: Worst, today: date
) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "region": idle.prices.region,
        "prices_of": idle.prices.date.isoformat(),
        "requests_per_month": requests,
        "idle": _amounts(idle, today),
        "busy": _amounts(busy, today),
        "worst": {
            **{name: round(value, 2) for name, value in asdict(costliest).items() if name != "closes"},
            "closes": costliest.closes,
            "total": round(costliest.total, 2),
        },
        "compared": {variant.name: round(variant.bill.total, 2) for variant in compared},
        "images": {keeping.where: round(keeping.amount, 2) for keeping in registry.keepings(idle.prices)},
    }


def credits_of(found: Bill, today: date) -> tuple[Credits, Credits]:
    """How long the sign-up credits last, alone and with those that can be earned by trying services."""
    offer = found.prices.credits
    amounts = offer["at_sign_up"], offer["at_sign_up"] + offer["for_trying"]
    first, both = (bill.credits_last(found.after_always, amount, offer["months"], today) for amount in amounts)
    return first, both


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in columns; those that hold only numbers are aligned right."""
    cells = [list(heads), *map(list, rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heads))]
    numbers = [all(_is_number(row[n]) for row in rows) for n in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numbers, strict=True)
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _by_resource(idle: Bill, busy: Bill, requests: float) -> str:
    still = {(line.resource.stack, line.resource.id, line.use.price): line for line in idle.lines}
    rows: list[tuple[str, ...]] = []
    small = [line for line in busy.lines if line.amount < LEAST]
    for line in sorted(
        (line for line in busy.lines if line not in small),
        key=lambda each: (-each.amount, each.resource.stack, each.resource.id),
    ):
        before = still.get((line.resource.stack, line.resource.id, line.use.price))
        name = f"{line.resource.stack}.{line.resource.id}"
        units = f"{line.use.units:,.4g}" if line.use.units < 1000 else f"{line.use.units:,.0f}"
        rows.append(
            (name, line.use.what, units, line.use.price, _usd(before.amount if before else 0), _usd(line.amount))
        )
    if small:
        its = [still.get((line.resource.stack, line.resource.id, line.use.price)) for line in small]
        both = sum(line.amount for line in its if line), sum(line.amount for line in small)
        rows.append((f"{len(small)} more", f"each below {LEAST:.2f}", "", "", *map(_usd, both)))
    rows.append(("total", "", "", "", _usd(idle.total), _usd(busy.total)))
    return table(("resource", "for", "units", "price", "idle", f"{requests:,.0f} requests"), rows)


def _worst(found: Worst) -> str:
    """What the stage can cost, whatever is sent to its API."""
    words = f"worst case: {_usd(found.total)} whatever strangers send to the API: {_usd(found.fixed)} by the hour, "
    if found.closes:
        words += f"{_usd(found.traffic)} that traffic_cents allows, {_usd(found.reaction)} until the API is closed.\n"
    else:
        words += f"{_usd(found.traffic)} that the throttle lets through; nothing closes the API (close_api).\n"
    less = "within" if found.total <= found.budget else "ABOVE"
    return (
        words + f"That is {less} the monthly budget of {_usd(found.budget)}. Not in it: downloads "
        "of the page, log lines of refused requests, what earlier months stored (docs/costs.md says what bounds them)."
    )


def _free(idle: Bill, busy: Bill, today: date) -> str:
    first_year = "for twelve months" + (f"; ended on {bill.FIRST_YEARS_END}" if today >= bill.FIRST_YEARS_END else "")
    rows = [
        ("nothing free", _usd(idle.total), _usd(busy.total), ""),
        ("any account", _usd(idle.after_always), _usd(busy.after_always), "always"),
        ("made before 15 July 2025", _usd(idle.in_first_year), _usd(busy.in_first_year), first_year),
    ]
    covered = ", ".join(sorted(busy.covered(busy.prices.always, busy.prices.twelve_months)))
    return table(("free tier", "idle", "busy", "how long"), rows) + f"\nCovered at least partly: {covered}."


def _to_come(idle: Bill, busy: Bill, today: date) -> str:
    lines = [
        f"From {today} to the month's end: {_usd(bill.to_months_end(idle.after_always, today))} idle, "
        f"{_usd(bill.to_months_end(busy.after_always, today))} busy, after the free tier of any account."
    ]
    for name, found in (("idle", idle), ("busy", busy)):
        for each in credits_of(found, today):
            end = "when the free plan ends" if each.expire else "when they are used up"
            lines.append(f"{each.amount:.0f} USD of credits, {name}: {each.days:.0f} days, until {each.last}, {end}.")
    return "\n".join(lines)


def _compared(compared: Sequence[Variant]) -> str:
    first = compared[0].bill.total
    rows = [(each.name, each.what, _usd(each.bill.total), f"{each.bill.total - first:+.2f}") for each in compared]
    return table(("settings", "what differs", "USD", "difference"), rows)


def _registry(prices: Prices) -> str:
    kept = [(each.where, _usd(each.amount), each.remark) for each in registry.keepings(prices)]
    head = f"{registry.REVISIONS} image revisions in"
    return table((head, "USD", "remark"), kept)


def _amounts(found: Bill, today: date) -> dict[str, Any]:
    first, both = credits_of(found, today)
    return {
        "total": round(found.total, 2),
        "after_always_free": round(found.after_always, 2),
        "in_first_year": round(found.in_first_year, 2),
        "to_months_end": round(bill.to_months_end(found.after_always, today), 2),
        "days_of_credits": [round(first.days), round(both.days)],
        "by_resource": {f"{each.stack}.{each.id}": round(amount, 2) for each, amount in bill.by_resource(found)},
    }


def _usd(amount: float) -> str:
    return f"{amount:.2f}"


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace(",", "").replace("+", "").replace("-", "").isdigit()
