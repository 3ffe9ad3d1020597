"""Where a lesson began, and the way back to it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.lessons import beginning, verdict
from scripts.lessons import reset as undoing
from scripts.lessons.pages import read
from scripts.lessons.room import Room
from scripts.lessons.table import LESSONS, Lesson
from scripts.stage.errors import DeployError
from tests.docs.learning import git, room_of


def test_going_back_restores_commit_and_files_and_keeps_the_work_on_a_branch(tree: Path) -> None:
    (tree / "other.py").write_text("edited before\n")
    begun = beginning.note(tree, "7", {"title": "x"})
    (tree / "a.py").write_text("kept\nnew\n")
    (tree / "new.py").write_text("made\n")
    (tree / "templates" / "t.yaml").unlink()
    git(tree, "commit", "--quiet", "--all", "-m", "my work")
    (tree / "a.py").write_text("kept\nnewest\n")
    assert beginning.changed_since(tree, begun.files) == ["a.py", "new.py", "templates/t.yaml"]

    said: list[str] = []
    found = beginning.of(tree, "7")
    assert found == begun
    assert undoing.restore(begun, said.append, tree) is True

    assert git(tree, "rev-parse", "HEAD").strip() == begun.commit
    assert (tree / "a.py").read_text() == "kept\nold\n"
    assert (tree / "other.py").read_text() == "edited before\n"
    assert (tree / "templates" / "t.yaml").exists() and not (tree / "new.py").exists()
    assert git(tree, "status", "--porcelain") == " M other.py\n"
    [branch] = git(tree, "for-each-ref", "--format=%(refname:short)", "refs/heads/lesson-7-*").split()
    assert said == [f"Restored: a.py, new.py, templates/t.yaml. The branch {branch} keeps what you did."]
    assert git(tree, "show", f"{branch}:a.py") == "kept\nnewest\n"
    assert git(tree, "show", f"{branch}:new.py") == "made\n"
    assert "my work" in git(tree, "log", "--format=%s", branch)
    assert undoing.restore(begun, said.append, tree) is False, "nothing is left to restore"


def test_going_back_from_another_branch_loses_no_commit_of_either(tree: Path) -> None:
    begun = beginning.note(tree, "7", None)
    (tree / "a.py").write_text("on the first branch\n")
    git(tree, "commit", "--quiet", "--all", "-m", "first")
    first = git(tree, "rev-parse", "HEAD").strip()
    git(tree, "switch", "--quiet", "--create", "side", "HEAD~1")
    (tree / "other.py").write_text("on the second\n")
    git(tree, "commit", "--quiet", "--all", "-m", "second")

    beginning.go_back(tree, begun)

    assert git(tree, "branch", "--show-current").strip() == begun.branch
    assert git(tree, "rev-parse", "HEAD").strip() == begun.commit
    tips = git(tree, "for-each-ref", "--contains", first, "--format=%(refname:short)", "refs/heads").split()
    assert len(tips) == 1, "the commit on the branch of the beginning"
    assert git(tree, "log", "-1", "--format=%s", "side").strip() == "second"


def test_a_lesson_can_begin_with_the_files_of_a_commit(tree: Path) -> None:
    (tree / "a.py").write_text("kept\nnew\n")
    assert beginning.changed_since(tree, beginning.note(tree, "7", None).files) == []
    assert beginning.changed_since(tree, beginning.note(tree, "7", None, "HEAD").files) == ["a.py"]


def test_the_lesson_that_began_last_is_the_one_to_reset(tree: Path) -> None:
    assert beginning.latest(tree) is None
    with pytest.raises(DeployError, match="No lesson has begun here"):
        undoing.reset(lambda number, room: None, print, root=tree)
    for number in ("7", "9"):
        beginning.note(tree, number, None)
    latest = beginning.latest(tree)
    assert latest and latest.number == "9"
    git(tree, "update-ref", "-d", "refs/lessons/9")
    (tree / beginning.BEGUN / "9.json").write_text("{")
    latest = beginning.latest(tree)
    assert latest and latest.number == "7", "a record that cannot be read is none"


def test_a_beginning_outside_of_git_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="git rev-parse failed") as error:
        beginning.note(tmp_path, "7", None)
    assert "git checkout" in error.value.next_step


@pytest.fixture
def cloudless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset that has no cloud to bring back."""
    monkeypatch.setattr(undoing, "enter", lambda root: room_of(root))
    monkeypatch.setattr(undoing, "_remove_stack", lambda room, name: None)
    monkeypatch.setattr(undoing, "_orchestrate", lambda root, *words: None)
    monkeypatch.setattr(Room, "service", SimpleNamespace(desired=1))
    pipeline = SimpleNamespace(parameters={"PipelineRepository": "x"})
    monkeypatch.setattr("scripts.lessons.reset.settings.load", lambda stage, file: pipeline)


def test_what_a_learner_wrote_is_moved_and_not_lost_and_the_lesson_that_began_later_stays_the_last(
    tree: Path, cloudless: None
) -> None:
    beginning.note(tree, "7", None)
    beginning.note(tree, "9", None)
    template = tree / beginning.SCRATCH / "first.yaml"
    template.write_text("mine")
    said: list[str] = []

    undoing.reset(lambda number, room: None, said.append, "7", tree)

    [kept] = (tree / beginning.SCRATCH / "kept").glob("7-*/first.yaml")
    assert kept.read_text() == "mine" and not template.exists()
    assert said[0] == f"Moved to {kept.parent.relative_to(tree)}: first.yaml."
    last = beginning.latest(tree)
    assert last and last.number == "7"


@pytest.fixture
def remote(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the tree's remote, of somebody who pushes to it."""
    forge = tmp_path_factory.mktemp("forge")
    git(forge, "clone", "--quiet", "--bare", str(tree), "forge.git")
    git(tree, "remote", "add", "origin", str(forge / "forge.git"))
    git(tree, "fetch", "--quiet", "origin")
    git(tree, "branch", "--quiet", f"--set-upstream-to=origin/{git(tree, 'branch', '--show-current').strip()}")
    git(forge, "clone", "--quiet", "forge.git", "others")
    return forge / "others"


def come(remote: Path, tree: Path, name: str, text: str) -> str:
    """Let a commit of others come by a pull; the commit."""
    (remote / name).write_text(text)
    git(remote, "add", "--all")
    git(remote, "commit", "--quiet", "-m", "of others")
    git(remote, "push", "--quiet")
    git(tree, "pull", "--quiet", "--no-rebase", "--no-edit")
    return git(remote, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("committed", [False, True])
def test_what_was_pulled_since_the_beginning_stays(tree: Path, remote: Path, committed: bool) -> None:
    begun = beginning.note(tree, "7", None)
    (tree / "a.py").write_text("kept\nnew\n")
    if committed:
        git(tree, "commit", "--quiet", "--all", "-m", "my work")
    theirs = come(remote, tree, "theirs.py", "1\n")
    now = beginning.with_pulled(tree, begun)
    assert beginning.changed_since(tree, now.files) == ["a.py"], "no check takes what came for the learner's work"

    assert undoing.restore(now, lambda words: None, tree) is True

    assert git(tree, "rev-parse", "HEAD").strip() == theirs
    assert (tree / "theirs.py").exists() and (tree / "a.py").read_text() == "kept\nold\n"
    assert git(tree, "status", "--porcelain") == ""


def test_edits_of_the_beginning_are_kept_on_top_of_what_was_pulled(tree: Path, remote: Path) -> None:
    (tree / "other.py").write_text("edited before\n")
    begun = beginning.note(tree, "7", None)
    (tree / "a.py").write_text("kept\nnew\n")
    come(remote, tree, "theirs.py", "1\n")

    undoing.restore(beginning.with_pulled(tree, begun), lambda words: None, tree)

    assert (tree / "theirs.py").exists() and (tree / "a.py").read_text() == "kept\nold\n"
    assert git(tree, "status", "--porcelain") == " M other.py\n"


def test_a_reset_after_a_pull_begins_anew_at_what_came(tree: Path, remote: Path, cloudless: None) -> None:
    beginning.note(tree, "7", None)
    (tree / "a.py").write_text("kept\nnew\n")
    theirs = come(remote, tree, "theirs.py", "1\n")

    undoing.reset(lambda number, room: None, lambda words: None, "7", tree)

    again = beginning.of(tree, "7")
    assert again and (again.commit, beginning.changed_since(tree, again.files)) == (theirs, [])
    assert git(tree, "rev-parse", "HEAD").strip() == theirs


def test_work_that_was_pushed_is_taken_back_as_any_other(tree: Path, remote: Path) -> None:
    begun = beginning.note(tree, "7", None)
    (tree / "a.py").write_text("kept\nnew\n")
    git(tree, "commit", "--quiet", "--all", "-m", "my work")
    git(tree, "push", "--quiet", "origin", "HEAD")

    assert beginning.with_pulled(tree, begun) == begun


def test_what_another_branch_pulled_does_not_move_the_beginning(tree: Path, remote: Path) -> None:
    begun = beginning.note(tree, "7", None)
    git(tree, "switch", "--quiet", "--create", "side", "--track", f"origin/{begun.branch}")
    come(remote, tree, "theirs.py", "1\n")

    assert beginning.with_pulled(tree, begun) == begun


def test_a_check_does_not_take_what_was_pulled_for_the_learners_work(
    tree: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LESSONS, "7", Lesson(lambda room: None, lambda room: str(room.changed("theirs.py"))))
    monkeypatch.setattr("scripts.lessons.verdict.enter", lambda root: room_of(root))
    beginning.note(tree, "7", None)
    come(remote, tree, "theirs.py", "1\n")

    page = read(tree / "docs" / "walkthrough" / "07-something.md")
    assert verdict.judge(page, tree).text == "PASS  Lesson 7: False."
