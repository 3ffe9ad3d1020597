"""What breaks in the service costs at most the requests that were in flight, and those succeed when sent again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.stage.errors import StackFailedError
from tests.faults.conftest import Tell, gunicorns
from tests.faults.traffic import MANY, Traffic
from tests.local.running import RunningApp, deploy
from tests.local.test_roll import Service, another_image, damage_the_model, eventually

AFTERWARDS = 30  # requests that are answered once it is over


def only_master(app: RunningApp) -> int:
    [master] = gunicorns(app)
    return master


def started(app: RunningApp, file: Path, body: str) -> Callable[[Path], object]:
    """A change of an image: code that runs when a worker starts."""
    return lambda copy: (copy / file).write_text((copy / file).read_text() + body)


def test_a_worker_is_killed(app: RunningApp, service: Service, tell: Tell) -> None:
    master = only_master(app)
    with Traffic(app) as traffic:
        [worker] = gunicorns(app)[master]
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: gunicorns(app).get(master, []) not in ([], [worker]))
        traffic.wait_for(AFTERWARDS)

    account = tell(traffic)
    assert only_master(app) == master  # the task itself went on
    assert len(account.failures) <= traffic.visitors
    assert account.given_up == []


def test_a_task_is_killed_beside_another(app: RunningApp, service: Service, tell: Tell) -> None:
    service.scale(2)
    before = {task["taskArn"] for task in service.tasks()}
    with Traffic(app) as traffic:
        os.killpg(min(gunicorns(app)), signal.SIGKILL)
        eventually(lambda: len({task["taskArn"] for task in service.tasks()} - before) == 1)
        traffic.wait_for(AFTERWARDS)

    account = tell(traffic)
    assert account.given_up == []
    # Those in flight, and those that were sent to it until the load balancer had heard of it.
    assert len(account.failures) <= 5 * traffic.visitors


def test_the_only_task_is_killed(app: RunningApp, service: Service, tell: Tell) -> None:
    master = only_master(app)
    with Traffic(app) as traffic:
        os.killpg(master, signal.SIGKILL)
        eventually(lambda: list(gunicorns(app)) not in ([], [master]))
        traffic.wait_for(AFTERWARDS)

    assert tell(traffic).given_up == []


def test_a_task_is_frozen(app: RunningApp, service: Service, tell: Tell) -> None:
    service.scale(2)
    frozen = min(gunicorns(app))
    with Traffic(app) as traffic:
        os.killpg(frozen, signal.SIGSTOP)
        try:
            eventually(lambda: frozen not in gunicorns(app) and len(service.tasks()) == 2)
        finally:
            if frozen in gunicorns(app):
                os.killpg(frozen, signal.SIGKILL)
        traffic.wait_for(AFTERWARDS)

    account = tell(traffic)
    assert account.given_up == []
    # Each visitor may have met it twice before the health checks did, which takes them ten seconds.
    assert len(account.failures) <= 2 * traffic.visitors


@pytest.mark.parametrize("broken", ["a model file that is damaged", "a revision that crashes at every start"])
def test_a_revision_does_not_start(app: RunningApp, service: Service, tell: Tell, tmp_path: Path, broken: str) -> None:
    before = service.images()
    crash = started(app, Path("sentiment/app.py"), "\nraise SystemExit(3)\n")
    image = another_image(app, tmp_path, damage_the_model if "model" in broken else crash)
    with Traffic(app) as traffic:
        with pytest.raises(StackFailedError, match="before it was healthy"):
            deploy(app, image)
        traffic.wait_for(AFTERWARDS)

    assert tell(traffic).failures == []
    assert service.images() == before


def test_scaling_in_under_load(app: RunningApp, service: Service, tell: Tell) -> None:
    service.scale(3)
    with Traffic(app) as traffic:
        while traffic.account.requests < MANY:
            service.scale(1)
            service.scale(3)
        service.scale(1)
        traffic.wait_for(AFTERWARDS)

    assert tell(traffic).failures == []


def test_deploying_under_load(app: RunningApp, service: Service, tell: Tell, tmp_path: Path) -> None:
    new = another_image(app, tmp_path, lambda copy: (copy / "sentiment" / "faults.txt").write_text("x"))
    [old] = service.images()
    with Traffic(app) as traffic:
        deploy(app, new)
        assert service.images() == {new}
        deploy(app, old)
        while traffic.account.requests < MANY:
            deploy(app, new)
            deploy(app, old)
        traffic.wait_for(AFTERWARDS)

    assert tell(traffic).failures == []
    assert service.images() == {old}
