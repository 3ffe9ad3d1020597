"""Walks through the lessons as a learner does: a copy of the tree, a laptop cloud, every command, every edit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import ROOT
from scripts.lessons.pages import Command, Edit, Step, differences
from tests.local.checkout import share_environments
from tests.local.running import RunningApp, free_port, start

LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".local",
    "node_modules",
    "build",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "tests",
    "site-packages",
)
PATIENCE = 120  # seconds for one command, on a machine that runs other tests too
PAGES_SAY = "127.0.0.1:8080"


class Learner:
    """Somebody with a clone of the project in a folder, and a laptop cloud that runs it."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "sentiment"
        shutil.copytree(ROOT, self.tree, ignore=LEFT_OUT, symlinks=True)
        (self.tree / "tests").mkdir()  # named in settings, not needed
        share_environments(self.tree)
        git = {f"GIT_{who}_{what}": "learner" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        path = f"{self.tree}/.venv/bin:{os.environ['PATH']}"  # as `source .venv/bin/activate` has it, in every window
        self.environment = {
            **os.environ,
            **git,
            "PATH": path,
            "STATE": str(self.tree / ".local"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
        for words in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            ["commit", "--quiet", "-m", "as cloned"],
        ):
            subprocess.run(["git", *words], cwd=self.tree, env=self.environment, check=True)
        self.cloud = self._start_cloud()

    def do(self, step: Step) -> None:
        """Type a command, or make an edit; fails with page and line when not that happens which the page says."""
        if isinstance(step, Edit):
            self._edit(step)
        elif step.text == "make local":  # runs already, in a window of its own
            assert step.expected == (f"Ready: http://{PAGES_SAY}",), step.place
        else:
            self._type(step)

    def lesson(self, number: int) -> tuple[int, str]:
        """Exit code and words of a lesson's check."""
        done = self._run(f"{sys.executable} -m scripts.lessons check {number}")
        return done.returncode, done.stdout

    def reset(self) -> str:
        """Undo what a page had us do."""
        done = self._run(f"{sys.executable} -m scripts.lessons reset")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def changed(self) -> list[str]:
        """Files that are not as they were cloned."""
        return self._run("git status --porcelain").stdout.splitlines()

    def close(self) -> None:
        self.cloud.close()

    def _type(self, step: Command) -> None:
        done = self._run(step.text.replace(PAGES_SAY, f"127.0.0.1:{self.cloud.port}"))
        printed = done.stdout.replace(f"127.0.0.1:{self.cloud.port}", PAGES_SAY)
        said = f"{step.place}: $ {step.text}\nexit code {done.returncode}, and it printed:\n{printed}"
        assert (done.returncode != 0) == step.fails, said
        missing = differences(step.expected, printed)
        assert not missing, f"{said}\nThe page also shows: {missing}"

    def _edit(self, step: Edit) -> None:
        path = self.tree / step.file
        text = path.read_text()
        assert text.count(step.old) == 1, f"{step.place}: {step.file} has {text.count(step.old)} times:\n{step.old}"
        path.write_text(text.replace(step.old, step.new))

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )

    def _start_cloud(self) -> RunningApp:
        cloud = start(self.tree / ".local", free_port(), tree=self.tree)
        try:
            cloud.wait_until_ready()
        except BaseException:
            cloud.close()
            raise
        return cloud
