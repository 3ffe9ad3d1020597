"""A copy of the checkout for tests that change it: what git tracks or would add, and the same environments."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import ROOT, environment

# What pip writes for [project.scripts], for another tree.
COMMAND = """#!{python}
import sys
sys.path[:0] = [{tree!r}, {container!r}]
from scripts.cli.main import main
sys.exit(main(prog_name="sentiment"))
"""


def copy_to(folder: Path) -> Path:
    """Copy the checkout.

    Args:
        folder: where to; must not be there yet.

    Returns:
        The folder.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    share_environments(folder)
    return folder


def share_environments(folder: Path) -> None:
    """Give a copy of the checkout our environments: the same packages, and a command `sentiment` of its own.

    Args:
        folder: the copy.
    """
    ours, theirs = ROOT / ".venv", folder / ".venv"
    if ours.exists():
        for each in [*ours.iterdir(), *(ours / "bin").iterdir()]:
            link = theirs / each.relative_to(ours)
            link.parent.mkdir(parents=True, exist_ok=True)
            if each.name not in ("bin", "sentiment", environment.RECORD):
                link.symlink_to(each)
    command = theirs / "bin" / "sentiment"
    command.parent.mkdir(parents=True, exist_ok=True)
    environment.write_record(theirs, ["train" if importlib.util.find_spec("torch") else "dev"])
    command.write_text(COMMAND.format(python=sys.executable, tree=str(folder), container=str(folder / "container")))
    command.chmod(0o755)
    if (ROOT / "node_modules").exists():
        (folder / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    for lock in ("package.json", "package-lock.json"):  # older than the stamp, so that make does not install them anew
        if (folder / lock).exists():
            os.utime(folder / lock, (0, 0))
