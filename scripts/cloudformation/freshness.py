"""Whether the templates are what the generator writes, as far as this environment can tell. Changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts import ROOT

SECONDS = 30  # for the generator, which takes one
STALE = "generator/ has changed, but templates/ has not: the old templates are used. Next: `make templates`."

EDITED = "templates/ has been edited by hand and is used as it is; the next `make templates` overwrites that."


def warning(root: Path = ROOT) -> str | None:
    """What to tell an operator whose templates are older than the generator; None if they are not, or nobody knows.

    The generator decides where its library is installed. Without it, which deploying does not need, git does: edits in
    generator/ and none in templates/.

    Args:
        root: folder of the project.
    """
    if not _touched(root):
        return None
    try:
        done = subprocess.run(
            [sys.executable, "-m", "generator", "--check"], cwd=root, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode == 0:
        return None
    if "ModuleNotFoundError" in done.stderr:
        edited = _edited(root, "generator") and not _edited(root, "templates")
        return STALE if edited else None
    if "Traceback" in done.stderr:
        return f"The generator fails: {done.stderr.strip().splitlines()[-1]}. The old templates are used."
    return EDITED if _edited(root, "templates") and not _edited(root, "generator") else STALE


def _touched(root: Path) -> bool:
    """Whether a file of the generator was written after a template: if not, there is nothing to compare."""
    templates = [path.stat().st_mtime for path in (root / "templates").glob("*.yaml")]
    sources = [path.stat().st_mtime for path in (root / "generator").rglob("*.py")]
    return bool(templates and sources) and max(sources) > min(templates)


def _edited(root: Path, folder: str) -> bool:
    done = subprocess.run(["git", "status", "--porcelain", "--", folder], cwd=root, capture_output=True, text=True)
    return done.returncode == 0 and bool(done.stdout)
