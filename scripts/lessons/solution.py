"""A lesson's solution, out of its page: a patch against the files as they are, and the commands that follow."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

from scripts.lessons.pages import Command, Edit, Page, Write


def patch(page: Page, root: Path, files: str) -> str:
    """All edits of a page as one patch for `git apply` here and now; "" if the lesson has none, or all are made.

    The edits are those of the files at the lesson's beginning; half of them may be made already, or made wrongly.

    Args:
        page: the lesson.
        root: the learner's tree.
        files: commit of the files at the lesson's beginning.
    """
    after: dict[str, str] = {}
    for step in page.steps:
        if isinstance(step, Write):
            after[step.file] = step.text
        elif isinstance(step, Edit):
            text = after[step.file] if step.file in after else _at(root, files, step.file)
            after[step.file] = text.replace(step.old, step.new)
    here = {name: _text(root / name) for name in after}
    return "".join(_difference(name, here[name], text) for name, text in after.items() if here[name] != text)


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
            again = typed[-1:] == [step.text]  # only an edit stood in between
            if not begins and not step.needs and not again:
                typed.append(step.text)
    return typed


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


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
