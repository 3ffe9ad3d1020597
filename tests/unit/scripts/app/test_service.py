"""Waiting for the ECS service: steady, failed by the circuit breaker, never ending; against recorded answers."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from scripts.app import service
from scripts.stage.errors import InterruptedDeployError, ServiceError
from scripts.stage.interrupt import Interrupt
from tests.unit.scripts.stubs import Recorder

FAMILY = "arn:aws:ecs:eu-central-1:123456789012:task-definition/sentiment-dev"


def deployment(revision, status="PRIMARY", rollout="COMPLETED", running=1, pending=0):
    return {
        "id": f"ecs-svc/{revision}",
        "status": status,
        "taskDefinition": f"{FAMILY}:{revision}",
        "desiredCount": 1,
        "runningCount": running,
        "pendingCount": pending,
        "rolloutState": rollout,
        "rolloutStateReason": f"why {rollout}",
    }


@pytest.fixture
def ecs(cloud):
    stub = cloud.stub("ecs")

    def answer(*deployments, desired=1):
        found = {
            "serviceName": "s",
            "status": "ACTIVE",
            "taskDefinition": deployments[0]["taskDefinition"],
            "desiredCount": desired,
            "deployments": list(deployments),
            "events": [],
        }
        stub.add_response("describe_services", {"services": [found]}, {"cluster": "c", "services": ["s"]})

    return answer


def test_a_service_is_ended_once_its_tasks_are_gone(cloud, ecs):
    cloud.stub("ecs").add_response("update_service", {}, {"cluster": "c", "service": "s", "desiredCount": 0})
    ecs(deployment(2), desired=0)
    ecs(deployment(2, running=0, pending=1), desired=0)
    ecs(deployment(2, running=0), deployment(1, "ACTIVE"), desired=0)
    ecs(deployment(2, running=0), desired=0)
    service.end(cloud, "c", "s", Interrupt())


@pytest.mark.parametrize("code", ["ServiceNotFoundException", "ServiceNotActiveException"])
def test_a_service_that_is_gone_is_ended(cloud, code):
    cloud.stub("ecs").add_client_error("update_service", code)
    service.end(cloud, "c", "s", Interrupt())


def test_a_service_that_goes_meanwhile_is_ended(cloud):
    cloud.stub("ecs").add_response("update_service", {})
    cloud.stub("ecs").add_response("describe_services", {"services": []})
    service.end(cloud, "c", "s", Interrupt())


def test_a_service_that_may_not_be_ended_is_an_error(cloud):
    cloud.stub("ecs").add_client_error("update_service", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        service.end(cloud, "c", "s", Interrupt())


def wait(cloud, before=None, reporter=None, interrupt=None):
    return service.wait_until_steady(cloud, "c", "s", reporter or Recorder(), interrupt or Interrupt(), before)


def test_it_waits_until_the_new_tasks_run_and_the_old_are_gone(cloud, ecs, reporter):
    ecs(deployment(2, rollout="IN_PROGRESS", running=0, pending=1), deployment(1, "ACTIVE"))
    ecs(deployment(2, rollout="COMPLETED"), deployment(1, "ACTIVE"))
    ecs(deployment(2))

    assert wait(cloud, reporter=reporter).revision == "sentiment-dev:2"
    assert reporter.said == [("service", "working"), ("service", "working")]


def test_a_completed_deployment_with_too_few_tasks_is_not_steady(cloud, ecs):
    ecs(deployment(1, running=0))
    ecs(deployment(1))
    assert wait(cloud).steady


def test_the_circuit_breaker_is_told_with_the_reason_of_the_task_that_stopped(cloud, ecs):
    ecs(deployment(1, rollout="IN_PROGRESS"), deployment(2, "ACTIVE", "FAILED", running=0))
    stub = cloud.stub("ecs")
    stub.add_response("list_tasks", {"taskArns": ["t1"], "nextToken": "n"})
    stub.add_response("list_tasks", {"taskArns": ["t2"]})
    stub.add_response(
        "describe_tasks",
        {
            "tasks": [
                stopped("t1", 2, "Essential container in task exited", 1, minute=1),
                stopped("t2", 1, "Scaling down", 0, minute=2),
            ]
        },
        {"cluster": "c", "tasks": ["t1", "t2"]},
    )

    with pytest.raises(ServiceError) as raised:
        wait(cloud)
    assert "sentiment-dev:2 failed: why FAILED" in str(raised.value)
    assert "Essential container in task exited; out of memory; exit code 1" in str(raised.value)
    assert "logs --stage dev" in raised.value.next_step


def test_of_tasks_that_stopped_in_one_second_the_crash_is_told(cloud):
    stub = cloud.stub("ecs")
    stub.add_response("list_tasks", {"taskArns": ["t1", "t2"]})
    told = stopped("t1", 1, "Scaling down", 0, minute=1, code="ServiceSchedulerInitiated")
    crashed = stopped("t2", 2, "Essential container in task exited", 137, minute=1, code="EssentialContainerExited")
    stub.add_response("describe_tasks", {"tasks": [told, crashed]})
    assert service.why_stopped(cloud, "c", "s").endswith("exit code 137")


def test_a_failure_of_an_earlier_deployment_is_not_this_ones(cloud, ecs):
    ecs(deployment(1), deployment(2, "ACTIVE", "FAILED", running=0))
    before = service.describe(cloud, "c", "s")
    ecs(deployment(3), deployment(2, "ACTIVE", "FAILED", running=0))
    assert wait(cloud, before).revision == "sentiment-dev:3"


def test_a_service_that_never_gets_steady_is_given_up(cloud, ecs, monkeypatch):
    monkeypatch.setattr(cloud, "steady_seconds", -1.0)
    ecs(deployment(1, running=0, rollout="IN_PROGRESS"))
    cloud.stub("ecs").add_response("list_tasks", {"taskArns": []})
    with pytest.raises(ServiceError, match="still not steady: sentiment-dev:1: 0 of 1 tasks run"):
        wait(cloud)


def test_a_service_that_ecs_alone_rolled_back_is_rolled_out_to_its_stacks_revision_again(cloud, ecs):
    ecs(deployment(1))
    state = service.describe(cloud, "c", "s")
    cloud.stub("ecs").add_response(
        "update_service", {}, {"cluster": "c", "service": "s", "taskDefinition": f"{FAMILY}:2"}
    )
    words = service.restore_revision(cloud, "c", "s", state, f"{FAMILY}:2")
    assert words == (
        "the service runs sentiment-dev:1, but its stack says sentiment-dev:2: rolling out sentiment-dev:2 again"
    )
    assert service.restore_revision(cloud, "c", "s", state, f"{FAMILY}:1") == ""


def test_a_service_that_wants_too_few_tasks_is_lifted_to_its_least(cloud, ecs):
    ecs(deployment(1), desired=0)
    state = service.describe(cloud, "c", "s")
    cloud.stub("ecs").add_response("update_service", {}, {"cluster": "c", "service": "s", "desiredCount": 2})
    assert service.at_least(cloud, "c", "s", state, 2)
    assert not service.at_least(cloud, "c", "s", state, 0)


def test_leaving_leaves(cloud, ecs):
    ecs(deployment(1, running=0, rollout="IN_PROGRESS"))
    interrupt = Interrupt()
    interrupt.press()
    interrupt.press()
    with pytest.raises(InterruptedDeployError):
        wait(cloud, interrupt=interrupt)


def test_no_service_is_an_error_with_the_way_to_one(cloud):
    cloud.stub("ecs").add_response("describe_services", {"services": [], "failures": [{"reason": "MISSING"}]})
    with pytest.raises(ServiceError, match="no service s") as raised:
        service.describe(cloud, "c", "s")
    assert "deploy --stage dev" in raised.value.next_step


def stopped(arn, revision, reason, exit_code, minute, code="EssentialContainerExited"):
    return {
        "stopCode": code,
        "taskArn": arn,
        "taskDefinitionArn": f"{FAMILY}:{revision}",
        "stoppedReason": reason,
        "stoppedAt": datetime(2026, 1, 1, 12, minute, tzinfo=UTC),
        "containers": [{"name": "rnn", "reason": "out of memory", "exitCode": exit_code}],
    }
