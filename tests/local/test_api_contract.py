"""Schemathesis holds the running API against docs/api/openapi.yaml: all checks, a fixed seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from generator import catalogue
from scripts import ROOT
from tests.local.running import RunningApp

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# `make fuzz` asks for more examples of each route than the configuration does.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES")


def test_the_api_does_what_its_description_says(app: RunningApp, tmp_path: Path) -> None:
    options = ["--config-file", str(CONFIGURATION), "--no-color"]
    arguments = ["run", str(ROOT / "docs/api/openapi.yaml"), "--url", app.api_url, "--checks", "all"]
    arguments += ["--max-examples", EXAMPLES] if EXAMPLES else []
    finished = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *options, *arguments],
        cwd=tmp_path,  # where it keeps its notes
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=2_700 if EXAMPLES else 280,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"Tested: {len(catalogue.FUNCTIONS) + 2}" in finished.stdout
