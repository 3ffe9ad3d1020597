"""Dated facts are found with their ages, a mark that cannot be read is named, and old ones are only a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.docs import facts
from scripts.docs.facts import Fact, FactError

PRICES = 'date = 2025-07-31\n[checked.us-east-1]\ns3 = 2026-08-07\n[sources]\ns3 = "https://aws.example/s3"\n'

GENERATED = ("pictures", "stacks", "reference", "benchmarks.md", "model-log.md")
DATED_AT_THE_TOP = ("decisions.md",)
# Of AWS or GitHub; what is free of charge, not free for use.
CLAIM = re.compile(
    r"\b\d[\d.,]* USD\b|\bfree (?:for|tier|year)\b|\b(?:is|are) free\b(?! software)|\bquotas? of\b|/pricing/"
    r"|/limits\.html|since (?:\d+ )?(?:Jan|Feb|March|April|May|June|July|Aug|Sep|Oct|Nov|Dec)\w* 20\d\d"
)
DATED = re.compile(r"<!-- fact: |\b20\d\d-\d\d-\d\d\b")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("docs/a.md", ""), ("scripts/prices.toml", PRICES)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def test_facts_of_pages_and_prices_are_listed_oldest_first(root: Path) -> None:
    (root / "docs" / "a.md").write_text("x\n<!-- fact: 2026-01-02 a pull costs nothing; https://x.example -->\ny\n")
    assert facts.facts(root) == [
        Fact(date(2025, 7, 31), "scripts/prices.toml", "prices that are not named below", "its [sources]"),
        Fact(date(2026, 1, 2), "docs/a.md", "a pull costs nothing", "https://x.example"),
        Fact(date(2026, 8, 7), "scripts/prices.toml", "prices of s3 in us-east-1", "https://aws.example/s3"),
    ]


@pytest.mark.parametrize("mark", ["<!-- fact: no date; https://x -->", "<!-- fact: 2026-01-02 no source -->"])
def test_a_mark_that_cannot_be_read_is_named_with_its_page(root: Path, mark: str) -> None:
    (root / "docs" / "a.md").write_text(mark)
    with pytest.raises(FactError, match=r"docs/a\.md"):
        facts.facts(root)


def test_old_facts_are_a_warning_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert facts.main() == 0
    out, err = capsys.readouterr()
    known = facts.facts()
    assert len(out.splitlines()) == len(known) > 10
    assert f"of {len(known)} dated facts are older than 180 days" in err


def test_a_fact_whose_source_is_named_with_its_day_is_listed_too(root: Path) -> None:
    (root / "docs" / "a.md").write_text(
        "Free ([ECR\nprices](https://x.example/ecr), read 2026-01-02).\n([b](https://x.example/b), as\nof 2026-01-03)."
    )
    found = [fact for fact in facts.facts(root) if fact.place == "docs/a.md"]
    assert found == [
        Fact(date(2026, 1, 2), "docs/a.md", "ECR prices", "https://x.example/ecr"),
        Fact(date(2026, 1, 3), "docs/a.md", "b", "https://x.example/b"),
    ]


def sections() -> Iterator[tuple[str, str]]:
    """Every section of the pages written by hand, with the name of its page."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        place = path.relative_to(ROOT / "docs")
        if place.parts[0] not in GENERATED:
            for text in re.split(r"^(?=#+ )", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
                yield str(place), text


def test_what_is_said_of_prices_and_quotas_has_a_date() -> None:
    undated = []
    claims = 0
    for place, text in sections():
        claim = CLAIM.search(text)
        claims += bool(claim)
        if claim and not DATED.search(text) and place not in DATED_AT_THE_TOP:
            undated.append(f"{place}: {text.partition(chr(10))[0]}: {claim[0]}")
    assert undated == []
    assert claims > 20


def test_the_lessons_facts_are_dated() -> None:
    said = {fact.place for fact in facts.facts()}
    for lesson in ("13-lambda", "19-cloudformation", "26-registry", "31-pipelines"):
        assert f"docs/walkthrough/{lesson}.md" in said
