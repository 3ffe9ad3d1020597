"""What the orchestrator's tests on the laptop share: a cloud of their own, commands against it, small containers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts.cli.main import main
from scripts.local import place
from tests.local import small_app
from tests.local.running import RunningApp, start_and_wait

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A cloud that tests may change as they like, as long as the app works afterwards."""
    running = start_and_wait(tmp_path_factory.mktemp("own") / "state")
    yield running
    running.close()


@pytest.fixture
def run(own: RunningApp, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of the orchestrator against that cloud; no stack trace ever comes of it."""
    monkeypatch.setenv("STATE", str(own.state))

    def command(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == code, result.stderr[-2000:]
        assert "Traceback" not in result.stderr
        return result

    return command


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Have the checkout's container be another one: an app of a few lines that gives a reply."""

    def make(reply: str) -> Path:
        folder = small_app.write(tmp_path / uuid.uuid4().hex, reply)
        monkeypatch.setattr(place, "CONTAINER_DIR", folder)
        return folder

    return make
