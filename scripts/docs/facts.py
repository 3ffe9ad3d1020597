"""Lists every dated fact of the documentation and every price with its age, oldest first; warns of old ones.

A fact about the world outside is marked on the page where it stands, with the last day on which it is known to have
been so and where that is written::

    <!-- fact: 2026-07-20 what is said; https://where.it.is/written -->

or named in brackets behind the statement: ``([prices](https://where.it.is/written), read 2026-07-20)``, or ``as of``.

Nothing fails because of age: the list says what to look up again.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from scripts import ROOT

OLD_DAYS = 180
_FACT = re.compile(r"<!-- fact: (?P<day>\S+) (?P<words>[^;]+); (?P<source>\S+) -->")
_MARK = re.compile(r"<!-- fact:")
_NAMED = re.compile(
    r"\[(?P<words>[^\[\]]+)\]\((?P<source>https://[^\s)]+)\),\s+(?:read|as\s+of)\s+(?P<day>\d{4}-\d\d-\d\d)"
)


class FactError(Exception):
    """A mark that cannot be read."""


@dataclass(frozen=True, order=True)
class Fact:
    """A statement about the world outside.

    Attributes:
        day: the last on which it is known to have been so.
        place: the file that says it.
        words: what it says.
        source: where that is written.
    """

    day: date
    place: str
    words: str
    source: str


def facts(root: Path = ROOT) -> list[Fact]:
    """Every dated fact, oldest first.

    Raises:
        FactError: a mark lacks its day, words or source; names the file.
    """
    return sorted([*_of_pages(root), *_of_prices(root / "scripts" / "prices.toml", root)])


def _of_pages(root: Path) -> Iterator[Fact]:
    for path in sorted((root / "docs").rglob("*.md")):
        text, place = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
        found = list(_FACT.finditer(text))
        if len(found) != len(_MARK.findall(text)):
            raise FactError(f"{place}: a fact is written <!-- fact: YYYY-MM-DD what is said; https://source -->")
        for mark in (*found, *_NAMED.finditer(text)):
            try:
                day = date.fromisoformat(mark["day"])
            except ValueError as error:
                raise FactError(f"{place}: {mark['day']} is not a date") from error
            yield Fact(day, place, " ".join(mark["words"].split()), mark["source"])


def _of_prices(path: Path, root: Path) -> Iterator[Fact]:
    prices = tomllib.loads(path.read_text(encoding="utf-8"))
    place = path.relative_to(root).as_posix()
    sources = prices.get("sources", {})
    yield Fact(prices["date"], place, "prices that are not named below", "its [sources]")
    for region, checked in prices.get("checked", {}).items():
        for service, day in checked.items():
            yield Fact(day, place, f"prices of {service} in {region}", str(sources.get(service, "its [sources]")))


def main() -> int:
    """Print the list, and a warning on stderr if something in it is old."""
    today = datetime.now(UTC).date()
    try:
        known = facts()
    except FactError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for fact in known:
        age = (today - fact.day).days
        print(f"{age:5} days  {'OLD' if age > OLD_DAYS else '   '}  {fact.place}: {fact.words} ({fact.source})")
    if old := sum((today - fact.day).days > OLD_DAYS for fact in known):
        print(
            f"Warning: {old} of {len(known)} dated facts are older than {OLD_DAYS} days. Look them up again, and set"
            " their dates.",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
