"""What runs where, against recorded answers: every page of everything is read."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from scripts.app import service
from scripts.look import status
from scripts.stage.lock import Held
from scripts.stage.settings import Settings
from tests.unit.scripts.stubs import NOON

DEFINITION = "arn:aws:ecs:r:1:task-definition/sentiment-dev-rnn:7"


def test_tasks_on_all_pages_are_shown_with_their_instances(cloud):
    ecs = cloud.stub("ecs")
    ecs.add_response("list_container_instances", {"containerInstanceArns": ["c1"], "nextToken": "n"})
    ecs.add_response("list_container_instances", {"containerInstanceArns": ["c2"]}, {"cluster": "c", "nextToken": "n"})
    found = [
        {"containerInstanceArn": arn, "ec2InstanceId": f"i-{arn}", "status": "ACTIVE", "runningTasksCount": 1}
        for arn in ("c1", "c2")
    ]
    ecs.add_response("describe_container_instances", {"containerInstances": found})
    instances = status._instances(cloud.client("ecs"), "c")
    assert list(instances) == ["c1", "c2"]

    ecs.add_response("list_tasks", {"taskArns": ["t/1"], "nextToken": "n"})
    ecs.add_response("list_tasks", {"taskArns": ["t/2"]}, {"cluster": "c", "serviceName": "s", "nextToken": "n"})
    tasks = [
        {
            "taskArn": f"t/{number}",
            "taskDefinitionArn": DEFINITION,
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "containerInstanceArn": f"c{number}",
            "startedAt": NOON,
        }
        for number in (1, 2)
    ]
    ecs.add_response("describe_tasks", {"tasks": tasks}, {"cluster": "c", "tasks": ["t/1", "t/2"]})
    names = {arn: entry["ec2InstanceId"] for arn, entry in instances.items()}
    shown = [task.text for task in status._tasks(cloud.client("ecs"), "c", "s", names)]
    assert shown == [
        f"{number}  sentiment-dev-rnn:7  RUNNING HEALTHY  on i-c{number}, since 2026-01-01 12:00:00 UTC"
        for number in (1, 2)
    ]


def test_who_answers_is_told_or_why_nobody_does():
    def model(desired, outputs):
        state = service.ServiceState("rnn:1", desired, desired, 0, 0, "COMPLETED", ())
        return status._model(state, "http://127.0.0.1:1", outputs, Settings("dev", {"site_api_url": ""}))

    assert model(0, {}) == "none: the service is asleep (`wake` starts it)"
    assert model(1, {"ApiUrl": "http://127.0.0.1:1/api"}).startswith("none answers: The prediction does not work: POST")
    assert "ApiUrl" in model(1, {})


LEFT = "its command was killed; `sentiment roll --stage dev --image old` removes it"


@pytest.mark.parametrize(
    ("held", "why", "said"),
    [
        (None, LEFT, ""),
        (Held("ada (roll)", "roll", left=False), "it is being compared", "Lock: ada (roll)."),
        (Held("ada (promote)", "promote", left=False), "it is being compared", "Lock: ada (promote)."),
        (Held("ada (restore)", "restore", left=False), LEFT, "Lock: ada (restore)."),
        (Held("ada (roll)", "roll", left=True), LEFT, "Lock: ada (roll). The command was killed; the next one takes"),
    ],
)
def test_what_a_killed_command_has_left_is_shown_with_what_ends_it(held, why, said):
    nothing: Any = {
        "stacks": {},
        "tasks": [],
        "instances": {},
        "targets": {},
        "deployments": [],
        "images": [],
        "events": [],
    }
    what: Any = {"revision": "rnn:1", "image": "old", "model": "m", "rollout": "COMPLETED", "desired": 1, "stopped": ""}
    text = status.Status(stage="dev", **nothing, **what, canary="new", lock=held).text
    assert f"Canary new: {why}\n" in text
    assert said in text
    assert ("Lock:" in text) == bool(said)


def test_a_deployment_is_told_with_its_reason():
    raw = {
        "taskDefinition": DEFINITION,
        "status": "ACTIVE",
        "runningCount": 1,
        "desiredCount": 2,
        "createdAt": NOON.astimezone(timezone(timedelta(hours=2))),
    }
    assert status._deployment(raw) == "sentiment-dev-rnn:7  ACTIVE, 1 of 2 tasks, since 2026-01-01 12:00:00 UTC"
    failed = {**raw, "rolloutState": "FAILED", "rolloutStateReason": "circuit breaker"}
    assert status._deployment(failed).endswith("FAILED, 1 of 2 tasks, since 2026-01-01 12:00:00 UTC: circuit breaker")
