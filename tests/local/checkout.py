"""A copy of the checkout for tests that change it: what git tracks or would add, and the same environments."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scripts import ROOT

SHARED = (".venv", "node_modules")
# Older than the stamps of the environments, so that make does not install them anew.
LOCKS = ("requirements", "package.json", "package-lock.json")


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
    for name in SHARED:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    for lock in LOCKS:
        for path in [folder / lock, *(folder / lock).rglob("*")]:
            os.utime(path, (0, 0))
    return folder
