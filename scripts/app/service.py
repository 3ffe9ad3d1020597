"""The ECS service: what runs, and waiting until a rolling deployment has ended.

A rolling deployment goes through the service stack's ImageUri parameter: CloudFormation registers the task-definition
revision and updates the service, so that stack and service never drift apart. This module
handles what follows: ECS starts, checks and drains tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generator import catalogue
from scripts.stage.errors import ServiceError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud

# ECS's stop codes of tasks that stopped by themselves.
STOPPED_BY_ITSELF = frozenset({"EssentialContainerExited", "TaskFailedToStart"})


@dataclass(frozen=True)
class ServiceState:
    """A service as ECS describes it, reduced to what is used here.

    Attributes:
        task_definition: ARN of the revision that the service wants.
        desired: how many tasks it should have.
        running: how many of the wanted revision run.
        pending: how many of it are starting.
        draining: how many tasks of other revisions are still there.
        rollout: ``IN_PROGRESS``, ``COMPLETED`` or ``FAILED``.
        failed: deployments that the circuit breaker ended, as (id, revision's ARN, reason).
    """

    task_definition: str
    desired: int
    running: int
    pending: int
    draining: int
    rollout: str
    failed: tuple[tuple[str, str, str], ...]

    @property
    def revision(self) -> str:
        """Family and revision, such as ``sentiment-dev:7``."""
        return self.task_definition.rsplit("/", 1)[-1]

    @property
    def steady(self) -> bool:
        """Whether it is as it should be, with no change in progress."""
        return self.rollout == "COMPLETED" and self.running == self.desired and not self.pending and not self.draining

    @property
    def progress(self) -> str:
        """Its progress, in words."""
        parts = [f"{self.running} of {self.desired} tasks run"]
        if self.pending:
            parts.append(f"{self.pending} starting")
        if self.draining:
            parts.append(f"{self.draining} old tasks still draining")
        return f"{self.revision}: " + ", ".join(parts)


def describe(cloud: Cloud, cluster: str, service: str) -> ServiceState:
    """The service as it is.

    Raises:
        ServiceError: there is no such service.
    """
    found = cloud.client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise ServiceError(
            f"There is no service {service} in {cluster}.",
            f"`sentiment deploy --stage {cloud.stage}` creates it.",
        )
    return _state(found[0])


def at_least(cloud: Cloud, cluster: str, service: str, state: ServiceState, tasks: int) -> bool:
    """Set the service's desired count to at least that many tasks.

    Scaling keeps to its bounds, but does not raise a service that was asleep to them at once.

    Args:
        cloud: where.
        cluster: the cluster's name.
        service: the service's name.
        state: the service as it is.
        tasks: how many.

    Returns:
        Whether its desired count was lower.
    """
    if state.desired >= tasks:
        return False
    cloud.client("ecs").update_service(cluster=cluster, service=service, desiredCount=tasks)
    return True


def restore_revision(cloud: Cloud, cluster: str, service: str, state: ServiceState, wanted: str) -> str:
    """Set the service back to a revision after ECS has rolled it back to another by itself.

    ECS does that without telling the stack, which still reports its own revision as deployed.

    Args:
        cloud: where.
        cluster: the cluster's name.
        service: the service's name.
        state: the service as it is.
        wanted: ARN of the revision that the stack has.

    Returns:
        What happened, in words; "" if the service has that revision.
    """
    if state.task_definition == wanted:
        return ""
    cloud.client("ecs").update_service(cluster=cluster, service=service, taskDefinition=wanted)
    name = wanted.rsplit("/", 1)[-1]
    return f"the service runs {state.revision}, but its stack says {name}: rolling out {name} again"


def wait_until_steady(
    cloud: Cloud,
    cluster: str,
    service: str,
    reporter: Reporter,
    interrupt: Interrupt,
    before: ServiceState | None = None,
) -> ServiceState:
    """Wait until the service is steady.

    Args:
        cloud: where.
        cluster: the cluster's name.
        service: the service's name.
        reporter: told of progress.
        interrupt: Ctrl-C.
        before: the service before the change; its failed deployments are not this one's.

    Returns:
        The steady service.

    Raises:
        ServiceError: the circuit breaker ended the deployment, or it does not finish in time.
        InterruptedDeployError: Ctrl-C, twice.
    """
    known_failures = {identity for identity, _, _ in before.failed} if before else set()
    said = ""
    waited = 0.0
    while True:
        state = describe(cloud, cluster, service)
        for identity, revision, reason in state.failed:
            if identity not in known_failures:
                raise _failed(cloud, cluster, service, revision, reason)
        if state.steady:
            return state
        if state.progress != said:
            said = state.progress
            reporter.stack("service", "working", said)
        if waited > cloud.steady_seconds:
            raise _failed(cloud, cluster, service, state.task_definition, f"it is still not steady: {state.progress}")
        interrupt.sleep(cloud.poll_seconds)
        waited += cloud.poll_seconds


def end(cloud: Cloud, cluster: str, service: str, interrupt: Interrupt) -> None:
    """Let a service's tasks answer what they have begun, and end them. The service itself stays, without a task.

    One that is gone has none: somebody has deleted it, or an update that went on after its command was killed.

    Args:
        cloud: where.
        cluster: the cluster's name.
        service: the service's name.
        interrupt: Ctrl-C.

    Raises:
        InterruptedDeployError: Ctrl-C, twice.
    """
    client, waited = cloud.client("ecs"), 0.0
    try:
        client.update_service(cluster=cluster, service=service, desiredCount=0)
        while waited <= cloud.steady_seconds:  # a task that ECS cannot end must keep nobody waiting for longer
            state = describe(cloud, cluster, service)
            if not (state.running or state.pending or state.draining):
                return
            interrupt.sleep(cloud.poll_seconds)
            waited += cloud.poll_seconds
    except (client.exceptions.ServiceNotFoundException, client.exceptions.ServiceNotActiveException, ServiceError):
        return


def why_stopped(cloud: Cloud, cluster: str, service: str, revision: str = "") -> str:
    """Why the service's last task stopped, in ECS's and the container's words; "" when none did.

    Args:
        cloud: where.
        cluster: the cluster's name.
        service: the service's name.
        revision: ARN of a task definition; "" for any.
    """
    client = cloud.client("ecs")
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus="STOPPED")
    arns = [arn for page in pages for arn in page["taskArns"]]
    tasks: list[dict[str, Any]] = []
    for start in range(0, len(arns), 100):  # as many as describe_tasks takes
        tasks += client.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    tasks = [task for task in tasks if revision in {"", task["taskDefinitionArn"]} and task.get("stoppedReason")]
    if not tasks:
        return ""
    # Times may be whole seconds: of two tasks that stopped in the same one, prefer the one that stopped by itself.
    last = max(tasks, key=lambda task: (str(task.get("stoppedAt", "")), task.get("stopCode") in STOPPED_BY_ITSELF))
    container: dict[str, Any] = next(
        (entry for entry in last["containers"] if entry["name"] == catalogue.CONTAINER_NAME), {}
    )
    details = [last["stoppedReason"]]
    if container.get("reason"):
        details.append(container["reason"])
    if container.get("exitCode") is not None:
        details.append(f"exit code {container['exitCode']}")
    return "; ".join(details)


def _failed(cloud: Cloud, cluster: str, service: str, revision: str, reason: str) -> ServiceError:
    stopped = why_stopped(cloud, cluster, service, revision)
    name = revision.rsplit("/", 1)[-1]
    return ServiceError(
        f"The deployment of {name} failed: {reason}" + (f" Its last task stopped: {stopped}." if stopped else ""),
        f"`sentiment logs --stage {cloud.stage}` shows what its tasks logged; fix the cause and deploy again.",
    )


def _state(raw: dict[str, Any]) -> ServiceState:
    deployments = raw.get("deployments", [])
    primary: dict[str, Any] = next((entry for entry in deployments if entry["status"] == "PRIMARY"), {})
    others = [entry for entry in deployments if entry is not primary]
    failed = [entry for entry in deployments if entry.get("rolloutState") == "FAILED"]
    return ServiceState(
        task_definition=raw["taskDefinition"],
        desired=raw["desiredCount"],
        running=primary.get("runningCount", 0),
        pending=primary.get("pendingCount", 0),
        draining=sum(entry.get("runningCount", 0) + entry.get("pendingCount", 0) for entry in others),
        rollout=primary.get("rolloutState", "COMPLETED"),
        failed=tuple(
            (entry["id"], entry["taskDefinition"], entry.get("rolloutStateReason", "no reason given"))
            for entry in failed
        ),
    )
