"""What the checks of single lessons accept and refuse, without a laptop cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.lessons import code, running
from scripts.lessons.beginning import Beginning
from scripts.lessons.room import NotYetError, Room

BEGUN = 1_000.5  # seconds since 1970


class Ecs:
    """Task-definition revisions: the image of each, and when it was registered."""

    def __init__(self, *revisions: tuple[str, float]) -> None:
        self.revisions = revisions

    def client(self, _name: str) -> Ecs:
        return self

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:  # noqa: N803 - the name that boto3 has
        image, seconds = self.revisions[int(taskDefinition.rsplit(":", 1)[1]) - 1]
        registered = datetime.fromtimestamp(int(seconds), UTC)  # in whole seconds, as ECS has it
        return {"taskDefinition": {"containerDefinitions": [{"image": image}], "registeredAt": registered}}


def room_of(**parts: Any) -> Room:
    begun = Beginning("26", BEGUN, "main", "c", "f", "old")
    defaults = {"begun": begun, "before": "old", "changed": lambda name: True, "deployed_since": lambda name: True}
    return cast("Room", SimpleNamespace(**{**defaults, **parts}))


def roll_and_back(*revisions: tuple[str, float]) -> str:
    newest = SimpleNamespace(task_definition=f"family:{len(revisions)}")
    return running.registry(room_of(cloud=Ecs(*revisions), service=newest))


def test_another_image_counts_if_it_worked_since_the_lesson_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.history, "images", lambda cloud: ["old", "new"])
    # A restarted laptop cloud numbers its revisions from 1 again.
    assert "old runs again" in roll_and_back(("old", BEGUN + 9), ("new", BEGUN + 10), ("old", BEGUN + 11))
    assert "old runs again" in roll_and_back(("old", 1), ("new", BEGUN + 0.1), ("old", BEGUN + 1))
    with pytest.raises(NotYetError, match="The new image runs, new"):
        roll_and_back(("old", 1), ("new", BEGUN + 1))
    with pytest.raises(NotYetError, match="No other image has run since the lesson began; old runs"):
        roll_and_back(("new", 1), ("old", 2))
    with pytest.raises(NotYetError, match="No other image has run"):
        roll_and_back(("old", 1), ("never healthy", BEGUN + 1), ("old", BEGUN + 2))


def test_only_the_pipeline_that_deploys_the_stacks_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = {"job": "site/deploy", "green": True, "in_role": True, "time": BEGUN + 1, "commit": "c"}
    monkeypatch.setattr(code.workflow, "last", lambda root: run)
    monkeypatch.setattr(code.subprocess, "run", lambda *words, **options: SimpleNamespace(returncode=0))
    room = room_of(root=tmp_path, git=lambda *words: "c\n")

    with pytest.raises(NotYetError) as refused:
        code.pipeline(room)
    assert refused.value.missing == "The last pipeline that ran was site/deploy, which does not deploy the stacks."
    assert "`sentiment learn --workflow infrastructure/deploy`" in refused.value.hint

    run["job"] = "infrastructure/deploy"
    assert code.pipeline(room).startswith("the pipeline is green")


class Scaling:
    """The lower bound of the service's scaling."""

    stage = "local"

    def __init__(self, least: int) -> None:
        self.least = least

    def client(self, _name: str) -> Scaling:
        return self

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - the name that boto3 has
        assert StackName == "sentiment-local-service"
        return {"Stacks": [{"Parameters": [{"ParameterKey": "MinTasks", "ParameterValue": str(self.least)}]}]}


def test_tasks_that_the_load_brought_are_not_the_learners() -> None:
    def checked(least: int, running_tasks: int, before: int = 1) -> str:
        room = room_of(cloud=Scaling(least), service=SimpleNamespace(running=running_tasks), before=before)
        return running.scaling(room)

    assert checked(3, 3) == "3 tasks share the requests"
    with pytest.raises(NotYetError, match="Without traffic, 1 of 3 tasks would run; the load has brought the others"):
        checked(1, 3)
    with pytest.raises(NotYetError, match=r"Without traffic, 1 of 3 tasks would run\."):
        checked(1, 1)
    with pytest.raises(NotYetError, match="2 of 3 tasks run"):
        checked(3, 2)
    with pytest.raises(NotYetError, match="The lower bound was already 3 tasks"):
        checked(3, 3, before=3)


def test_a_service_that_is_broken_does_not_sleep() -> None:
    def checked(desired: int) -> str:
        def ask(method: str, path: str, body: Any = None) -> Any:
            return SimpleNamespace(status=503 if path.endswith("getSentiment") else 200)

        return running.serverless(room_of(ask=ask, service=SimpleNamespace(desired=desired), before=1))

    assert checked(0).startswith("the tasks are asleep")
    with pytest.raises(NotYetError, match="not because the stage sleeps: the service wants 1 of its tasks to run"):
        checked(1)


def test_a_number_that_fits_one_text_by_chance_is_no_count() -> None:
    def checked(count: Any) -> str:
        def ask(method: str, path: str, body: Any = None) -> Any:
            return SimpleNamespace(status=200, json={"letters": count(body["review"])} if body else {})

        return code.microservices(room_of(ask=ask, before=None))

    assert checked(len) == "the service counts 16 letters, and the functions answer as before"
    with pytest.raises(NotYetError, match="It counts 16 letters in 'My dog died'"):
        checked(lambda text: 16)


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        ([("Allow", ["dynamodb:Scan"], ["arn"])], True),
        ([("Allow", "dynamodb:*", "*")], True),
        ([("Allow", ["dynamodb:scan"], "arn")], True),
        ([("Allow", ["dynamodb:Scan"], ["another"])], False),
        ([("Allow", ["dynamodb:GetItem"], ["arn"])], False),
        ([("Allow", ["dynamodb:Scan"], ["arn"]), ("Deny", "dynamodb:Scan", "*")], False),
        ([], False),
    ],
)
def test_a_role_may_scan_what_its_statements_say(statements: list[tuple[str, Any, Any]], may: bool) -> None:
    found = [{"Effect": effect, "Action": action, "Resource": on} for effect, action, on in statements]
    policy = {"PolicyDocument": {"Statement": found}}
    cloud = SimpleNamespace(client=lambda name: SimpleNamespace(get_role_policy=lambda **names: policy))
    room = room_of(cloud=cloud, outputs={"CountsTableArn": "arn"}, resource=lambda stack, name: "role")

    assert code.may_scan(room) is may


def test_a_function_that_fails_says_where_its_error_is() -> None:
    answer = SimpleNamespace(status=500, json={"status": 500})

    with pytest.raises(NotYetError) as refused:
        code.function(room_of(ask=lambda method, path: answer))
    assert "`sentiment logs --stage local` has the error, in the lines of api-stats" in refused.value.missing
