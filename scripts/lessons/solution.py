"""A lesson's solution, out of its page: a patch against the files of its beginning, and the commands that follow."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

from scripts.lessons.pages import Command, Edit, Page, Write


def patch(page: Page, root: Path, files: str) -> str:
    """All edits of a page as one patch for `git apply`; "" if the lesson has none.

    Args:
        page: the lesson.
        root: the learner's tree.
        files: commit of the files at the lesson's beginning.
    """
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for step in page.steps:
        if isinstance(step, Write):
            before.setdefault(step.file, "")
            after[step.file] = step.text
        elif isinstance(step, Edit):
            before.setdefault(step.file, _at(root, files, step.file))
            after[step.file] = after.get(step.file, before[step.file]).replace(step.old, step.new)
    return "".join(_difference(name, before[name], text) for name, text in after.items())


def commands(page: Page) -> list[str]:
    """What to type: from the first edit on, or everything where nothing is edited; up to the lesson's check."""
    typed: list[str] = []
    edited = any(isinstance(step, Edit | Write) for step in page.steps)
    begun = not edited
    for step in page.steps:
        if isinstance(step, Edit | Write):
            begun = True
        elif isinstance(step, Command) and begun:
            if step.text.startswith("make lesson"):
                break
            begins = step.text == f"sentiment learn {page.number}"
            if not begins and not step.needs:
                typed.append(step.text)
    return typed


def _at(root: Path, files: str, name: str) -> str:
    done = subprocess.run(["git", "show", f"{files}:./{name}"], cwd=root, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}" if before else "/dev/null",
        f"b/{name}",
    )
    head = f"diff --git a/{name} b/{name}\n" + ("" if before else "new file mode 100644\n")
    return head + "".join(lines)
