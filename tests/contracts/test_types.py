"""The type checker sees every Python file: one mistake, put into each of them, is reported for each of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import ROOT

MISTAKE = 'def planted():\n    number: int = "text"\n    return number\n'


def test_the_same_mistake_in_every_file_is_reported_in_every_file(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(MISTAKE)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    reported = set(re.findall(r"^(.+):2: error: .+\[assignment\]$", checked.stdout, re.M))
    assert reported == files, checked.stderr
