"""Which folder is a laptop cloud's state folder, and what may be removed from one.

STATE may name any folder, also one full of somebody's own files. So a state folder carries a marker, and nothing is
ever removed from a folder without it. Standard library alone: ``make clean`` runs this where nothing is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from generator.paths import ROOT

MARKER = "state-of-a-laptop-cloud"
MARKED = (
    "The laptop cloud of Sentiment on AWS keeps its state in this folder. Its parts may be removed by `make clean`.\n"
)
LOCK = "lock"
TABLES = "tables.db"
JUDGEMENTS = "tables.*"  # that file, SQLite's beside it, and the journal of earlier versions, imported or not
RECEIPT_KEY = "receipt-key"
LESSONS = "lessons"
REMADE = ("images", "logs", "tmp", "cloud.json", "cloud.new")  # at each start
KEPT = (JUDGEMENTS, RECEIPT_KEY, LESSONS)  # a folder that holds only these may become a state folder


def chosen() -> Path:
    """The state folder: the environment's STATE, or ``.local`` in the project."""
    return Path(os.environ.get("STATE") or ROOT / ".local").expanduser()


def is_ours(folder: Path) -> bool:
    """Whether a folder is a state folder."""
    return (folder / MARKER).is_file() or folder.resolve() == (ROOT / ".local").resolve() or _was_locked_by_us(folder)


def strangers(folder: Path) -> list[str]:
    """What keeps a folder from becoming a state folder: names that a laptop cloud did not make; sorted."""
    if not folder.is_dir() or is_ours(folder):
        return []
    return sorted(each.name for each in folder.iterdir() if not any(each.match(kept) for kept in KEPT))


def mark(folder: Path) -> None:
    """Make a folder a state folder."""
    if not (folder / MARKER).is_file():
        (folder / MARKER).write_text(MARKED, encoding="utf-8")


def _was_locked_by_us(folder: Path) -> bool:
    """Whether a run from before there was a marker has used the folder."""
    try:
        return {"pid", "url"} <= set(json.loads((folder / LOCK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return False


def clean(folder: Path, judgements: bool = False) -> str:
    """Remove from a state folder what every start makes anew.

    Args:
        folder: the state folder.
        judgements: whether to remove judgements and receipt keys too.

    Returns:
        What happened, in words; "" when there was nothing to do.

    Raises:
        SystemExit: a laptop cloud uses the folder, or it is no state folder; the message says so.
    """
    folder = folder.resolve()  # STATE may be a symbolic link
    if not folder.is_dir() or not any(folder.iterdir()):
        return ""
    if not is_ours(folder):
        raise SystemExit(f"{folder} is not a state folder of the laptop cloud, so nothing in it is removed.")
    with (folder / LOCK).open("a+", encoding="utf-8") as lock:
        if not _acquire(lock.fileno()):
            raise SystemExit(
                f"A laptop cloud is using {folder}: stop it first (Ctrl-C in its terminal). Nothing has been removed."
            )
        for name in (*REMADE, *((JUDGEMENTS, RECEIPT_KEY) if judgements else ())):
            for path in folder.glob(name):
                remove(path)
        kept = sorted({each.name for each in folder.iterdir()} - {MARKER, LOCK})
        if not kept:
            shutil.rmtree(folder)
            return f"{folder} is removed."
    return f"Kept in {folder}: {', '.join(kept)}." + ("" if judgements else " `make clean-data` removes judgements.")


def _acquire(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows, where no laptop cloud can run
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file or a folder with its content; of a symbolic link, the link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    words = clean(chosen().absolute(), judgements="--judgements" in sys.argv[1:])
    if words:
        print(words)
