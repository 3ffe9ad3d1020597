"""Where a lesson began, and the way back to it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.lessons import beginning
from scripts.lessons import reset as undoing
from scripts.lessons.room import Room
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


def test_what_a_learner_wrote_is_moved_and_not_lost_and_the_lesson_that_began_later_stays_the_last(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beginning.note(tree, "7", None)
    beginning.note(tree, "9", None)
    template = tree / beginning.SCRATCH / "first.yaml"
    template.write_text("mine")
    monkeypatch.setattr(undoing, "enter", lambda root: room_of(root))
    monkeypatch.setattr(undoing, "_remove_stack", lambda room, name: None)
    monkeypatch.setattr(undoing, "_orchestrate", lambda root, *words: None)
    monkeypatch.setattr(Room, "service", SimpleNamespace(desired=1))
    pipeline = SimpleNamespace(parameters={"PipelineRepository": "x"})
    monkeypatch.setattr("scripts.lessons.reset.settings.load", lambda stage, file: pipeline)
    said: list[str] = []

    undoing.reset(lambda number, room: None, said.append, "7", tree)

    [kept] = (tree / beginning.SCRATCH / "kept").glob("7-*/first.yaml")
    assert kept.read_text() == "mine" and not template.exists()
    assert said[0] == f"Moved to {kept.parent.relative_to(tree)}: first.yaml."
    last = beginning.latest(tree)
    assert last and last.number == "7"
