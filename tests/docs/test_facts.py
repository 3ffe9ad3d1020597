"""Dated facts are found with their ages, a mark that cannot be read is named, and old ones are only a warning."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scripts.docs import facts
from scripts.docs.facts import Fact, FactError

PRICES = 'date = 2025-07-31\n[checked.us-east-1]\ns3 = 2026-08-07\n[sources]\ns3 = "https://aws.example/s3"\n'


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


def test_the_lessons_facts_are_dated() -> None:
    said = {fact.place for fact in facts.facts()}
    for lesson in ("13-lambda", "19-cloudformation", "26-registry", "31-pipelines"):
        assert f"docs/walkthrough/{lesson}.md" in said
