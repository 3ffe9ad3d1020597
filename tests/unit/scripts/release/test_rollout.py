"""The service while its stack is brought up: waited for, explained, lifted, and asked about no more than needed."""

import pytest

from generator import catalogue
from scripts.cloudformation.apply import Outcome
from scripts.cloudformation.plan import Step
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import parse
from scripts.release.rollout import Rollout
from scripts.stage.errors import ServiceError, StackFailedError
from tests.unit.scripts.app.test_service import FAMILY, deployment, ecs, stopped
from tests.unit.scripts.stubs import STACK_ID, TEMPLATE

__all__ = ["ecs"]
NAME = "sentiment-dev-service"
OUTPUTS = {"ServiceName": "s"}


@pytest.fixture
def rollout(work):
    def make(found=True):
        step = Step(parse("service", TEMPLATE), NAME, {}, {})
        state = StackState(NAME, STACK_ID, "UPDATE_COMPLETE", outputs=OUTPUTS) if found else None
        declared = catalogue.stack("service").service
        assert declared
        return Rollout(work, step, declared, state, {"ClusterName": "c"})

    return make


def outputs(number):
    """The stack's outputs, with the revision that it has."""
    return {**OUTPUTS, "TaskDefinitionArn": f"{FAMILY}:{number}"}


def test_a_steady_service_of_an_unchanged_stack_is_asked_about_once(rollout, ecs):
    ecs(deployment(1))
    assert "1 of 1 tasks run" in rollout().finish(Outcome(outputs(1), changed=False), {})


def test_a_changed_stack_is_waited_for(rollout, ecs):
    ecs(deployment(1))
    ecs(deployment(2, rollout="IN_PROGRESS", running=0, pending=1))
    ecs(deployment(2))
    assert rollout().finish(Outcome(outputs(2), changed=True), {}).startswith("sentiment-dev:2")


def test_a_new_service_is_waited_for(rollout, ecs):
    made = rollout(found=False)
    ecs(deployment(1))
    ecs(deployment(1))
    assert made.finish(Outcome(outputs(1), changed=True), {"MinTasks": "1"}).startswith("sentiment-dev:1")


def test_a_service_that_ecs_rolled_back_and_that_sleeps_is_put_right(rollout, ecs, cloud, reporter):
    ecs(deployment(1, running=0), desired=0)
    made = rollout()
    stub = cloud.stub("ecs")
    stub.add_response("update_service", {}, {"cluster": "c", "service": "s", "desiredCount": 1})
    stub.add_response("update_service", {}, {"cluster": "c", "service": "s", "taskDefinition": f"{FAMILY}:2"})
    ecs(deployment(2))
    assert made.finish(Outcome(outputs(2), changed=False), {"MinTasks": "1"}).startswith("sentiment-dev:2")
    assert any("rolling out sentiment-dev:2 again" in str(said) for said in reporter.said)


def test_a_stack_from_before_it_told_its_revision_is_not_asked_for_it(rollout, ecs):
    ecs(deployment(1))
    assert rollout().finish(Outcome(OUTPUTS, changed=False), {}).startswith("sentiment-dev:1")


def test_a_service_that_does_not_get_steady_is_shown_as_failed(rollout, ecs, cloud, reporter):
    ecs(deployment(1))
    ecs(deployment(1), deployment(2, "ACTIVE", "FAILED", running=0))
    ecs(deployment(1), deployment(2, "ACTIVE", "FAILED", running=0))
    cloud.stub("ecs").add_response("list_tasks", {"taskArns": []})
    with pytest.raises(ServiceError, match="sentiment-dev:2 failed: why FAILED"):
        rollout().finish(Outcome(outputs(1), changed=True), {})
    assert reporter.said[-1] == ("service", "failed")


def test_why_tasks_stopped_is_told_where_cloudformation_does_not(rollout, answers, ecs, cloud):
    ecs(deployment(1))
    made = rollout()
    answers.stack("UPDATE_ROLLBACK_COMPLETE", outputs=OUTPUTS)
    stub = cloud.stub("ecs")
    stub.add_response("list_tasks", {"taskArns": ["t1"]})
    stub.add_response("describe_tasks", {"tasks": [stopped("t1", 2, "CannotPullContainerError: no such image", 1, 1)]})
    error = made.explain(StackFailedError("ECS Deployment Circuit Breaker was triggered", "what to do"))
    assert "was triggered\nIts last task stopped: CannotPullContainerError: no such image" in error.message
    assert error.next_step == "what to do"
