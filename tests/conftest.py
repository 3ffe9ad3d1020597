"""What all tests share: one laptop cloud, started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.running import RunningApp, start_and_wait

ROOT = Path(__file__).resolve().parent.parent
TOGETHER = {"tests/image"}  # a Docker engine and an image of its own


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app as `make local` runs it, with a state folder of its own."""
    running = start_and_wait(tmp_path_factory.mktemp("app") / "state")
    yield running
    running.close()


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "app" in getattr(item, "fixturenames", ()):
            item.add_marker("cloud")
        item.add_marker(pytest.mark.xdist_group(_group(item.path.relative_to(ROOT))))


def _group(file: Path) -> str:
    """What runs in one process, one test after the other: a file, or a folder whose fixtures are dear to set up."""
    folder = file.parent.as_posix()
    return folder if folder in TOGETHER else file.as_posix()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what each fault cost in requests and judgements; those tests record it."""
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome)]
    for words in (value for report in reports for name, value in report.user_properties if name == "fault"):
        terminalreporter.write_line(f"FAULT {words}")
