"""Every command, every edit and every check of every page of the walkthrough, on a fresh laptop cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lessons.checks import CHECKS
from scripts.lessons.pages import PAGES, Command, Edit, Page, lessons, read
from tests.docs.walking import Learner
from tests.local.running import ROOT

LESSONS = {page.path.stem: page for page in lessons()}


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    somebody = Learner(tmp_path_factory.mktemp("walkthrough"))
    yield somebody
    somebody.close()


def test_the_first_page_works_as_told(learner: Learner) -> None:
    steps = read(PAGES / "index.md").steps
    assert next(step.text for step in steps if isinstance(step, Command)) == "make local"
    for step in steps:
        learner.do(step)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_works_as_told_and_its_check_tells_done_from_not_done(learner: Learner, name: str) -> None:
    page = LESSONS[name]
    code, words = learner.lesson(page.number)
    assert code == 1 and words.startswith(f"NOT YET  Lesson {page.number}: "), words
    assert len(words.splitlines()) == 2, "what is missing, and what to do"

    try:
        last_edit = max((n for n, step in enumerate(page.steps) if isinstance(step, Edit)), default=-1)
        for number, step in enumerate(page.steps):
            learner.do(step)
            if number == last_edit:  # half done: the answer names what comes next
                code, words = learner.lesson(page.number)
                assert code == 1 and ("is changed" in words or page.number == 31), words
        assert learner.changed() == []
    except BaseException:
        learner.reset()  # the next lesson begins where every lesson begins
        raise


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_ends_with_its_check_and_the_reset(name: str) -> None:
    page = LESSONS[name]
    typed = [step.text for step in page.steps if isinstance(step, Command)]

    assert typed[-2:] == [f"make lesson N={page.number}", "make lesson-reset"]
    assert any("PASS" in line for line in _last_check(page).expected)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_every_part(name: str) -> None:
    text = LESSONS[name].path.read_text()
    heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]

    assert heads == [
        "The idea",
        "In our system",
        "See it run",
        "Change it",
        "Check it",
        "What it costs on AWS",
        "Questions",
    ]
    assert "<!-- quote: " in text
    assert text.count("<summary>") >= 3


def test_every_lesson_has_a_check_and_every_check_a_lesson() -> None:
    assert {page.number for page in LESSONS.values()} == set(CHECKS)


def _last_check(page: Page) -> Command:
    return [step for step in page.steps if isinstance(step, Command)][-2]


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_what_comes_from_files_is_quoted_by_the_tool(path: Path) -> None:
    """Code of the project stands between the marks of the tool, which a test of freshness watches; never pasted."""
    text = re.sub(r"<!-- quote: .*?<!-- end quote -->", "", path.read_text(), flags=re.S)

    assert re.findall(r"^```(?!console|diff title=)\w+.*$", text, re.M) == []


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_lesson_has_people_edit_stands_in_the_file_once(name: str) -> None:
    for step in LESSONS[name].steps:
        if isinstance(step, Edit):
            assert (ROOT / step.file).read_text().count(step.old) == 1, f"{step.place}: correct the page's edit"
