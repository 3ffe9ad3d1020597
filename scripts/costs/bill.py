"""A month's bill: usage times prices, less the free tiers, and what remains to be paid this month."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from scripts.cloudformation.templates import Resource
from scripts.costs import usage
from scripts.costs.prices import Prices
from scripts.costs.usage import Stage, Use

FIRST_YEARS_END = date(2026, 7, 15)  # an account made since 15 July 2025 has credits in place of a free first year


@dataclass(frozen=True)
class Line:
    """One line of a bill: the resource, what it uses, and USD a month."""

    resource: Resource
    use: Use
    amount: float


@dataclass(frozen=True)
class Bill:
    """A stage's bill for one month: its lines, and the prices they were computed with."""

    lines: list[Line]
    prices: Prices

    @property
    def total(self) -> float:
        """USD a month without any free tier."""
        return sum(line.amount for line in self.lines)

    def covered(self, *offers: Mapping[str, float]) -> dict[str, float]:
        """What free units save, in USD by price; no unit is counted twice.

        Args:
            offers: free units a month by price.
        """
        free: dict[str, float] = {}
        for price in sorted({line.use.price for line in self.lines}):
            used = sum(line.use.units for line in self.lines if line.use.price == price)
            units = sum(offer.get(price, 0) for offer in offers)
            if units:
                free[price] = min(used, units) * self.prices.of(price)
        return free

    @property
    def after_always(self) -> float:
        """USD a month in any account."""
        return self._less(self.covered(self.prices.always))

    @property
    def in_first_year(self) -> float:
        """USD a month in the first year of an account made before 15 July 2025."""
        return self._less(self.covered(self.prices.always, self.prices.twelve_months))

    def _less(self, covered: Mapping[str, float]) -> float:
        return max(0.0, self.total - sum(covered.values()))  # rounding may leave less than nothing


@dataclass(frozen=True)
class Credits:
    """How long an account's credits last: USD, days, the last day, and whether they expire before they are used up."""

    amount: float
    days: float
    last: date
    expire: bool


def make(stage: Stage, prices: Prices) -> Bill:
    """The bill of a stage.

    Args:
        stage: resources, settings, traffic.
        prices: of its region.

    Raises:
        SettingsError: a price is missing.
        TemplateError: a type of resource is neither priced nor free.
    """
    lines = [
        Line(resource, use, use.units * prices.of(use.price))
        for resource in stage.resources
        for use in usage.of(stage, resource)
    ]
    return Bill(lines, prices)


def to_months_end(monthly: float, today: date) -> float:
    """The cost of the rest of this month, today included, in USD.

    Args:
        monthly: USD of a whole month.
        today: the current day.
    """
    days = calendar.monthrange(today.year, today.month)[1]
    return monthly * (days - today.day + 1) / days


def credits_last(monthly: float, amount: float, months: float, today: date) -> Credits:
    """How long credits pay for a stage.

    Args:
        monthly: USD a month that credits have to pay.
        amount: USD of credits.
        months: after this many months they expire.
        today: the first day on which they are used.
    """
    expiry = months * usage.HOURS / 24
    days = min(amount / (monthly * 24 / usage.HOURS) if monthly > 0 else expiry, expiry)
    return Credits(amount, days, today + timedelta(days=int(days)), expire=days >= expiry)


def by_resource(bill: Bill) -> list[tuple[Resource, float]]:
    """USD a month of each resource that costs anything, the most expensive first."""
    found: dict[tuple[str, str], tuple[Resource, float]] = {}
    for line in bill.lines:
        key = line.resource.stack, line.resource.id
        found[key] = line.resource, found.get(key, (line.resource, 0.0))[1] + line.amount
    return sorted(found.values(), key=lambda entry: -entry[1])
