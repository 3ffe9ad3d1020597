"""Brings files, branch and laptop cloud back to where a lesson began; what the learner did is kept on a branch."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts import ROOT
from scripts.cloudformation import stacks
from scripts.lessons import beginning, role
from scripts.lessons.beginning import SCRATCH, Beginning
from scripts.lessons.room import Room, enter
from scripts.local.session import STAGE
from scripts.stage import settings
from scripts.stage.errors import DeployError

TASKS = 1
# What lessons have learners make below SCRATCH; the beginnings and the progress stay.
COPIES = ("github.git", "you", "friend", "workflow.json")  # of the project, or of a run
WRITTEN = ("hello", "first.yaml", "network.yaml", "arn.txt")  # by the learner; git ignores them: no branch keeps them
KEPT = "kept"
STACK = "sentiment-lesson"  # of the lessons about templates


def reset(observe: Callable[[str, Room], Any], say: Callable[[str], None], number: str = "", root: Path = ROOT) -> None:
    """Bring tree and cloud back to the state in which a lesson began.

    Args:
        observe: what a lesson's check observes now, by the lesson's number.
        say: called with what is done.
        number: the lesson; "" for the one that was begun, reset or checked last.
        root: the learner's tree.

    Raises:
        DeployError: no lesson has begun, the tree is not a git checkout, or the cloud refuses.
    """
    begun = beginning.of(root, number) if number else beginning.latest(root)
    if begun is None:
        which = f"Lesson {number} has not begun" if number else "No lesson has begun"
        raise DeployError(
            f"{which} here, so there is no state to go back to.",
            "`sentiment learn NUMBER` begins a lesson; `git status` shows what you changed.",
        )
    begun = beginning.with_pulled(root, begun)
    restore(begun, say, root)
    for name in COPIES:
        path = root / SCRATCH / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    keep(begun, say, root)
    try:
        room = enter(root)
    except DeployError:
        say("The laptop cloud is not running; its next start deploys the files as they are now.")
        return
    _remove_stack(room, STACK)
    if room.service.desired != TASKS:
        _orchestrate(root, "scale", str(TASKS))
        say(f"{TASKS} task runs.")
    # Also if no file had to be restored: after an edit is undone by hand, the cloud still runs it.
    _orchestrate(root, "deploy", "--yes")
    if not settings.load(STAGE, root / "scripts" / "stages.toml").parameters.get("PipelineRepository"):
        _remove_stack(room, role.PIPELINES)  # after the deployment, which takes its boundary off the app's roles
    beginning.note(root, begun.number, observe(begun.number, replace(room, begun=None)), begun.files)
    say("Ready for the next lesson.")


def restore(begun: Beginning, say: Callable[[str], None], root: Path) -> bool:
    """Bring branch and files back to a beginning; return whether anything differed."""
    changed = beginning.changed_since(root, begun.files)
    branch = beginning.go_back(root, begun)
    if not branch:
        return False
    say(f"Restored: {', '.join(changed) or 'the commit'}. The branch {branch} keeps what you did.")
    return True


def keep(begun: Beginning, say: Callable[[str], None], root: Path) -> None:
    """Move what the learner wrote below SCRATCH out of the next lesson's way."""
    written = [name for name in WRITTEN if (root / SCRATCH / name).exists()]
    if not written:
        return
    folder = SCRATCH / KEPT / f"{begun.number}-{time.strftime('%Y%m%d-%H%M%S')}"
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name in written:
        (root / SCRATCH / name).rename(root / folder / name)
    say(f"Moved to {folder}: {', '.join(written)}.")


def _remove_stack(room: Room, name: str) -> None:
    client = room.cloud.client("cloudformation")
    if name in stacks.all_by_name(room.cloud):
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def _orchestrate(root: Path, *words: str) -> None:
    """Run the orchestrator in a new process: files that it has already read may just have been restored."""
    command = [sys.executable, "-m", "scripts", *words, "--stage", STAGE]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(
            f"{' '.join(words)} failed:\n{done.stderr[-2000:]}", "`sentiment status --stage local` shows more."
        )
