"""The gate's second try: what passes alone is named, what fails again fails, and what is no failed test is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT

TESTS = """
import pathlib, pytest
@pytest.mark.parametrize("name", {names})
def test_flaky(name):
    there = pathlib.Path(name).exists()
    pathlib.Path(name).touch()
    assert there and name != "always"
"""


def ended(folder: Path, names: str) -> tuple[int, str]:
    """Run tests of those names, which fail at the first try, and then those that failed again, as the gate does."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra\n")
    (folder / "test_these.py").write_text(TESTS.format(names=names))
    python = [sys.executable, "-m"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    first = subprocess.run([*python, "pytest", "-q", "--rootdir", "."], cwd=folder, env=environment, check=False)
    command = [*python, "tests.again", str(first.returncode)]
    again = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    return again.returncode, again.stderr


@pytest.mark.parametrize(
    ("names", "code", "named"),
    [
        ('["one", "two"]', 0, ["test_these.py::test_flaky[one]", "test_these.py::test_flaky[two]"]),
        ('["one", "always"]', 1, []),
        ('["1", "2", "3", "4", "5", "6"]', 1, []),
        ("[", 2, []),  # a file that cannot be read
    ],
)
def test_what_failed_is_tried_once_more(tmp_path, names, code, named):
    status, said = ended(tmp_path, names)
    assert status == code
    assert ("FLAKY" in said) == bool(named)
    assert said.split("alone:")[-1].split() == named or not named
