"""What runs: services with their tasks, targets of load balancers, instances, alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.local.console.blocks import BAD, BUSY, GOOD, IDLE, Block, Cell, last_part, moment, table, toned
from scripts.stage.session import Cloud

EVENTS = 20
TONES = {
    **dict.fromkeys(("RUNNING", "ACTIVE", "COMPLETED", "PRIMARY", "healthy", "Healthy", "InService", "OK"), GOOD),
    **dict.fromkeys(("FAILED", "unhealthy", "Unhealthy", "unavailable", "ALARM", "DRAINING"), BAD),
    **dict.fromkeys(("PENDING", "PROVISIONING", "ACTIVATING", "IN_PROGRESS", "initial", "draining", "Pending"), BUSY),
}


def services(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Services of ECS: deployments, tasks, and the last events."""
    ecs = cloud.client("ecs")
    blocks = []
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        for service in ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []:
            blocks += [_service(service), _deployments(service)]
        hosts = {each["containerInstanceArn"]: each["ec2InstanceId"] for each in _hosts(cloud, cluster)}
        blocks.append(
            table(
                f"Tasks in {last_part(cluster)}",
                ("Task", "Revision", "Status", "Wanted", "Instance", "Started (UTC)", "Why it stopped"),
                [_task(task, hosts) for task in _tasks(cloud, cluster)],
                "From DescribeTasks; stopped tasks stay in the list for a while.",
            )
        )
        for service in ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []:
            events = [[moment(each["createdAt"]), each["message"]] for each in service.get("events", [])[:EVENTS]]
            blocks.append(table("Events of the service", ("Time (UTC)", "What ECS says"), events, "Newest first."))
    return blocks or [table("Services", ("Service",), [])]


def targets(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Targets of each target group with their health."""
    elb = cloud.client("elbv2")
    blocks = []
    for group in elb.describe_target_groups()["TargetGroups"]:
        found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        path, seconds = group.get("HealthCheckPath", ""), group.get("HealthCheckIntervalSeconds", "")
        blocks.append(
            table(
                group["TargetGroupName"],
                ("Target", "Port", "State", "Reason", "In words"),
                [_target(each) for each in found],
                f"The load balancer asks each target for {path} every {seconds} s. Targets that do not answer get no "
                "requests. From DescribeTargetHealth.",
            )
        )
    return blocks or [table("Targets", ("Target",), [])]


def instances(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Instances of each Auto Scaling group, with the tasks on them."""
    ecs = cloud.client("ecs")
    hosts, on = {}, dict[str, list[str]]()
    for cluster in ecs.list_clusters()["clusterArns"]:
        names = {}
        for each in _hosts(cloud, cluster):
            hosts[each["ec2InstanceId"]] = each
            names[each["containerInstanceArn"]] = each["ec2InstanceId"]
        for task in _tasks(cloud, cluster):
            if task["lastStatus"] != "STOPPED" and task.get("containerInstanceArn") in names:
                on.setdefault(names[task["containerInstanceArn"]], []).append(last_part(task["taskArn"])[:8])
    scaling = cloud.client("autoscaling")
    blocks = []
    for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        rows = [
            [
                each["InstanceId"],
                each["AvailabilityZone"],
                _state(each["LifecycleState"]),
                _state(hosts.get(each["InstanceId"], {}).get("status", "not in the cluster")),
                ", ".join(on.get(each["InstanceId"], [])) or "none",
                _left(hosts.get(each["InstanceId"], {})),
            ]
            for each in group["Instances"]
        ]
        blocks.append(
            table(
                group["AutoScalingGroupName"],
                ("Instance", "Zone", "Life cycle", "In the cluster", "Tasks on it", "Room left"),
                rows,
                f"{group['DesiredCapacity']} wanted, at least {group['MinSize']}, at most {group['MaxSize']}. From "
                "DescribeAutoScalingGroups and DescribeContainerInstances.",
            )
        )
    return blocks or [table("Instances", ("Instance",), [])]


def alarms(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Alarms with their state, those that ring first."""
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 2}
    found = [
        each
        for page in cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for each in page["MetricAlarms"]
    ]
    found.sort(key=lambda each: (order.get(each["StateValue"], 1), each["AlarmName"]))
    rows = [
        [
            each["AlarmName"],
            _state(each["StateValue"]),
            moment(each.get("StateUpdatedTimestamp")),
            each.get("AlarmDescription", ""),
            each.get("StateReason", ""),
        ]
        for each in found
    ]
    note = (
        "From DescribeAlarms. An alarm whose metric AWS alone records has no data on a laptop and stays "
        "INSUFFICIENT_DATA."
    )
    return [table("Alarms", ("Alarm", "State", "Since (UTC)", "What it says", "Why"), rows, note)]


def _hosts(cloud: Cloud, cluster: str) -> list[dict[str, Any]]:
    ecs = cloud.client("ecs")
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    if not arns:
        return []
    found: list[dict[str, Any]] = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)[
        "containerInstances"
    ]
    return found


def _tasks(cloud: Cloud, cluster: str) -> list[dict[str, Any]]:
    ecs = cloud.client("ecs")
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=status)["taskArns"]
    ]
    found: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns[:100])["tasks"] if arns else []
    return sorted(found, key=lambda each: each["createdAt"], reverse=True)


def _service(service: Mapping[str, Any]) -> Block:
    running, wanted = service["runningCount"], service["desiredCount"]
    tone = GOOD if running == wanted else BUSY if running else BAD
    row: list[Cell] = [
        service["serviceName"],
        toned(f"{running} of {wanted} tasks run", tone),
        last_part(service["taskDefinition"]),
        _state(service["status"]),
    ]
    return table("Service", ("Service", "Tasks", "Wanted revision", "Status"), [row], "From DescribeServices.")


def _deployments(service: Mapping[str, Any]) -> Block:
    rows = [
        [
            moment(each["createdAt"]),
            last_part(each["taskDefinition"]),
            _state(each["status"]),
            _state(each.get("rolloutState", "")),
            f"{each['runningCount']} of {each['desiredCount']}",
            each.get("failedTasks", 0),
            each.get("rolloutStateReason", ""),
        ]
        for each in service["deployments"]
    ]
    heads = ("Since (UTC)", "Revision", "Status", "Rollout", "Tasks", "Failed tasks", "In words")
    return table("Deployments", heads, rows, "Two at a time while a revision is rolled out.")


def _task(task: Mapping[str, Any], hosts: Mapping[str, str]) -> list[Cell]:
    containers = [each["reason"] for each in task.get("containers", []) if each.get("reason")]
    return [
        last_part(task["taskArn"])[:8],
        last_part(task["taskDefinitionArn"]),
        _state(task["lastStatus"]),
        task["desiredStatus"],
        hosts.get(task.get("containerInstanceArn", ""), ""),
        moment(task.get("startedAt")),
        " ".join(filter(None, [task.get("stoppedReason", ""), *containers])),
    ]


def _target(each: Mapping[str, Any]) -> list[Cell]:
    health = each["TargetHealth"]
    return [
        each["Target"]["Id"],
        each["Target"].get("Port", ""),
        _state(health["State"]),
        health.get("Reason", ""),
        health.get("Description", ""),
    ]


def _left(host: Mapping[str, Any]) -> str:
    found = {each["name"]: each.get("integerValue") for each in host.get("remainingResources", [])}
    return f"{found['CPU']} CPU units, {found['MEMORY']} MiB" if {"CPU", "MEMORY"} <= found.keys() else ""


def _state(text: str) -> Cell:
    return toned(text, TONES.get(text, IDLE))
