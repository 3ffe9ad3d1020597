"""Fixtures of the fault tests, and the lines that say at the end what each fault cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.traffic import Account, Traffic, lost
from tests.local.running import RunningApp
from tests.local.test_roll import Service, eventually

Tell = Callable[[Traffic], Account]


@pytest.fixture
def service(app: RunningApp) -> Iterator[Service]:
    """The app's ECS service, with one task before and after."""
    found = Service(app)
    yield found
    found.scale(1)
    eventually(lambda: len(gunicorns(app)) == 1)


@pytest.fixture
def tell(app: RunningApp, record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Tell:
    """Counts what a fault cost, for the lines at the end; nothing acknowledged may be lost, whatever broke."""

    def count(traffic: Traffic) -> Account:
        account, missing = traffic.account, lost(app, traffic.account)
        words = (
            f"{account.requests} requests, {len(account.failures)} failed, "
            f"{len(account.given_up)} for good; "
            f"{len(account.acknowledged)} judgements acknowledged, {len(missing)} lost"
        )
        record_property("fault", f"{request.node.name.removeprefix('test_').replace('_', ' ')}: {words}")
        assert missing == set()
        return account

    return count


def gunicorns(app: RunningApp) -> dict[int, list[int]]:
    """The tasks' processes: each master with its workers."""
    found = {process.pid: process.ppid() for process in app.processes_of("gunicorn")}
    return {pid: [one for one, above in found.items() if above == pid] for pid in found if found[pid] not in found}
