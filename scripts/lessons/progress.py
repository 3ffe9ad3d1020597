"""What a learner has done so far: lessons passed and hints taken, in a file beside the laptop cloud's state."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from scripts.lessons.beginning import SCRATCH

FILE = SCRATCH / "progress.json"
WIDTH = 20  # of the bar, in characters


def passed(root: Path) -> set[str]:
    """Numbers of the lessons whose check has passed."""
    return set(_read(root)["passed"])


def passes(root: Path, number: str) -> None:
    """Note that a lesson's check has passed."""
    found = _read(root)
    found["passed"].setdefault(number, time.time())
    _write(root, found)


def next_hint(root: Path, number: str, known: int) -> int:
    """Which hint comes next, from 0; the last again after all. Notes that it was given."""
    found = _read(root)
    at = min(int(found["hints"].get(number, 0)), known - 1)
    found["hints"][number] = at + 1
    _write(root, found)
    return at


def forget_hints(root: Path, number: str) -> None:
    """Begin with the first hint again."""
    found = _read(root)
    if found["hints"].pop(number, None) is not None:
        _write(root, found)


def bar(done: int, of: int) -> str:
    """A bar of progress, such as ``[#####...............] 5/20``."""
    full = WIDTH * done // of
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {done}/{of}"


def _read(root: Path) -> dict[str, Any]:
    try:
        found = json.loads((root / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    empty: dict[str, Any] = {"passed": {}, "hints": {}}
    return {**empty, **found} if isinstance(found, dict) else empty


def _write(root: Path, found: dict[str, Any]) -> None:
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
