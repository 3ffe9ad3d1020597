"""Every command, every edit and every check of every page of the walkthrough, on a fresh laptop cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.lessons.checks import CHECKS
from scripts.lessons.pages import PAGES, Command, Edit, Page, lessons, read
from tests import needs
from tests.docs.walking import Learner

LESSONS = {page.path.stem: page for page in lessons()}


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    needs.programs("bash", "curl")
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
                missing = "`make templates`." if page.number == 31 else "is changed"
                assert code == 1 and missing in words, words
        assert learner.changed() == []
    except BaseException:
        learner.reset()  # the next lesson begins where every lesson begins
        raise


WRONG: dict[str, tuple[int, list[str | tuple[str, str, str]], str]] = {
    "the marks of a conflict": (
        1,
        [
            "git init -q --bare --initial-branch=main .local/lessons/github.git",
            "git clone -q .local/lessons/github.git .local/lessons/you",
            "git -C .local/lessons/you switch -q --create greeting",
            "printf '<<<<<<< HEAD\nHello\n=======\nGood morning\n>>>>>>> x\n' > .local/lessons/you/GREETING.md",
            "git -C .local/lessons/you add GREETING.md",
            "git -C .local/lessons/you commit -q -m Greet",
            "git -C .local/lessons/you push -q origin greeting",
        ],
        "GREETING.md still contains conflict markers.",
    ),
    "code that cannot be loaded": (
        13,
        [
            (
                "lambda_src/stats.py",
                "            **summary(total, settings.labels),\n",
                '            "greeting": "Hello"\n',
            ),
            "sentiment deploy --stage local",
        ],
        "GET /getStats answers 502: ",
    ),
    "no room for one machine more": (
        20,
        [("scripts/stages.toml", "[local]\n", "min_instances = 3\n"), "sentiment deploy --stage local"],
        "The group's minimum is 3 instances and its maximum 3.",
    ),
    "a route to another function": (
        24,
        [
            (
                "generator/stacks/api/stack.py",
                "    route(template, api, *PREDICT_ROUTE, predict_integration"
                '(template, api, link, parameter(template, "ListenerArn")))\n',
                '    template.add_resource(apigatewayv2.Route("FeelRoute", Metadata=purpose("x"), ApiId=Ref(api),'
                ' RouteKey="POST /feel", AuthorizationType="NONE", Target=Sub("integrations/${RecordIntegration}")))\n',
            ),
            "make templates",
            "sentiment deploy --stage local",
        ],
        "POST /feel answers 400 without a prediction.",
    ),
    "words for letters": (
        30,
        [
            (
                "container/sentiment/answers.py",
                '            "scores": prediction.scores,\n',
                '            "letters": len(text.split()),\n',
            ),
            "sentiment roll --stage local",
        ],
        "It counts 4 letters in 'I passed my exam'.",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_told_and_the_reset_undoes_it(learner: Learner, what: str) -> None:
    number, steps, words = WRONG[what]
    try:
        for step in steps:
            if isinstance(step, str):
                learner.do(Command(what, step, False, ()))
            else:
                learner.do(Edit(what, step[0], step[1], step[1] + step[2]))
        code, said = learner.lesson(number)
        assert code == 1 and said.startswith(f"NOT YET  Lesson {number}: {words}"), said
    finally:
        learner.reset()
    assert learner.changed() == []
    code, said = learner.lesson(number)
    assert code == 1 and words not in said, "the cloud is as it was"


def test_the_reset_brings_the_cloud_back_also_when_the_edit_was_undone_by_hand(learner: Learner) -> None:
    title = ("site/index.html", "<title>Seven feelings</title>", "<title>Mine</title>")
    learner.do(Edit("by hand", *title))
    learner.do(Command("by hand", "sentiment site --stage local", False, ("+ index.html",)))
    learner.do(Command("by hand", "git checkout -q site", False, ()))
    learner.reset()
    learner.do(Command("by hand", "curl -s http://127.0.0.1:8080/ | grep title", False, (title[1],)))


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
    *questions, task = re.findall("<summary>(.*)</summary>", text)
    assert len(questions) >= 3 and task.startswith("On your own: ")


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
