"""The service on the laptop as on ECS: a roll fails no request, a killed task is replaced, scaling scales."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.cloudformation.stacks import collect_outputs
from scripts.image import content
from scripts.local import images
from scripts.stage.errors import StackFailedError
from tests.local.running import Answer, RunningApp, deploy
from tests.local.small_app import WAITS

BODY = {"review": "I am happy"}


class Service:
    """The app's ECS service."""

    def __init__(self, app: RunningApp) -> None:
        outputs = collect_outputs(app.cloud)
        self.ecs = app.cloud.client("ecs")
        self.cluster, self.name = outputs["ClusterName"], outputs["ServiceName"]

    def tasks(self) -> list[dict[str, Any]]:
        """Its tasks that run."""
        arns = self.ecs.list_tasks(cluster=self.cluster, serviceName=self.name)["taskArns"]
        found = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        return [task for task in found if task["lastStatus"] == "RUNNING"]

    def images(self) -> set[str]:
        return {task["containers"][0]["image"] for task in self.tasks()}

    def scale(self, count: int) -> None:
        self.ecs.update_service(cluster=self.cluster, service=self.name, desiredCount=count)
        eventually(lambda: len(self.tasks()) == count)


class Traffic:
    """Predictions asked for by several visitors, one after another, while the block runs."""

    def __init__(self, app: RunningApp, visitors: int = 3) -> None:
        self.statuses: list[int] = []
        self.failures: list[Answer] = []
        self._app = app
        self._ends = threading.Event()
        self._visitors = [threading.Thread(target=self._visit) for _ in range(visitors)]

    def __enter__(self) -> Traffic:
        for visitor in self._visitors:
            visitor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for visitor in self._visitors:
            visitor.join()

    def _visit(self) -> None:
        while not self._ends.is_set():
            answer = self._app.request("POST", "/api/getSentiment", BODY)
            self.statuses.append(answer.status)
            if answer.status != 200:
                self.failures.append(answer)


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def another_image(app: RunningApp, folder: Path, change: Callable[[Path], object]) -> str:
    """An image like the one of this checkout, but changed."""
    copy = folder / "container"
    shutil.copytree(content.CONTAINER_DIR, copy, ignore=shutil.ignore_patterns("training", "__pycache__"))
    change(copy)
    return images.build(copy, app.state / "images")


@pytest.fixture
def service(app: RunningApp) -> Service:
    return Service(app)


def test_a_roll_fails_no_request(app: RunningApp, service: Service, tmp_path: Path) -> None:
    new = another_image(app, tmp_path, lambda copy: (copy / "sentiment" / "new.txt").write_text("x"))
    with Traffic(app) as traffic:
        service.scale(2)
        deploy(app, new)
        assert service.images() == {new}
        service.scale(1)
        already = len(traffic.statuses)
        eventually(lambda: len(traffic.statuses) > already + 10)

    assert traffic.failures == []
    assert len(traffic.statuses) > 20


def test_everybody_is_answered_while_a_new_task_takes_its_time(
    app: RunningApp, service: Service, tmp_path: Path
) -> None:
    new = another_image(app, tmp_path, lambda copy: (copy / "sentiment" / "__init__.py").write_text(WAITS))
    folder = app.state / "images" / new.rpartition(":")[2]
    rolling = threading.Thread(target=deploy, args=(app, new))
    rolling.start()
    try:
        eventually((folder / "waits").exists)
        assert app.request("POST", "/api/getSentiment", BODY).status == 200
        [stack] = app.cloud.client("cloudformation").describe_stacks(StackName="sentiment-local-service")["Stacks"]
        assert stack["StackStatus"] == "UPDATE_IN_PROGRESS"
    finally:
        (folder / "go").touch()
        rolling.join()
    assert service.images() == {new}


def test_a_broken_revision_is_rolled_back_and_fails_no_request(
    app: RunningApp, service: Service, tmp_path: Path
) -> None:
    before = service.images()
    broken = another_image(app, tmp_path, damage_the_model)
    with Traffic(app, visitors=1) as traffic, pytest.raises(StackFailedError, match="before it was healthy"):
        deploy(app, broken)

    assert traffic.failures == []
    assert service.images() == before


def damage_the_model(copy: Path) -> None:
    [model] = (copy / "model").glob("*.onnx")
    model.write_bytes(b"not a model")


def test_a_killed_task_is_replaced(app: RunningApp, service: Service) -> None:
    [task] = service.tasks()
    [group] = {os.getpgid(process.pid) for process in app.processes_of("gunicorn")}
    os.killpg(group, signal.SIGKILL)

    eventually(lambda: [each["taskArn"] for each in service.tasks()] not in ([], [task["taskArn"]]))
    eventually(lambda: app.request("POST", "/api/getSentiment", BODY).status == 200)
    stopped = service.ecs.describe_tasks(cluster=service.cluster, tasks=[task["taskArn"]])["tasks"][0]
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert stopped["containers"][0]["exitCode"] == 137


def test_what_tasks_log_is_in_their_log_group(app: RunningApp) -> None:
    group = collect_outputs(app.cloud)["LogGroupName"]
    logs = app.cloud.client("logs")
    app.request("POST", "/api/getSentiment", BODY)

    eventually(lambda: "/predict" in str(logs.filter_log_events(logGroupName=group)["events"]))
    assert BODY["review"] not in str(logs.filter_log_events(logGroupName=group)["events"])
