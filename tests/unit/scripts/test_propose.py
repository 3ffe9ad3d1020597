"""`make propose` in a repository of its own: a branch with the new model, and a pull request with its report."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import ROOT

GH = """#!/bin/sh
echo "gh $@" >>"$SAID"
[ "$1 $2" != "$FAILS" ]
"""
NOBODY = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with a model, whose origin is beside it; GitHub's command line notes what it is asked."""
    tree, origin = tmp_path / "tree", tmp_path / "origin.git"
    (tree / "container/model").mkdir(parents=True)
    (tree / "container/model/sentiment-000000000000.onnx").write_text("old")
    (tree / "unrelated.txt").write_text("as it was")
    shutil.copy(ROOT / "Makefile", tree)
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    git(tmp_path, "init", "--quiet", "--bare", str(origin))
    git(tree, "init", "--quiet", "--initial-branch", "main")
    git(tree, "remote", "add", "origin", str(origin))
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "first")
    git(tree, "push", "--quiet", "origin", "main")
    return tree


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | NOBODY, capture_output=True, text=True, check=True
    )
    return done.stdout


def report(checkout: Path, revision: str) -> None:
    (checkout / "build/retrain").mkdir(parents=True)
    (checkout / "build/retrain/public.md").write_text(f"From sentiment-000000000000 to sentiment-{revision}. Merging")


def propose(checkout: Path, status: int = 0, fails: str = "") -> tuple[str, list[str]]:
    """What the target prints, and what it asks GitHub, which may refuse one of its commands."""
    said = checkout.parent / "said"
    said.unlink(missing_ok=True)
    path = f"{checkout.parent}:{os.environ['PATH']}"
    environment = os.environ | NOBODY | {"PATH": path, "SAID": str(said), "FAILS": fails}
    done = subprocess.run(["make", "propose"], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr, said.read_text().splitlines() if said.exists() else []


def test_a_new_model_becomes_a_pull_request_with_nothing_else_in_it(checkout: Path) -> None:
    (checkout / "container/model/sentiment-000000000000.onnx").unlink()
    (checkout / "container/model/sentiment-111111111111.onnx").write_text("new")
    (checkout / "unrelated.txt").write_text("changed")
    report(checkout, "111111111111")
    _, asked = propose(checkout)

    assert asked == [
        "gh auth setup-git",
        "gh pr create --head retrain/sentiment-111111111111 --title Retrain the model to sentiment-111111111111"
        " --body-file build/retrain/public.md",
    ]
    pushed = git(
        checkout.parent / "origin.git",
        "diff",
        "--name-status",
        "--no-renames",
        "main",
        "retrain/sentiment-111111111111",
    )
    assert pushed.split() == [
        *("D", "container/model/sentiment-000000000000.onnx"),
        *("A", "container/model/sentiment-111111111111.onnx"),
    ]
    assert git(checkout, "branch", "--show-current").strip() == "main"
    assert (checkout / "unrelated.txt").read_text() == "changed"


def test_without_a_new_model_nothing_is_proposed(checkout: Path) -> None:
    said, asked = propose(checkout)
    assert "no new model" in said
    assert asked == []
    assert git(checkout.parent / "origin.git", "branch", "--format", "%(refname:short)").split() == ["main"]


@pytest.mark.parametrize("revision", [None, "222222222222"])
def test_the_report_of_another_model_is_not_published(checkout: Path, revision: str | None) -> None:
    (checkout / "container/model/sentiment-000000000000.onnx").rename(
        checkout / "container/model/sentiment-111111111111.onnx"
    )
    if revision:
        report(checkout, revision)
    said, asked = propose(checkout, status=2)
    assert "is not about sentiment-111111111111" in said
    assert asked == []
    assert git(checkout, "branch", "--format", "%(refname:short)").split() == ["main"]


def retrained(checkout: Path) -> None:
    """What `make retrain` leaves, beside other work that is going on."""
    (checkout / "container/model/sentiment-000000000000.onnx").unlink()
    (checkout / "container/model/sentiment-111111111111.onnx").write_text("new")
    (checkout / "unrelated.txt").write_text("changed")
    git(checkout, "add", "unrelated.txt")
    report(checkout, "111111111111")


@pytest.mark.parametrize("branch", ["main", "work", ""])
@pytest.mark.parametrize("fails", ["push", "auth setup-git", "pr create"])
def test_a_failure_leaves_everything_where_it_was_and_the_next_try_goes_on(
    checkout: Path, fails: str, branch: str
) -> None:
    git(checkout, "switch", "--quiet", *(["-C", branch] if branch else ["--detach"]))
    retrained(checkout)
    before = git(checkout, "status", "--porcelain", "--branch")
    origin = checkout.parent / "origin.git"
    if fails == "push":
        origin.rename(checkout.parent / "away")
    said, _ = propose(checkout, status=2, fails=fails)
    assert "No pull request was opened. The new model is where it was, in container/model" in said
    assert git(checkout, "status", "--porcelain", "--branch") == before
    assert (checkout / "container/model/sentiment-111111111111.onnx").read_text() == "new"

    if fails == "push":
        (checkout.parent / "away").rename(origin)
    said, asked = propose(checkout)
    assert "is on the branch retrain/sentiment-111111111111" in said
    assert [each.split(" --")[0] for each in asked] == ["gh auth setup-git", "gh pr create"]
    assert git(origin, "rev-list", "--count", "main..retrain/sentiment-111111111111").strip() == "1"
    assert git(checkout, "status", "--porcelain", "--untracked-files=no").split() == ["M", "unrelated.txt"]
    assert git(checkout, "branch", "--show-current").strip() == branch
    assert [path.name for path in (checkout / "container/model").iterdir()] == ["sentiment-000000000000.onnx"]
