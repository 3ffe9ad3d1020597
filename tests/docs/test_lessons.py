"""Reading the walkthrough's pages, asking for a lesson that is not there, and undoing what lessons changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.lessons import reset as undoing
from scripts.lessons.__main__ import main
from scripts.lessons.checks import CHECKS, not_yet
from scripts.lessons.pages import Command, Edit, PageError, differences, edited_files, read
from scripts.lessons.room import Room
from scripts.local.keys import Keys
from scripts.local.session import EmulatedCloud
from scripts.stage.errors import DeployError

PAGE = """# 7: Something

Words, and `$ no command`.

```console
# fails: on purpose
$ make plan
...
  ~  One …
$ curl -s x \\
    -d y
ok
```

```yaml title="a.yaml"
not: ours
```

```diff title="a.py"
 kept
-old
+new
```
"""


def page(folder: Path, text: str = PAGE) -> Path:
    path = folder / "07-something.md"
    path.write_text(text)
    return path


def test_a_page_has_its_commands_and_edits_in_order(tmp_path: Path) -> None:
    found = read(page(tmp_path))

    assert (found.number, found.title) == (7, "7: Something")
    assert found.steps == (
        Command("07-something.md:7", "make plan", True, ("...", "  ~  One …")),
        Command("07-something.md:10", "curl -s x \\\n    -d y", False, ("ok",)),
        Edit("07-something.md:19", "a.py", "kept\nold\n", "kept\nnew\n"),
    )
    assert edited_files(tmp_path) == ["a.py"]


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


@pytest.mark.parametrize("number", ["", "99", "x"])
def test_a_lesson_that_is_not_there_is_answered_with_those_that_are(number: str) -> None:
    done = CliRunner().invoke(main, ["check", number])

    assert done.exit_code == 2
    for known in CHECKS:
        assert f"N={known} " in done.output


@pytest.mark.parametrize(("number", "page"), [("2", "1"), ("12", "1"), ("23", "14")])
def test_a_page_of_several_lessons_is_found_by_each_of_them(
    number: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, int(page), lambda room: "seen")
    monkeypatch.setattr("scripts.lessons.__main__.enter", lambda: None)

    assert CliRunner().invoke(main, ["check", number]).output == f"PASS  Lesson {page}: seen.\n"


@pytest.mark.parametrize(
    ("edited", "made", "words"),
    [
        (False, False, "Change generator/stacks/data.py: one line. Then run `x`."),
        (
            True,
            False,
            "generator/stacks/data.py is changed, but the templates are not: run `make templates`, then `x`.",
        ),
        (
            True,
            True,
            "generator/stacks/data.py is changed, but not deployed: run `x`, and read its output.",
        ),
    ],
)
def test_an_answer_names_the_step_that_comes_next(tree: Path, edited: bool, made: bool, words: str) -> None:
    for there, name in ((edited, "generator/stacks/data.py"), (made, "templates/t.yaml")):
        if there:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("new\n")
    room = Room(
        EmulatedCloud("local", "http://127.0.0.1:1", Keys("nobody", "nothing"), "us-east-1"), "http://127.0.0.1:1", tree
    )

    answer = not_yet(room, "Nothing is there.", "generator/stacks/data.py", "one line", "`x`")
    assert (answer.missing, answer.hint) == ("Nothing is there.", words)


@pytest.mark.parametrize("command", [["check", "13"], ["reset"]])
def test_without_a_laptop_cloud_the_next_step_is_named(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", str(tmp_path))
    monkeypatch.setattr(undoing, "restore", lambda say, root: False)
    done = CliRunner().invoke(main, command)

    assert "Traceback" not in done.output
    assert "laptop cloud is not running" in done.output
    assert done.exit_code == (1 if command[0] == "check" else 0)


def git(tree: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    return subprocess.run(["git", *identity, *words], cwd=tree, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "walkthrough").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    page(tmp_path / "docs" / "walkthrough")
    for name in ("a.py", "other.py", "templates/t.yaml"):
        (tmp_path / name).write_text("kept\nold\n")
    (tmp_path / ".gitignore").write_text(".local/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    return tmp_path


def test_the_reset_restores_what_lessons_edit_and_nothing_else_and_keeps_a_patch(tree: Path) -> None:
    for name in ("a.py", "other.py", "templates/t.yaml"):
        (tree / name).write_text("kept\nnew\n")
    said: list[str] = []

    assert undoing.restore(said.append, tree) is True

    assert (tree / "a.py").read_text() == (tree / "templates" / "t.yaml").read_text() == "kept\nold\n"
    assert (tree / "other.py").read_text() == "kept\nnew\n"
    assert said[0] == "Not restored, because no lesson edits them: other.py."
    assert said[1].startswith("Restored: a.py, templates/t.yaml. `git apply .local/lessons/undone-")
    [patch] = (tree / ".local" / "lessons").glob("*.patch")
    git(tree, "apply", str(patch))
    assert (tree / "a.py").read_text() == "kept\nnew\n"


def test_a_reset_with_nothing_to_restore_says_nothing(tree: Path) -> None:
    said: list[str] = []

    assert undoing.restore(said.append, tree) is False
    assert said == []


def test_a_reset_outside_of_git_says_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "docs" / "walkthrough").mkdir(parents=True)
    with pytest.raises(DeployError, match="git diff refused"):
        undoing.restore(print, tmp_path)
