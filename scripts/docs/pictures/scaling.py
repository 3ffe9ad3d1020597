"""How the system follows its users: what is measured, who adds tasks, who adds instances, and where that ends."""

from __future__ import annotations

import itertools

from scripts.docs import model
from scripts.docs.graph import Graph


def graph() -> Graph:
    """From requests a minute to tasks and instances, with the bounds of the templates."""
    service, cluster = model.stacks()["service"], model.stacks()["cluster"]
    work = service.resources["ScaleByWork"].properties["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    check = service.resources["TargetGroup"].properties
    tasks = f"{service.parameters['MinTasks']} to {service.parameters['MaxTasks']} tasks"
    instances = f"{cluster.parameters['MinInstances']} to {cluster.parameters['MaxInstances']} instances"
    graph = Graph("Operation: tasks and instances follow the number of requests", legend=False)
    steps = [
        graph.add("users", "Users", "more or fewer requests a minute", kind="person", icon="user"),
        graph.add("balancer", "Load balancer", "spreads requests over healthy tasks", kind="network", icon="elb"),
        graph.add("metrics", "CloudWatch", "requests and work in hand of each task", kind="watch", icon="cloudwatch"),
        graph.add(
            "policies",
            "Target tracking",
            f"{int(service.parameters['RequestsPerTask'] or 0):,} requests a minute per task,",
            f"{work} requests in hand of each",
            kind="compute",
            icon="auto-scaling",
        ),
        graph.add("service", "ECS service", tasks, "spread over the zones", kind="compute", icon="ecs"),
        graph.add("provider", "Capacity provider", "counts tasks that find no room", kind="compute", icon="ecs"),
        graph.add("group", "Auto Scaling group", instances, kind="compute", icon="ec2-auto-scaling"),
    ]
    words = ("", "", "above or below the target", "adds or removes tasks", "a task does not fit", "adds an instance")
    for (one, other), label in zip(itertools.pairwise(steps), words, strict=True):
        graph.join(one, other, label)
    health = f"{check['HealthCheckPath']} every {check['HealthCheckIntervalSeconds']} s"
    graph.add("new", "New task", health, "then it gets its share", kind="page", icon="ecs")
    graph.join("service", "new", "starts")
    full = model.stacks()["operations"].resources["ClusterFull"].properties["EvaluationPeriods"]
    graph.add("full", "Alarm ClusterFull", f"all instances for {full} minutes", kind="access", icon="cloudwatch")
    graph.join("group", "full", "no room left", dashed=True)
    graph.add("fewer", "Instance drained", "when nothing has needed it", "for 15 minutes", kind="data", icon="ec2")
    graph.join("group", "fewer", "idle")
    return graph
