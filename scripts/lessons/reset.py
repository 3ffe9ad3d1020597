"""Undoes what learners did in lessons: edits, folders, what the laptop cloud runs. Keeps a patch of all edits."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts.lessons import pages
from scripts.lessons.room import enter
from scripts.local.session import STAGE
from scripts.stage.errors import DeployError

SCRATCH = Path(".local") / "lessons"
TASKS = 1


def reset(say: Callable[[str], None], root: Path = pages.ROOT) -> None:
    """Bring tree and cloud back to the state in which lessons begin.

    Args:
        say: called with what is done.
        root: the learner's tree.

    Raises:
        DeployError: the tree is not a git checkout, or the cloud refuses.
    """
    restore(say, root)
    for folder in ("github.git", "you", "friend"):
        shutil.rmtree(root / SCRATCH / folder, ignore_errors=True)
    try:
        room = enter(root)
    except DeployError:
        say("The laptop cloud is not running; its next start deploys the files as they are now.")
        return
    if room.service.desired != TASKS:
        _orchestrate(root, "scale", str(TASKS))
        say(f"{TASKS} task runs.")
    # Also if no file has to be restored: after an edit is undone by hand, the cloud still runs it.
    _orchestrate(root, "deploy", "--yes")
    say("Ready for the next lesson.")


def restore(say: Callable[[str], None], root: Path) -> bool:
    """Restore the files that lessons edit to their committed state; return whether there were any."""
    names = [*pages.edited_files(root / "docs" / "walkthrough"), "templates"]
    changed = _git(root, "diff", "--name-only", "HEAD", "--", *names).split()
    others = sorted({*_git(root, "diff", "--name-only", "HEAD").split()} - {*changed})
    if others:
        say(f"Not restored, because no lesson edits them: {', '.join(others)}.")
    if not changed:
        return False
    patch = root / SCRATCH / f"undone-{time.strftime('%Y%m%d-%H%M%S')}.patch"
    patch.parent.mkdir(parents=True, exist_ok=True)
    patch.write_text(_git(root, "diff", "HEAD", "--", *changed), encoding="utf-8")
    _git(root, "checkout", "HEAD", "--", *changed)
    say(f"Restored: {', '.join(changed)}. `git apply {patch.relative_to(root)}` would redo your changes.")
    return True


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(
            f"git {words[0]} refused: {done.stderr.strip()}", "Lessons need a git checkout of the project."
        )
    return done.stdout


def _orchestrate(root: Path, *words: str) -> None:
    """Run the orchestrator in a new process: files that it has already read may just have been restored."""
    command = [sys.executable, "-m", "scripts", *words, "--stage", STAGE]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(
            f"{' '.join(words)} failed:\n{done.stderr[-2000:]}", "`sentiment status --stage local` shows more."
        )
