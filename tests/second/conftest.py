"""A second emulator of AWS that shares no code with the laptop cloud, and the orchestrator's commands against it."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from scripts import ROOT
from scripts.cli.main import main
from scripts.release import smoke
from scripts.stage.session import Cloud

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "second", "AWS_SECRET_ACCESS_KEY": "second"}
READY_WITHIN = 60.0

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of moto's server, in a process of its own: its gaps are closed there, not in ours."""
    said = tmp_path_factory.mktemp("moto") / "stderr"
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.second.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, said.read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def client(moto: str) -> Callable[[str], Any]:
    """Clients of the second emulator that are not the orchestrator's."""
    keys = {name.lower(): value for name, value in KEYS.items()}
    return lambda service: boto3.client(service, endpoint_url=moto, region_name=REGION, **keys)


@pytest.fixture
def run(moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command as on AWS: boto3's own variables name the account, the region and where AWS is."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    away = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    for name, value in {**KEYS, **away, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": moto}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, seconds in {"poll_seconds": 0.05, "steady_seconds": 10.0, "proof_seconds": 0.0}.items():
        monkeypatch.setattr(Cloud, name, seconds)
    # Moto keeps what is told to it and runs nothing: no API, no Lambda, no task answers.
    monkeypatch.setattr(smoke, "smoke_test", lambda *_, **__: None)

    def command(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        assert result.exit_code == code, result.stderr[-3000:]
        assert "Traceback" not in result.stderr
        return result

    return command
