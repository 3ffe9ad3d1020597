"""Reading the walkthrough's pages, asking for a lesson that is not there, hints, solutions, and the tutor."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.cli.main import main
from scripts.lessons import beginning, progress, solution, stack, tutor, verdict
from scripts.lessons.pages import Command, Edit, PageError, Write, differences, read
from scripts.lessons.room import NotYetError, Room, not_yet
from scripts.lessons.table import LESSONS, Lesson
from scripts.lessons.tutor import Tutor
from scripts.stage.errors import DeployError, TemplateError
from tests.docs.learning import git, page, room_of


def test_a_page_has_its_commands_and_edits_in_order(tmp_path: Path) -> None:
    found = read(page(tmp_path))

    assert (found.number, found.title) == ("7", "7: Something")
    assert found.steps == (
        Command("07-something.md:7", "make plan", True, ("...", "  ~  One …")),
        Command("07-something.md:10", "curl -s x \\\n    -d y", False, ("ok",)),
        Edit("07-something.md:19", "a.py", "kept\nold\n", "kept\nnew\n"),
        Command("07-something.md:28", "make a.py", False, (), long=True, needs="docker"),
        Write("07-something.md:31", ".local/lessons/mine.yaml", "Mine: 1\n"),
    )
    assert found.hints == ("Which file?", "The file `a.py`, second line.", "Write `new`.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```console\n$ x\n", r"07-something\.md:1: this block has no end"),
        ("a\n```console\nx\n```\n", r"07-something\.md:3: a command begins"),
        ("```diff\n-a\n```\n", r"07-something\.md:1: an edit needs title"),
    ],
)
def test_a_page_that_cannot_be_understood_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PageError, match=words):
        read(page(tmp_path, text))


@pytest.mark.parametrize(
    ("expected", "printed", "missing"),
    [
        (("a", "b"), "a\nb\n", []),
        (("...", "b"), "a\nb\n", []),
        (("b", "a"), "a\nb\n", ["a"]),
        (("x … y",), "x anything  y", []),
        (("x … y",), "y and x", ["x … y"]),
        (("a.c",), "abc", ["a.c"]),
        (("  two   words",), "two words", []),
    ],
)
def test_what_a_page_shows_is_found_in_order(expected: tuple[str, ...], printed: str, missing: list[str]) -> None:
    assert differences(expected, printed) == missing


@pytest.mark.parametrize("number", ["99", "x"])
def test_a_lesson_that_is_not_there_is_answered_with_those_that_are(number: str) -> None:
    done = CliRunner().invoke(main, ["learn", "--check", number])

    assert done.exit_code == 2
    for known in LESSONS:
        assert f"N={known} " in done.output


def test_the_check_without_a_number_is_that_of_the_lesson_that_began_last(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.cli.learn.ROOT", tree)
    done = CliRunner().invoke(main, ["learn", "--check"])
    assert done.exit_code == 2 and "No lesson has begun here. The lessons are:" in done.output

    for number in ("B", "A"):
        beginning.note(tree, number, None)
    monkeypatch.setattr(verdict, "judge", lambda page: verdict.Verdict(True, page.title))
    assert CliRunner().invoke(main, ["learn", "--check"]).output.startswith("A: ")


@pytest.mark.parametrize(("number", "page"), [("2", "1"), ("12", "1"), ("23", "14"), ("a", "A")])
def test_a_page_of_several_lessons_is_found_by_each_of_them(number: str, page: str) -> None:
    assert verdict.page_of(number).number == page


@pytest.mark.parametrize(
    ("edited", "made", "words"),
    [
        (False, False, "Change generator/stacks/data.py: one line. Then run `x`."),
        (
            True,
            False,
            "generator/stacks/data.py is changed, but you have not run `make templates`: run it, then `x`.",
        ),
        (
            True,
            True,
            "generator/stacks/data.py is changed, but not deployed yet: run `x`. If that changes nothing, "
            "this is missing: one line.",
        ),
    ],
)
def test_an_answer_names_the_step_that_comes_next(
    tree: Path, edited: bool, made: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "deployed_since", lambda room, name: False)
    for there, name in ((edited, "generator/stacks/data.py"), (made, "templates/t.yaml")):
        if there:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("new\n")
    room = room_of(tree)

    answer = not_yet(room, "Nothing is there.", "generator/stacks/data.py", "one line", "`x`")
    assert (answer.missing, answer.hint) == ("Nothing is there.", words)


@pytest.mark.parametrize("command", [["13"], ["--url"], ["--deploy", __file__]])
def test_without_a_laptop_cloud_the_next_step_is_named(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", str(tmp_path))
    done = CliRunner().invoke(main, ["learn", *command])

    assert "Traceback" not in done.output
    assert "laptop cloud is not running" in done.output
    assert done.exit_code == 1


def test_two_wishes_at_once_are_refused() -> None:
    done = CliRunner().invoke(main, ["learn", "13", "--check", "--hint"])
    assert done.exit_code == 2 and "Only one of" in done.output


def test_a_check_without_a_beginning_says_how_to_begin(tree: Path) -> None:
    found = verdict.judge(read(tree / "docs" / "walkthrough" / "07-something.md"), tree)
    assert not found.passed
    assert "`sentiment learn 7` begins it" in found.text


def test_the_solution_is_what_the_page_has_and_the_commands_after_it(tree: Path) -> None:
    page = read(tree / "docs" / "walkthrough" / "07-something.md")
    git(tree, "apply", "-", stdin=solution.patch(page, tree, "HEAD"))

    assert (tree / "a.py").read_text() == "kept\nnew\n"
    assert (tree / ".local" / "lessons" / "mine.yaml").read_text() == "Mine: 1\n"
    assert solution.commands(page) == []


def test_three_hints_come_one_after_the_other_and_begin_again_with_the_lesson(tree: Path) -> None:
    page = read(tree / "docs" / "walkthrough" / "07-something.md")
    assert [tutor.hint(page, tree) for _ in range(4)] == [
        "Hint 1 of 3: Which file?",
        "Hint 2 of 3: The file `a.py`, second line.",
        "Hint 3 of 3: Write `new`.",
        "Hint 3 of 3: Write `new`.",
    ]
    progress.forget_hints(tree, "7")
    assert tutor.hint(page, tree).startswith("Hint 1 of 3")


class Lines:
    """A learner at the terminal: types and saves, each when the tutor waits for the next line."""

    def __init__(self, *actions: object) -> None:
        self.actions = list(actions)

    def __call__(self, seconds: float) -> str | None:
        if not self.actions:
            return "q"
        action = self.actions.pop(0)
        if callable(action):
            action()
            return ""
        return str(action)


@pytest.fixture
def taught(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path of one lesson that is done when a.py says new; no cloud."""

    def check(room: Room) -> str:
        if "new" not in (room.root / "a.py").read_text():
            raise NotYetError("a.py is old.", "Write new.")
        return "a.py is new"

    monkeypatch.setitem(LESSONS, "7", Lesson(lambda room: None, check))
    for module in ("verdict", "tutor", "reset"):
        monkeypatch.setattr(f"scripts.lessons.{module}.enter", lambda root: room_of(root))
    monkeypatch.setattr(tutor, "look_at_cloud", lambda root: None)
    monkeypatch.setattr(tutor, "WATCHED", ("a.py",))
    monkeypatch.setattr("scripts.lessons.tutor.freshness.warning", lambda root: None)
    return tree


def test_the_tutor_checks_on_save_gives_hints_and_shows_progress(taught: Path) -> None:
    said: list[str] = []
    page = tutor.next_page(taught)
    typed = Lines("h", "?", lambda: (taught / "a.py").write_text("kept\nnew\n"), "")

    Tutor(said.append, taught, typed).accompany(page)

    told = "\n".join(said)
    assert "  >      7  7: Something" in told or ">    7  7: Something" in told
    assert "[....................] 0/1" in told
    assert "Hint 1 of 3: Which file?" in told
    assert told.count("NOT YET  Lesson 7: a.py is old.") == 1, "the same verdict is not repeated"
    assert told.index("NOT YET") < told.index("PASS  Lesson 7: a.py is new.")
    assert "[####################] 1/1" in told
    assert progress.passed(taught) == {"7"}


def test_the_tutor_shows_the_solution_on_request_only(taught: Path) -> None:
    said: list[str] = []
    Tutor(said.append, taught, Lines("s")).accompany(tutor.next_page(taught))
    told = "\n".join(said)
    assert "-old\n+new\n" in told and "Then:" in told
    said.clear()
    Tutor(said.append, taught, Lines("h")).accompany(tutor.next_page(taught))
    assert "+new" not in "\n".join(said)


def test_the_tutor_says_that_no_file_is_left_to_change(taught: Path) -> None:
    page = tutor.next_page(taught)
    git(taught, "apply", "-", stdin=solution.patch(page, taught, "HEAD"))
    said: list[str] = []
    Tutor(said.append, taught, Lines("s")).accompany(page)
    assert "No file is left to change." in said


def test_the_tutor_says_that_templates_are_stale(taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.lessons.tutor.freshness.warning", lambda root: "run `make templates`")
    said: list[str] = []
    Tutor(said.append, taught, Lines()).accompany(tutor.next_page(taught))
    assert "NOT YET  Lesson 7: a.py is old.\n         Write new.\n         run `make templates`" in "\n".join(said)


def test_the_tutor_waits_for_a_cloud_that_does_not_run(taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(root: Path) -> Room:
        raise DeployError("The laptop cloud is not running.", "Start it.")

    monkeypatch.setattr("scripts.lessons.verdict.enter", none)
    said: list[str] = []
    Tutor(said.append, taught, Lines("?", "?")).accompany(tutor.next_page(taught))
    assert "The laptop cloud is not running. Start it." in said


def test_a_path_in_no_terminal_is_printed_and_left() -> None:
    done = CliRunner().invoke(main, ["learn"])
    assert done.exit_code == 0
    assert "13: Lambda" in done.output and "Next: `sentiment learn" in done.output


def test_a_reference_to_nothing_is_refused_as_cloudformation_does(tmp_path: Path) -> None:
    file = tmp_path / "first.yaml"
    file.write_text(
        "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Sub '${B} ${AWS::Region}'}\n"
    )
    with pytest.raises(TemplateError, match=r"Unresolved resource dependencies \[B\]"):
        stack.deploy(room_of(tmp_path), file, print)
    whole = "Parameters: {{P: {{Type: String}}}}\n"
    whole += "Conditions: {{C: !Equals [!Ref {}, x]}}\nResources: {{A: {{Type: AWS::SNS::Topic}}}}\n"
    for condition, output, words in (
        ("P", "Nite", r"Unresolved resource dependencies \[Nite\] in the Outputs block of the template"),
        ("A", "A", r"Unresolved dependencies \[A\]\. Cannot reference resources in the Conditions block"),
    ):
        file.write_text(whole.format(condition) + f"Outputs: {{O: {{Value: !Ref {output}}}}}\n")
        with pytest.raises(TemplateError, match=words):
            stack.deploy(room_of(tmp_path), file, print)


@pytest.mark.parametrize(
    ("body", "words", "why"),
    [
        ("Resources: [", r"(?s)not valid YAML: .* in line \d", "Correct "),
        (
            "Resources:\n\tA: x\n",
            r"(?s)not valid YAML: .* in line 2",
            "YAML is indented with spaces, not with tabs. Correct ",
        ),
        ("+Resources:\n", "has no Resources", "The + and - that begin lines of an edit are marks: leave them out. "),
    ],
)
def test_a_template_that_is_not_yaml_is_refused_with_its_line_and_the_usual_cause(
    tmp_path: Path, body: str, words: str, why: str
) -> None:
    file = tmp_path / "first.yaml"
    file.write_text(body)
    with pytest.raises(TemplateError, match=words) as error:
        stack.deploy(room_of(tmp_path), file, print)
    assert error.value.next_step.startswith(why)


def test_the_solution_applies_to_what_a_learner_has_done_so_far(tree: Path) -> None:
    page = read(tree / "docs" / "walkthrough" / "07-something.md")
    begun = beginning.note(tree, "7", None)
    (tree / "a.py").write_text("kept\nwrong\n")
    mine = tree / ".local" / "lessons" / "mine.yaml"
    mine.write_text("Mine: 2\n")

    git(tree, "apply", "-", stdin=solution.patch(page, tree, begun.files))

    assert (tree / "a.py").read_text() == "kept\nnew\n" and mine.read_text() == "Mine: 1\n"
    assert solution.patch(page, tree, begun.files) == "", "nothing is left to change"


def test_a_command_that_only_edits_separate_is_told_once(tmp_path: Path) -> None:
    edit = '```diff title="a.py"\n-a\n+b\n```\n'
    command = "```console\n$ make x\n```\n"
    found = read(page(tmp_path, "# 7: Something\n" + (edit + command) * 3))
    assert solution.commands(found) == ["make x"]


def test_a_change_that_was_deployed_and_is_not_it_is_not_called_undeployed(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "a.py").write_text("kept\ntypo\n")
    monkeypatch.setattr(Room, "deployed_since", lambda room, name: True)
    answer = not_yet(room_of(tree), "Nothing is there.", "a.py", "one line", "`x`")
    assert answer.hint == "a.py is changed, and something was deployed since, but not this: one line. Then run `x`."


def test_a_lesson_whose_change_is_still_there_does_not_begin_anew(
    taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = tutor.next_page(taught)
    begun = verdict.begin(lesson, taught)
    assert verdict.edited(lesson, taught) == []
    (taught / "a.py").write_text("kept\nnew\n")
    git(taught, "commit", "--quiet", "--all", "-m", "my work")
    assert verdict.edited(lesson, taught) == ["a.py"]

    monkeypatch.setattr(verdict, "page_of", lambda number: lesson)
    monkeypatch.setattr(verdict, "edited", lambda page: ["a.py"])
    monkeypatch.setattr("scripts.cli.learn.ROOT", taught)
    done = CliRunner().invoke(main, ["learn", "7"])
    assert done.exit_code == 0
    assert "has already begun; changed since then: a.py" in " ".join(done.output.split())
    assert beginning.of(taught, "7") == begun


def test_ctrl_c_ends_the_tutor_without_an_error(taught: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    Tutor(print, taught, Lines(interrupted)).accompany(tutor.next_page(taught))


def test_the_lesson_that_was_checked_last_is_the_one_to_reset(taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = read(taught / "docs" / "walkthrough" / "07-something.md")
    monkeypatch.setattr(verdict, "page_of", lambda number: lesson)
    monkeypatch.setattr("scripts.cli.learn.ROOT", taught)
    for number in ("7", "9"):
        beginning.note(taught, number, None)

    CliRunner().invoke(main, ["learn", "7", "--check"])

    latest = beginning.latest(taught)
    assert latest and latest.number == "7"


def test_a_lesson_that_begins_with_changes_of_another_says_how_to_begin_without_them(
    taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = read(taught / "docs" / "walkthrough" / "07-something.md")
    monkeypatch.setattr(verdict, "page_of", lambda number: lesson)
    monkeypatch.setattr("scripts.cli.learn.ROOT", taught)
    monkeypatch.setattr(verdict, "edited", lambda page: ["a.py"])
    beginning.note(taught, "9", None)
    (taught / "a.py").write_text("of lesson 9\n")

    done = CliRunner().invoke(main, ["learn", "7"])

    assert "and this lesson begins with them" in done.output
    assert "`make lesson-reset N=9`, then `sentiment learn 7` again." in done.output
