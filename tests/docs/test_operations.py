"""The operations pages: every alarm has its section, every command is one that exists, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.parameters import DEFINITIONS, setting_name
from scripts import ROOT
from scripts.stage.settings import ORCHESTRATOR_KEYS
from tests.contracts.reading import RESOURCES, STAGES
from tests.contracts.workflows import targets

FOLDER = ROOT / "docs" / "operations"
PAGES = [*sorted(FOLDER.glob("*.md")), ROOT / "docs/costs.md", ROOT / "docs/contributing.md"]
ALARMS = {name for _, name, body in RESOURCES if body["Type"] == "AWS::CloudWatch::Alarm"}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_every_alarm_has_a_section_that_says_what_to_do():
    sections = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=\n### |\Z)", (FOLDER / "alarms.md").read_text(), re.M | re.S))
    assert ALARMS - sections.keys() == set(), "write what it means and what to do into docs/operations/alarms.md"
    assert not ALARMS or sections.keys() - ALARMS == set(), "no such alarm is in the templates"
    assert [name for name, text in sections.items() if len(text.split()) < 20] == []


@each_page
def test_every_make_target_that_a_page_names_exists(page):
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text())) | set(
        re.findall(r"^make ([a-z-]+)", page.read_text(), re.M)
    )
    assert named - targets() == set()


@each_page
def test_every_link_of_a_page_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_index_names_every_page():
    text = (FOLDER / "index.md").read_text()
    assert {path.name for path in FOLDER.glob("*.md")} - {"index.md"} <= set(re.findall(r"\((\w[\w-]*\.md)\)", text))


@each_page
def test_pages_name_no_setting_that_is_not_there(page):
    """Words in code like `max_tasks` that look like settings are settings, or parameters' keys."""
    known = set(STAGES["defaults"]) | {setting_name(name) for name in DEFINITIONS} | set(ORCHESTRATOR_KEYS)
    suspects = set(
        re.findall(
            r"`((?:max|min|task|alarm|monthly|lambda|throttle|deletion|export|image|pipeline|log)_[a-z_]+)`",
            page.read_text(),
        )
    )
    later = set() if ALARMS else {"alarm_email", "monthly_budget", "lambda_concurrency"}
    assert suspects - known - later - {"lambda_src"} == set()


def test_pages_hold_no_path_of_a_machine():
    for page in PAGES:
        assert not re.search(r"/(home|root|tmp|Users)/", page.read_text()), page
        assert isinstance(page, Path)
