"""Pictures for the slides: few boxes and few words, so that they can be read from the back of a room."""

from __future__ import annotations

from scripts.docs.graph import Graph


def before() -> Graph:
    """The original: one server for everything."""
    graph = Graph("Before: servers that always run", legend=False, tall=True, across=True)
    graph.add("person", "Person", kind="person", icon="user")
    graph.add("server", "Spring Boot: page and API", kind="outside", icon="ec2")
    graph.add("model", "RNN under torch", kind="outside", icon="ec2")
    graph.add("mysql", "MySQL", kind="outside", icon="ec2")
    graph.join("person", "server")
    graph.join("server", "model")
    graph.join("server", "mysql")
    return graph


def now() -> Graph:
    """The same app here: each part scales and is billed on its own."""
    graph = Graph("Now: each part scales and is billed on its own", legend=False, tall=True, across=True)
    graph.add("person", "Person", kind="person", icon="user")
    graph.add("page", "Page", kind="page", icon="s3")
    graph.add("api", "HTTP API", kind="api", icon="api-gateway")
    graph.add("functions", "Lambdas", kind="compute", icon="lambda")
    graph.add("tables", "Tables", kind="data", icon="dynamodb")
    graph.add("link", "VPC link", kind="api", icon="api-gateway")
    graph.add("balancer", "Load balancer", kind="network", icon="elb")
    graph.add("tasks", "Tasks", kind="compute", icon="ecs")
    for source, target in (
        ("person", "page"),
        ("person", "api"),
        ("api", "functions"),
        ("functions", "tables"),
        ("api", "link"),
        ("link", "balancer"),
        ("balancer", "tasks"),
    ):
        graph.join(source, target)
    return graph
