"""What all tests share: one laptop cloud, started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.running import RunningApp, start_and_wait


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app as `make local` runs it, with a state folder of its own."""
    running = start_and_wait(tmp_path_factory.mktemp("app") / "state")
    yield running
    running.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "app" in getattr(item, "fixturenames", ()):
            item.add_marker("cloud")
