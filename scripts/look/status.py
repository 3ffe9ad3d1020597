"""What of a stage runs where: stacks, model, revision, tasks, instances, targets, deployments. Read-only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from generator.catalogue import CANARY
from scripts.app import service, throttle
from scripts.app.page import api_url
from scripts.cloudformation import stacks
from scripts.look.logs import TASK_DIGITS
from scripts.release import smoke
from scripts.stage import history, lock, recording
from scripts.stage.errors import DeployError, SmokeTestError
from scripts.stage.lock import Held
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

COMPARING = {"roll", "promote"}  # commands that may have a canary


@dataclass(frozen=True)
class Task:
    """One task of the service."""

    id: str
    revision: str
    status: str
    health: str
    instance: str
    started: str

    @property
    def text(self) -> str:
        """The task in a line."""
        state = self.status if self.health in {"", "UNKNOWN"} else f"{self.status} {self.health}"
        return f"{self.id[:TASK_DIGITS]}  {self.revision}  {state}  on {self.instance}, since {self.started}"


@dataclass(frozen=True)
class Status:
    """A stage at this moment.

    Attributes:
        stage: its name.
        stacks: status of each stack, by name.
        revision: the task definition that the service wants, such as ``sentiment-dev-rnn:7``.
        image: the image of that revision.
        model: the revision that answers a visitor, or why none does.
        rollout: state of the last deployment.
        desired: how many tasks should run.
        tasks: the running ones.
        instances: status of each instance of the cluster, by id.
        stopped: why the last task stopped, in ECS's and the container's words; "" if none stopped lately.
        targets: health of each target of the load balancer, by ``id:port``.
        deployments: what ECS reports about the last ones, newest first, a line each.
        images: those that worked, newest first; ``rollback`` goes to the second.
        events: the service's last messages, newest first.
        recording: whether judgements are recorded; a restore stops that for a while.
        canary: image of the canary beside the tasks, "" for none.
        lock: who is changing the stage, or was killed while doing so; None for nobody.
        closed: why the API is closed, "" while it is open.
    """

    stage: str
    stacks: dict[str, str]
    revision: str
    image: str
    model: str
    rollout: str
    desired: int
    tasks: list[Task]
    stopped: str
    instances: dict[str, str]
    targets: dict[str, str]
    deployments: list[str]
    images: list[str]
    events: list[str]
    recording: bool = True
    canary: str = ""
    lock: Held | None = None
    closed: str = ""

    @property
    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)

    @property
    def text(self) -> str:
        """All of it for people."""
        lines = ["Stacks", *_rows(self.stacks)]
        lines += ["", f"Service: {self.revision}, {self.rollout}, {len(self.tasks)} of {self.desired} tasks"]
        lines += [f"  model {self.model}", f"  image {self.image}"]
        lines += [f"  task {task.text}" for task in self.tasks]
        lines += [f"  Last stopped task: {self.stopped}"] if self.stopped else []
        lines += [f"  Canary {self.canary}: {self._why_canary}"] if self.canary else []
        if self.lock:
            left = "The command was killed; the next one takes over the lock."
            lines.append(f"  Lock: {self.lock.by}.{f' {left}' if self.lock.left else ''}")
        if self.closed:
            lines.append(f"  The API is closed, and answers 429: {self.closed}. `wake` opens it again.")
        if not self.recording:
            lines.append("  Judgements are not recorded: `restore` is running, or was killed and must be run again.")
        lines += ["", "Instances", *_rows(self.instances), "", "Targets of the load balancer", *_rows(self.targets)]
        for title, found in {
            "Last deployments": self.deployments,
            "Images that worked, newest first": self.images,
            "Last events": self.events,
        }.items():
            lines += ["", title, *(f"  {entry}" for entry in found or ["none"])]
        return "\n".join(lines)

    @property
    def _why_canary(self) -> str:
        """Why there is a canary."""
        if self.lock and self.lock.command in COMPARING and not self.lock.left:
            return "it is being compared"
        return f"its command was killed; `sentiment roll --stage {self.stage} --image {self.image}` removes it"


def look(cloud: Cloud, settings: Settings, public_url: str | None = None) -> Status:
    """Collect everything, and ask the API for one prediction.

    Args:
        cloud: the stage.
        settings: its settings.
        public_url: the page's address; None for the one in the stacks' outputs.

    Raises:
        DeployError: nothing is deployed.
    """
    states = stacks.of_stage(cloud)
    outputs = stacks.outputs_of(cloud.stage, states)
    if "ServiceName" not in outputs:
        raise DeployError(
            f"No service of stage {cloud.stage} is deployed here.",
            f"`sentiment deploy --stage {cloud.stage}` deploys everything.",
        )
    ecs, cluster = cloud.client("ecs"), outputs["ClusterName"]
    found = ecs.describe_services(cluster=cluster, services=[outputs["ServiceName"]])["services"][0]
    state = service.describe(cloud, cluster, outputs["ServiceName"])
    definition = ecs.describe_task_definition(taskDefinition=state.task_definition)["taskDefinition"]
    instances = _instances(ecs, cluster)
    names = {arn: str(entry["ec2InstanceId"]) for arn, entry in instances.items()}
    return Status(
        stage=cloud.stage,
        stacks={entry.name: entry.status for entry in states},
        revision=state.revision,
        image=definition["containerDefinitions"][0]["image"],
        model=_model(state, public_url or outputs.get("SiteUrl", ""), outputs, settings),
        rollout=state.rollout,
        desired=state.desired,
        tasks=_tasks(ecs, cluster, outputs["ServiceName"], names),
        stopped=service.why_stopped(cloud, cluster, outputs["ServiceName"]),
        instances={
            names[arn]: f"{entry['status']}, {entry['runningTasksCount']} tasks" for arn, entry in instances.items()
        },
        targets=_targets(cloud, found),
        deployments=[_deployment(entry) for entry in found.get("deployments", [])],
        images=history.images(cloud),
        events=[entry["message"] for entry in found.get("events", [])[:5]],
        recording=recording.left_off(cloud) is None,
        canary=next(filter(None, (entry.parameters.get(CANARY.image) for entry in states)), ""),
        lock=lock.look(cloud),
        closed=_closed(cloud, outputs),
    )


def _rows(entries: dict[str, str]) -> list[str]:
    width = max(map(len, entries), default=0)
    return [f"  {name:{width}}  {value}" for name, value in sorted(entries.items())] or ["  none"]


def _model(state: service.ServiceState, url: str, outputs: dict[str, str], settings: Settings) -> str:
    if state.desired == 0:
        return "none: the service is asleep (`wake` starts it)"
    try:
        return smoke.served_model(url, api_url(settings, outputs), timeout=0)
    except (KeyError, SmokeTestError) as error:  # without the api or the site stack there is nothing to ask
        return f"none answers: {error}"


def _closed(cloud: Cloud, outputs: dict[str, str]) -> str:
    if not throttle.is_closed(cloud, outputs):
        return ""
    return throttle.reason(cloud) or "its throttle is zero"


def _deployment(raw: dict[str, Any]) -> str:
    revision = raw["taskDefinition"].rsplit("/", 1)[-1]
    tasks = f"{raw.get('runningCount', 0)} of {raw.get('desiredCount', 0)} tasks"
    words = f"{revision}  {raw.get('rolloutState', raw['status'])}, {tasks}, since {_when(raw.get('createdAt'))}"
    return f"{words}: {raw['rolloutStateReason']}" if raw.get("rolloutStateReason") else words


def _when(moment: datetime | None) -> str:
    """A time as the logs have it: boto3 gives it in this machine's zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "never yet"


def _tasks(ecs: Any, cluster: str, name: str, instances: dict[str, str]) -> list[Task]:
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name)
    arns = [arn for page in pages for arn in page["taskArns"]]
    found: list[dict[str, Any]] = []
    for start in range(0, len(arns), 100):  # as many as describe_tasks takes
        found += ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    return [
        Task(
            id=task["taskArn"].rsplit("/", 1)[-1],
            revision=task["taskDefinitionArn"].rsplit("/", 1)[-1],
            status=task.get("lastStatus", ""),
            health=task.get("healthStatus", ""),
            instance=instances.get(task.get("containerInstanceArn", ""), "no instance yet"),
            started=_when(task.get("startedAt")),
        )
        for task in found
    ]


def _instances(ecs: Any, cluster: str) -> dict[str, dict[str, Any]]:
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    found: list[dict[str, Any]] = []
    for start in range(0, len(arns), 100):
        batch = arns[start : start + 100]
        found += ecs.describe_container_instances(cluster=cluster, containerInstances=batch)["containerInstances"]
    return {entry["containerInstanceArn"]: entry for entry in found}


def _targets(cloud: Cloud, found: dict[str, Any]) -> dict[str, str]:
    targets = {}
    for balancer in found.get("loadBalancers", []):
        answer = cloud.client("elbv2").describe_target_health(TargetGroupArn=balancer["targetGroupArn"])
        for entry in answer["TargetHealthDescriptions"]:
            health = entry["TargetHealth"]
            words = " ".join(filter(None, [health["State"], health.get("Description", "")]))
            targets[f"{entry['Target']['Id']}:{entry['Target'].get('Port', '')}"] = words
    return targets
