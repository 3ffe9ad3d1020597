"""Walks through the lessons as a learner does: a copy of the tree, a laptop cloud, every command, every edit."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts import ROOT
from scripts.lessons.pages import Command, Edit, Step, Write, differences
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
LONG = {"make load"}  # tests/local/test_scaling.py runs it


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
        self.environment["APP"] = f"http://127.0.0.1:{self.cloud.port}"  # as the first page exports it

    def do(self, step: Step) -> None:
        """Type a command, or make an edit; fails with page and line when not that happens which the page says."""
        if isinstance(step, Write):
            path = self.tree / step.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
        elif isinstance(step, Edit):
            self._edit(step)
        elif step.needs and not usable(step.needs):
            return
        elif step.long:
            assert step.text in LONG, f"{step.place}: no test runs this command"
        elif step.text == "make local":  # runs already, in a window of its own
            assert step.expected == (f"Ready: http://{PAGES_SAY}",), step.place
        else:
            self._type(step)

    def begin(self, number: str, *options: str) -> None:
        """Note where a lesson begins, as every page has it."""
        done = self._run(" ".join(("sentiment learn", number, *options)))
        assert done.returncode == 0, done.stdout

    def lesson(self, number: str) -> tuple[int, str]:
        """Exit code and words of a lesson's check."""
        done = self._run(f"sentiment learn {number} --check")
        return done.returncode, done.stdout

    def reset(self) -> str:
        """Undo what a page had us do."""
        done = self._run("sentiment learn --reset")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def changed(self) -> list[str]:
        """Files that are not as they were cloned."""
        return self._run("git status --porcelain").stdout.splitlines()

    def say(self, command: str) -> str:
        """What a command prints."""
        return self._run(command).stdout.strip()

    def close(self) -> None:
        self.cloud.close()

    def _type(self, step: Command) -> None:
        done = self._run(step.text.replace(PAGES_SAY, f"127.0.0.1:{self.cloud.port}"))
        printed = done.stdout.replace(f"127.0.0.1:{self.cloud.port}", PAGES_SAY)
        said = f"{step.place}: $ {step.text}\nexit code {done.returncode}, and it printed:\n{printed}"
        assert (done.returncode != 0) == step.fails, said
        missing = differences(step.expected, printed)
        if exported := re.match(r"export (\w+)=", step.text):
            self.environment[exported[1]] = self._run(f'{step.text}; printf %s "${exported[1]}"').stdout
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


@functools.cache
def usable(program: str) -> bool:
    """Whether a program is there, and for Docker, whether its engine answers."""
    if shutil.which(program) is None:
        return False
    return program != "docker" or subprocess.run(["docker", "info"], capture_output=True).returncode == 0
