"""Auto Scaling groups have instances, clusters show them, and tasks wait until one has room for them.

The instances are made up; what follows from their room is decided by ``scripts.local.placement``. Kept are the
emulator's own records: an instance in its group's, and with each task the one that it is on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response, new_uuid, request_scope
from ministack.services import autoscaling, ec2, ecs
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Made, Properties
from scripts.local.placement import Instance, ManagedScaling, Room, place, room_of
from scripts.local.scaler import MINUTE

GROUP = "AWS::AutoScaling::AutoScalingGroup"
BOOTS_FOR = MINUTE  # about as long as it takes on AWS until an instance has joined its cluster
LOOK_AGAIN = 0.05  # seconds, of a task that waits for room
PENDING, IN_SERVICE, TERMINATING = "Pending", "InService", "Terminating"

Record = dict[str, Any]  # the emulator's

log = logging.getLogger(__name__)


class Instances:
    """The instances of all groups."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # over who is placed where
        self._waiting: dict[str, tuple[str, Room]] = {}  # task -> its cluster, what it needs
        self._scaling: dict[str, ManagedScaling] = {}  # by capacity provider
        self._scope: tuple[str, str] | None = None  # account and region

    def register(self) -> None:
        """Put them into the emulator, and start to act."""
        handler = provisioners._RESOURCE_HANDLERS[GROUP]
        self._create, self._update = handler["create"], handler["update"]
        self._run = ecs._run_task_worker
        provisioners._RESOURCE_HANDLERS[GROUP] = {**handler, "create": self._create_group, "update": self._update_group}
        autoscaling._reconcile_instances = self._reconcile
        autoscaling._ACTION_MAP["SetInstanceProtection"] = self._protect
        ecs._run_task_worker = self._place_and_run
        ecs._ACTION_MAP["ListContainerInstances"] = self._list
        ecs._ACTION_MAP["DescribeContainerInstances"] = self._describe
        threading.Thread(target=self._act_for_ever, name="instances", daemon=True).start()

    # --- Auto Scaling --------------------------------------------------------------------------------------------

    def _create_group(self, logical_id: str, properties: Properties, stack: str) -> Made:
        _check_bounds(properties)
        made: Made = self._create(logical_id, properties, stack)
        self._scope = get_account_id(), get_region()
        group = autoscaling._asgs[made[0]]
        self._reconcile(group)
        for each in group["Instances"]:  # a laptop's start need not wait for what only seems to boot
            each["LifecycleState"] = IN_SERVICE
        return made

    def _update_group(self, physical_id: str, old: Properties, new: Properties, stack: str, *more: Any) -> Made:
        _check_bounds(new)
        wanted = autoscaling._asgs[physical_id]["DesiredCapacity"]
        made: Made = self._update(physical_id, old, new, stack, *more)
        group = autoscaling._asgs[made[0]]
        if "DesiredCapacity" not in new:  # what scaling has set stays, within the bounds
            group["DesiredCapacity"] = wanted
        self._reconcile(group)
        return made

    def _reconcile(self, group: Record) -> None:
        """Start as many instances as a group wants, and end those that are too many and not protected."""
        with self._lock:
            group["DesiredCapacity"] = max(group["MinSize"], min(group["MaxSize"], group["DesiredCapacity"]))
            lasting = [each for each in group["Instances"] if each["LifecycleState"] != TERMINATING]
            zones = group["AvailabilityZones"]
            for number in range(len(lasting), group["DesiredCapacity"]):
                group["Instances"].append(_new_instance(group, zones[number % len(zones)]))
            surplus = len(lasting) - group["DesiredCapacity"]
            unprotected = [each for each in reversed(lasting) if not each["ProtectedFromScaleIn"]]
            for each in unprotected[: max(0, surplus)]:
                each["LifecycleState"] = TERMINATING

    def _protect(self, parameters: Record) -> Any:
        group = autoscaling._asgs.get(autoscaling._p(parameters, "AutoScalingGroupName"))
        if group is None:
            return autoscaling._error("ValidationError", "AutoScalingGroup name not found - null")
        ids = autoscaling._parse_member_list(parameters, "InstanceIds")
        for each in group["Instances"]:
            if each["InstanceId"] in ids:
                each["ProtectedFromScaleIn"] = autoscaling._p(parameters, "ProtectedFromScaleIn") == "true"
        return autoscaling._xml(200, "SetInstanceProtectionResponse", "<SetInstanceProtectionResult/>")

    # --- ECS -----------------------------------------------------------------------------------------------------

    def _place_and_run(self, task: Record, definition: Record, *more: Any) -> None:
        *_, account, region = more
        with request_scope(account, region):
            placed = self._wait_for_room(task, definition)
        if placed:
            self._run(task, definition, *more)

    def _wait_for_room(self, task: Record, definition: Record) -> bool:
        """Put a task on an instance as soon as one has room; false when it was stopped before.

        Until then its status is PROVISIONING, as on AWS.
        """
        arn, cluster, need = task["taskArn"], _name(task["clusterArn"]), _need(definition)
        task["containerInstanceArn"] = None
        try:
            while ecs._task_is_active(arn, task):
                with self._lock:
                    group = _group_of(cluster)
                    if group is None:
                        return True  # of a cluster without instances; the engine is all there is
                    found = place(need, list(_open(cluster, group)))
                    if found is not None:
                        task["containerInstanceArn"] = _arn(cluster, found.id)
                        task["availabilityZone"] = found.zone
                        task["_need"] = need
                        return True
                    self._waiting[arn] = cluster, need
                time.sleep(LOOK_AGAIN)
            return False
        finally:
            self._waiting.pop(arn, None)

    def _list(self, data: Record) -> Any:
        cluster = _name(data.get("cluster", "default"))
        return json_response({"containerInstanceArns": [each["containerInstanceArn"] for each in _shown(cluster)]})

    def _describe(self, data: Record) -> Any:
        wanted = {_name(each) for each in data.get("containerInstances", [])}
        shown = _shown(_name(data.get("cluster", "default")))
        found = [each for each in shown if _name(each["containerInstanceArn"]) in wanted]
        return json_response({"containerInstances": found, "failures": []})

    # --- acting --------------------------------------------------------------------------------------------------

    def _act_for_ever(self) -> None:
        while True:
            time.sleep(MINUTE)
            if self._scope is None:
                continue
            try:
                with request_scope(*self._scope), self._lock:
                    for name in list(ecs._clusters):
                        self._act(name)
            except Exception:  # of a cluster that is just being deleted, say; the next minute comes
                log.exception("instances were not scaled")

    def _act(self, cluster: str) -> None:
        """One measurement of a cluster's capacity, and what follows from it."""
        group = _group_of(cluster)
        if group is None:
            return
        group["Instances"][:] = [each for each in group["Instances"] if each["LifecycleState"] != TERMINATING]
        provider = ecs._clusters[cluster]["capacityProviders"][0]
        managed = ecs._capacity_providers[provider]["autoScalingGroupProvider"]["managedScaling"]
        scaling = self._scaling.setdefault(provider, ManagedScaling(_room(group)))
        scaling.room, scaling.most_at_once = _room(group), int(managed["maximumScalingStepSize"])
        busy = [each for each in group["Instances"] if _tasks_on(cluster, each["InstanceId"])]
        waiting = [need for where, need in self._waiting.values() if where == cluster]
        wanted = scaling.decide(len(busy), len(group["Instances"]), waiting, group["MinSize"], group["MaxSize"])
        for each in group["Instances"]:  # managed termination protection: whatever runs a task
            each["ProtectedFromScaleIn"] = each in busy or wanted >= len(group["Instances"])
        group["DesiredCapacity"] = wanted
        self._reconcile(group)


def _check_bounds(properties: Properties) -> None:
    least, most = int(properties["MinSize"]), int(properties["MaxSize"])
    if least > most:
        raise ValueError(f"Max bound, {most}, must be greater than or equal to min bound, {least}")


def _new_instance(group: Record, zone: str) -> Record:
    return {
        "InstanceId": f"i-{new_uuid().replace('-', '')[:17]}",
        "LifecycleState": PENDING,
        "HealthStatus": "Healthy",
        "AvailabilityZone": zone,
        "ProtectedFromScaleIn": group["NewInstancesProtectedFromScaleIn"],
        "LaunchTemplate": group["LaunchTemplate"],
        "LaunchConfigurationName": group["LaunchConfigurationName"],
        "_ready": time.monotonic() + BOOTS_FOR,
    }


def _group_of(cluster: str) -> Record | None:
    """The group of a cluster's first capacity provider; None without one."""
    providers = ecs._clusters.get(cluster, {}).get("capacityProviders", [])
    provider = ecs._capacity_providers.get(providers[0]) if providers else None
    if provider is None:
        return None
    arn = provider["autoScalingGroupProvider"]["autoScalingGroupArn"]
    return next((each for each in autoscaling._asgs.values() if each["AutoScalingGroupARN"] == arn), None)


def _instances(group: Record) -> Iterator[Record]:
    """Those that have joined the cluster."""
    for each in group["Instances"]:
        if each["LifecycleState"] == PENDING and time.monotonic() >= each["_ready"]:
            each["LifecycleState"] = IN_SERVICE
        if each["LifecycleState"] != PENDING:
            yield each


def _open(cluster: str, group: Record) -> Iterator[Instance]:
    """Those that take tasks."""
    for each in _instances(group):
        if each["LifecycleState"] == IN_SERVICE:
            tasks = _tasks_on(cluster, each["InstanceId"])
            yield Instance(each["InstanceId"], each["AvailabilityZone"], _left(_room(group), tasks), len(tasks))


def _room(group: Record) -> Room:
    template = ec2._launch_templates.get(group["LaunchTemplate"].get("LaunchTemplateId"), {})
    versions = template.get("Versions") or [{}]
    return room_of(versions[-1].get("LaunchTemplateData", {}).get("InstanceType", ""))


def _left(room: Room, tasks: list[Record]) -> Room:
    for task in tasks:
        room -= task["_need"]
    return room


def _tasks_on(cluster: str, instance: str) -> list[Record]:
    arn = _arn(cluster, instance)
    return [
        each
        for each in list(ecs._tasks.values())
        if each.get("containerInstanceArn") == arn and each["lastStatus"] != "STOPPED"
    ]


def _need(definition: Record) -> Room:
    """What a task reserves: of each container the soft limit of memory, where it has one."""
    containers = definition["containerDefinitions"]
    memory = [int(each.get("memoryReservation") or each.get("memory") or 0) for each in containers]
    return Room(sum(int(each.get("cpu") or 0) for each in containers), sum(memory))


def _arn(cluster: str, instance: str) -> str:
    number = instance.removeprefix("i-")
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:container-instance/{cluster}/{number:0>32}"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _shown(cluster: str) -> list[Record]:
    """A cluster's instances as ECS describes them."""
    group = _group_of(cluster)
    if group is None:
        return []
    room = _room(group)
    found = []
    for each in _instances(group):
        tasks = _tasks_on(cluster, each["InstanceId"])
        running = sum(1 for task in tasks if task["lastStatus"] == "RUNNING")
        found.append(
            {
                "containerInstanceArn": _arn(cluster, each["InstanceId"]),
                "ec2InstanceId": each["InstanceId"],
                "capacityProviderName": ecs._clusters[cluster]["capacityProviders"][0],
                "status": "DRAINING" if each["LifecycleState"] == TERMINATING else "ACTIVE",
                "agentConnected": True,
                "runningTasksCount": running,
                "pendingTasksCount": len(tasks) - running,
                "registeredResources": _resources(room),
                "remainingResources": _resources(_left(room, tasks)),
                "attributes": [{"name": "ecs.availability-zone", "value": each["AvailabilityZone"]}],
            }
        )
    return found


def _resources(room: Room) -> list[Record]:
    numbers = {"CPU": room.cpu, "MEMORY": room.memory}
    return [{"name": name, "type": "INTEGER", "integerValue": number} for name, number in numbers.items()]
