"""A warning where the templates are older than the generator, and none where they are not or nobody can tell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts.cloudformation import freshness

CHECK = "import pathlib, sys; sys.exit('stale' if 'new' in pathlib.Path('generator/a.py').read_text() else 0)"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in (("generator/a.py", "old"), ("generator/__init__.py", ""), ("templates/t.yaml", "x")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "generator" / "__main__.py").write_text(CHECK)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    later(tmp_path / "templates" / "t.yaml")
    return tmp_path


def later(path: Path) -> None:
    newest = max(each.stat().st_mtime for each in path.parent.parent.rglob("*.*"))
    os.utime(path, (newest + 1, newest + 1))


def edit(tree: Path) -> None:
    (tree / "generator" / "a.py").write_text("new = 1")
    later(tree / "generator" / "a.py")


def test_fresh_templates_are_no_reason_to_warn_and_cost_no_run_of_the_generator(tree: Path) -> None:
    (tree / "generator" / "__main__.py").write_text("raise SystemExit('stale')")
    later(tree / "templates" / "t.yaml")
    assert freshness.warning(tree) is None


def test_a_change_of_the_generator_without_new_templates_is_told(tree: Path) -> None:
    edit(tree)
    assert freshness.warning(tree) == freshness.STALE
    (tree / "generator" / "a.py").write_text("old, with a comment")
    later(tree / "generator" / "a.py")
    assert freshness.warning(tree) is None, "the generator writes the same"


def test_a_template_that_was_edited_by_hand_is_told_as_such(tree: Path) -> None:
    (tree / "generator" / "__main__.py").write_text("raise SystemExit('stale')")
    subprocess.run(["git", "add", "generator"], cwd=tree, check=True)
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "x"], cwd=tree, check=True
    )
    later(tree / "generator" / "__main__.py")
    assert freshness.warning(tree) == freshness.STALE
    (tree / "templates" / "t.yaml").write_text("y")
    later(tree / "generator" / "__main__.py")
    assert freshness.warning(tree) == freshness.EDITED


def test_without_the_library_of_the_generator_git_decides(tree: Path) -> None:
    (tree / "generator" / "__main__.py").write_text("import no_such_library")
    edit(tree)
    assert freshness.warning(tree) == freshness.STALE
    (tree / "templates" / "t.yaml").write_text("y")
    assert freshness.warning(tree) is None


def test_a_generator_that_fails_is_told_with_its_error(tree: Path) -> None:
    (tree / "generator" / "__main__.py").write_text("1 / 0")
    edit(tree)
    assert "The generator fails: ZeroDivisionError: division by zero." in str(freshness.warning(tree))


def test_a_folder_without_generator_or_templates_is_none_of_its_business(tmp_path: Path) -> None:
    assert freshness.warning(tmp_path) is None
