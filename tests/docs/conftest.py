"""The tree of a learner, for all tests of the lessons."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.learning import git, page


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
