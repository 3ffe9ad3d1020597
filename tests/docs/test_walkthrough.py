"""Every command, every edit and every check of every page of the walkthrough, on a fresh laptop cloud."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.lessons import solution
from scripts.lessons.pages import PAGES, Command, Edit, Page, Write, lessons, read
from scripts.lessons.table import LESSONS as CHECKS
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
    try:
        last_edit = max((n for n, step in enumerate(page.steps) if isinstance(step, Edit)), default=-1)
        for number, step in enumerate(page.steps):
            learner.do(step)
            if isinstance(step, Command) and step.text.startswith("sentiment learn ") and "--" not in step.text:
                code, words = learner.lesson(page.number)
                assert code == 1 and words.startswith(f"NOT YET  Lesson {page.number}: "), words
                assert len(words.splitlines()) == 2, "what is missing, and what to do"
            if number == last_edit:  # half done: the answer names what comes next
                code, words = learner.lesson(page.number)
                missing = {"31": "`make templates`.", "B": "Deploy", "C": "Deploy"}.get(page.number, "is changed")
                assert code == 1 and missing in words, words
        assert learner.changed() == []
    except BaseException:
        learner.reset()  # the next lesson begins where every lesson begins
        raise


WRONG: dict[str, tuple[str, list[str | tuple[str, str, str]], str]] = {
    "the marks of a conflict": (
        "1",
        [
            "git init -q --bare --initial-branch=main .local/lessons/github.git",
            "git push -q .local/lessons/github.git HEAD:refs/heads/main",
            "git clone -q .local/lessons/github.git .local/lessons/you",
            "git -C .local/lessons/you switch -q --create greeting",
            "printf '<<<<<<< HEAD\nHello\n=======\nGood morning\n>>>>>>> x\n' > .local/lessons/you/GREETING.md",
            "git -C .local/lessons/you add GREETING.md",
            "git -C .local/lessons/you commit -q -m Greet",
            "git -C .local/lessons/you push -q origin greeting",
        ],
        "GREETING.md still contains conflict markers, on the branch greeting.",
    ),
    "code that cannot be loaded": (
        "13",
        [
            (
                "lambda_src/stats.py",
                "from __future__ import annotations\n",
                "import no_such_module\n",
            ),
            "sentiment deploy --stage local",
        ],
        "GET /getStats answers 502: ",
    ),
    "no room for one machine more": (
        "20",
        [("scripts/stages.toml", "[local]\n", "min_instances = 3\n"), "sentiment deploy --stage local"],
        "The group's minimum is 3 instances and its maximum 3.",
    ),
    "a route to another function": (
        "24",
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
        "30",
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
    "a greeting that says nothing": (
        "13",
        [
            ("lambda_src/stats.py", "**summary(total, settings.labels),", '\n"greeting": "",'),
            "sentiment deploy --stage local",
        ],
        'The greeting is "".',
    ),
    "a task that crashes instead of one at another path": (
        "16",
        [
            ("container/sentiment/app.py", "from __future__ import annotations\n", "raise RuntimeError\n"),
            "! sentiment roll --stage local",
        ],
        "A revision was rolled back, but because its task did not start",
    ),
    "a template that was changed by hand": (
        "19",
        ["sed -i 's/MaxAge: 3600/MaxAge: 600/' templates/api.yaml", "sentiment deploy --stage local"],
        "templates/ was changed by hand; the next `make templates` would undo that.",
    ),
    "a forge whose default branch is another": (
        "1",
        ["git init -q --bare --initial-branch=master .local/lessons/github.git"],
        "The default branch of your GitHub is master, so a clone of it begins empty.",
    ),
    "a page without a title": (
        "14",
        ["sed -i 's/<title>.*<.title>/<title><\\/title>/' site/index.html", "sentiment site --stage local"],
        "The page has no title.",
    ),
    "another protocol": (
        "C",
        [
            "mkdir -p .local/lessons",
            "awk '/^```yaml title=.[.]local.lessons.network/{f=1;next} /^```/{f=0} f' docs/walkthrough/00c-networks.md"
            " | sed 's/tcp, FromPort: 22, ToPort: 22/udp, FromPort: 443, ToPort: 443/; s/^  SubnetRoutes:/"
            "  WayOut: {Type: AWS::EC2::Route, DependsOn: Attachment, Properties: {RouteTableId: !Ref Routes, "
            "DestinationCidrBlock: 0.0.0.0\\/0, GatewayId: !Ref Gateway}}\\n&/' > .local/lessons/network.yaml",
            "sentiment learn --deploy .local/lessons/network.yaml",
        ],
        "The security group does not admit everyone to TCP port 443.",
    ),
    "less memory instead of more": (
        "25",
        [("scripts/stages.toml", "[local]\n", "task_memory = 96\n"), "sentiment deploy --stage local"],
        "A task has 96 MiB, less than the 192 of the beginning.",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_told_and_the_reset_undoes_it(learner: Learner, what: str) -> None:
    number, steps, words = WRONG[what]
    learner.begin(number)
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


def test_committed_work_is_taken_back_too_and_a_branch_keeps_it(learner: Learner) -> None:
    title = ("site/index.html", "<title>Seven feelings</title>", "<title>Mine</title>")
    commit = learner.say("git rev-parse HEAD")
    learner.begin("14")
    learner.do(Edit("committed", *title))
    learner.do(Command("committed", "git commit --quiet --all -m Mine", False, ()))
    learner.do(Command("committed", "sentiment site --stage local", False, ("+ index.html",)))
    assert learner.lesson("14")[0] == 0

    [branch] = re.findall(r"The branch (\S+) keeps what you did", learner.reset())
    assert learner.say("git rev-parse HEAD") == commit
    assert "Mine" in learner.say(f"git show {branch}:site/index.html")
    learner.do(Command("committed", "curl -s $APP | grep title", False, (title[1],)))
    assert learner.lesson("14")[0] == 1


def test_what_was_done_before_the_lesson_began_does_not_count(learner: Learner) -> None:
    """A rollback, more memory and two judgements of one text: each passes once, and not again."""
    judge = (
        """curl -s $APP/api/setSentiment -H 'Content-Type: application/json' -d '{"review": "x", "sentiment": "joy"}'"""
    )
    learner.begin("28")
    for _ in range(2):
        learner.do(Command("before", judge, False, ("…joy…",)))
    assert learner.lesson("28")[0] == 0
    learner.begin("28")
    assert learner.lesson("28")[0] == 1

    learner.begin("25")
    learner.do(Edit("before", "scripts/stages.toml", "[local]\n", "[local]\ntask_memory = 256\n"))
    learner.do(Command("before", "sentiment deploy --stage local", False, ()))
    assert learner.lesson("25")[0] == 0
    learner.begin("16")
    learner.do(Edit("before", "container/sentiment/app.py", '= "/healthz"', '= "/health"'))
    learner.do(Command("before", "sentiment roll --stage local", True, ()))
    assert learner.lesson("16")[0] == 0
    for number in ("16", "25"):
        learner.begin(number, "--since", "HEAD")
        code, words = learner.lesson(number)
        assert code == 1, words
    learner.do(Command("before", "git checkout --quiet .", False, ()))
    learner.do(Command("before", "sentiment deploy --stage local", False, ()))


def test_code_that_is_not_python_is_refused_before_anything_is_uploaded(learner: Learner) -> None:
    learner.begin("13")
    try:
        learner.do(Edit("syntax", "lambda_src/stats.py", "**summary(total, settings.labels),", "**summary(total,"))
        words = ("Error: lambda_src/stats.py, line …", "Next: Fix the line…")
        learner.do(Command("syntax", "sentiment deploy --stage local", True, words))
        learner.do(Command("syntax", "curl -s $APP/api/getStats", False, ('{"judgements"…',)))
    finally:
        learner.reset()


@pytest.mark.parametrize(
    "name", [name for name, page in LESSONS.items() if any(isinstance(s, Edit) for s in page.steps)]
)
def test_the_solution_is_a_patch_that_applies(name: str, tmp_path: Path) -> None:
    page = LESSONS[name]
    for step in page.steps:
        if isinstance(step, Edit) and not step.file.startswith(".local/"):
            (tmp_path / step.file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / step.file, tmp_path / step.file)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)

    patch = solution.patch(page, tmp_path, "HEAD")
    subprocess.run(["git", "apply"], input=patch, text=True, cwd=tmp_path, check=True)
    for step in page.steps:
        if isinstance(step, Edit):
            last = [s for s in page.steps if isinstance(s, Edit) and s.file == step.file][-1]
            assert last.new in (tmp_path / step.file).read_text()
    assert solution.commands(page)


def test_the_reset_brings_the_cloud_back_also_when_the_edit_was_undone_by_hand(learner: Learner) -> None:
    title = ("site/index.html", "<title>Seven feelings</title>", "<title>Mine</title>")
    learner.begin("14")
    learner.do(Edit("by hand", *title))
    learner.do(Command("by hand", "sentiment site --stage local", False, ("+ index.html",)))
    learner.do(Command("by hand", "git checkout -q site", False, ()))
    learner.reset()
    learner.do(Command("by hand", "curl -s $APP | grep title", False, (title[1],)))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_ends_with_its_check_and_the_reset(name: str) -> None:
    page = LESSONS[name]
    typed = [step.text for step in page.steps if isinstance(step, Command)]

    assert typed[-2:] == [f"make lesson N={page.number}", "make lesson-reset"]
    assert f"sentiment learn {page.number}" in typed
    assert len(page.hints) == 3
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
        "On real AWS",
        "Questions",
    ]
    assert "<!-- quote: " in text
    if name != "01-github":  # of which no cloud knows
        view = re.search(r"\n\*\*Look here\*\*: in \[the console\]\(\.\./console\.md\), `\$APP/console#(\w+)`: ", text)
        assert view, "where to look in the laptop cloud's console"
        shown = re.search(r"\(\.\./(images/console-[a-z-]+\.png)\)", text)
        assert shown and (ROOT / "docs" / shown[1]).is_file(), "what it looks like there"
        assert f"`/console#{view[1]}`" in (ROOT / "docs" / "console.md").read_text()
    for part in ("In the console", "Time", "Clean up", "Cost"):
        assert f"**{part}**: " in text, f"On real AWS: {part}"
    *questions, task = re.findall("<summary>(.*)</summary>", text)
    assert len(questions) >= 3 and task.startswith("On your own: ")


FOLDED = re.compile(r'<details markdown="1"><summary>[^<]*\d lines</summary>.*?</details>', re.S)
READ, TYPED, LETTERS = 180, 40, 5  # words a minute; letters a word


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_takes_the_minutes_that_the_list_says(name: str) -> None:
    page = LESSONS[name]
    found = re.search(rf"\]\({name}\.md\) \|.*\| (\d+) \|$", (PAGES / "index.md").read_text(), re.M)
    read = re.findall(r"[^\s|]*\w[^\s|]*", FOLDED.sub("", page.path.read_text()))
    typed = [step.text if isinstance(step, Command | Write) else step.new for step in page.steps]
    minutes = len(read) / READ + sum(map(len, typed)) / LETTERS / TYPED

    assert found and minutes <= int(found[1]) <= minutes + 6, minutes  # some minutes are for commands, and for looking


def test_every_lesson_has_a_check_and_every_check_a_lesson() -> None:
    assert {page.number for page in LESSONS.values()} == set(CHECKS)


def test_a_lesson_leads_to_the_next() -> None:
    known = list(LESSONS.values())
    for page, following in itertools.pairwise(known):
        assert f"\nNext: [{following.title}]({following.path.name})." in page.path.read_text()
    listed = re.findall(r"^\| \[.*?\]\((\S+?)\)", (PAGES / "index.md").read_text(), re.M)
    assert listed == [page.path.name for page in known]


@pytest.mark.parametrize("name", LESSONS)
def test_no_command_names_a_port_that_may_be_another(name: str) -> None:
    for step in LESSONS[name].steps:
        if isinstance(step, Command):
            assert "127.0.0.1:8080" not in "\n".join([step.text, *step.expected]), step.place


def test_every_term_that_a_lesson_explains_is_in_the_glossary() -> None:
    terms = set(re.findall(r"^\| ([^|]+?) \|", (PAGES / "glossary.md").read_text().lower(), re.M))
    for page in LESSONS.values():
        idea = page.path.read_text().split("## The idea")[1].split("## In our system")[0]
        for term in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", idea):
            plain = term.lower().removeprefix("the ")
            assert {plain, plain.removesuffix("s")} & terms, f"{page.path.name}: {term}"


def _last_check(page: Page) -> Command:
    return [step for step in page.steps if isinstance(step, Command)][-2]


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_what_comes_from_files_is_quoted_by_the_tool(path: Path) -> None:
    """Code of the project stands between the marks of the tool, which a test of freshness watches; never pasted."""
    text = re.sub(r"<!-- quote: .*?<!-- end quote -->", "", path.read_text(), flags=re.S)

    assert re.findall(r"^```(?!console|diff title=|\w+ title=\"\.local/)\w+.*$", text, re.M) == []


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_lesson_has_people_edit_stands_in_the_file_once(name: str) -> None:
    for step in LESSONS[name].steps:
        if isinstance(step, Edit) and not step.file.startswith(".local/"):
            assert (ROOT / step.file).read_text().count(step.old) == 1, f"{step.place}: correct the page's edit"
