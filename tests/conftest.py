"""What all tests share: one laptop cloud, started when the first test asks for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadFileScheduling

from scripts.local import hosts
from tests import needs
from tests.browser import chromium
from tests.local.running import RunningApp, start_and_wait

TOGETHER = ("tests/image/",)  # a Docker engine and an image of its own


# In a Codespace the page has another address too; tests ask for that themselves.
for name in hosts.CODESPACE:
    os.environ.pop(name, None)

# A shell that starts us in the background has us ignore Ctrl-C, and so would every command that a test sends one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app as `make local` runs it, with a state folder of its own; the page has an origin of its own too."""
    running = start_and_wait(tmp_path_factory.mktemp("app") / "state", PAGE_PORT="0")
    yield running
    running.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        needs.lack("no Chromium: install your system's chromium package, or name one in CHROMIUM")
    with chromium.launch(executable) as launched:
        yield launched


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "app" in getattr(item, "fixturenames", ()):
            item.add_marker("cloud")


class ByFile(LoadFileScheduling):
    """Tests of a file go to one process, and so do those of a folder whose fixtures are dear to set up."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)  # without --numprocesses there is nobody to ask for it
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Deals out tests to the processes."""
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what each fault cost in requests and judgements; those tests record it."""
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome)]
    for words in (value for report in reports for name, value in report.user_properties if name == "fault"):
        terminalreporter.write_line(f"FAULT {words}")
