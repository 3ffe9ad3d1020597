"""Reads and checks the price file. How much of each is used: ``scripts.costs.usage``."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT
from scripts.stage.errors import SettingsError

FILE = ROOT / "scripts" / "prices.toml"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Prices:
    """Prices of one region, in USD.

    Attributes:
        date: the day on which they were valid.
        checked: by price or service, a later day on which it was found unchanged.
        region: such as ``eu-central-1``.
        sources: where each service's prices are published.
        unit: price of one unit, by name.
        always: units that are free every month, in every account.
        twelve_months: units that are free every month in the first year of an account made before 15 July 2025.
        credits: for accounts made since then: USD ``at_sign_up`` and ``for_trying``, valid for ``months``.
    """

    date: datetime.date
    checked: dict[str, datetime.date]
    region: str
    sources: dict[str, str]
    unit: dict[str, float]
    always: dict[str, float]
    twelve_months: dict[str, float]
    credits: dict[str, float]

    def of(self, name: str) -> float:
        """Price of one unit.

        Raises:
            SettingsError: the file does not have it.
        """
        if name not in self.unit:
            raise SettingsError(
                f"{FILE.name} has no price {name!r} for {self.region}.",
                f"Add it to [{self.region}] (its source: {self.sources.get(name.split('.')[0], 'AWS')}).",
            )
        return self.unit[name]


def load(region: str, path: Path = FILE) -> Prices:
    """Read the prices of a region.

    Args:
        region: its name; "" for ``DEFAULT_REGION``.
        path: the file.

    Raises:
        SettingsError: the file has no such region.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    chosen = region or DEFAULT_REGION
    regions = [name for name in table if name not in ("date", "checked", "sources", "free")]
    if chosen not in regions:
        raise SettingsError(
            f"{path.name} has no prices for {chosen}; it has: {', '.join(regions)}.",
            f"Name one of these with --region, or add a table [{chosen}].",
        )
    free = table["free"]
    return Prices(
        table["date"],
        table["checked"][chosen],
        chosen,
        table["sources"],
        table[chosen],
        free["always"],
        free["twelve_months"],
        free["credits"],
    )
