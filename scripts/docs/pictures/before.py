"""Before and after: one Spring Boot server with MySQL, and what replaced each of its parts."""

from __future__ import annotations

from scripts.docs import model
from scripts.docs.graph import Graph
from scripts.docs.pictures.kinds import icon_of


def graph() -> Graph:
    """Parts of the original on the left, what each has become on the right."""
    graph = Graph("Before and after: from one server to services that are paid by use", legend=False)
    before = [
        graph.add("view", "Page", "of the Spring Boot server"),
        graph.add("rest", "API", "of the same Spring Boot server"),
        graph.add("mysql", "MySQL", "judgements"),
        graph.add("rnn", "RNN", "under torch"),
    ]
    functions = [each for each in model.all_of("AWS::Lambda::Function") if each.stack == "api"]
    tables = model.stacks()["data"].of_type("AWS::DynamoDB::Table")
    service = model.stacks()["service"]
    after = [
        graph.add("page", "Page", "files in a bucket, or CloudFront", kind="page", icon="s3"),
        graph.add("api", "HTTP API", "routes, throttle, CORS", kind="api", icon="api-gateway"),
        graph.add("functions", f"{len(functions)} functions", "Lambda, a role each", kind="compute", icon="lambda"),
        graph.add(
            "tables", f"{len(tables)} tables", "no server, restore to any second", kind="data", icon=icon_of(tables[0])
        ),
        graph.add(
            "service",
            "ECS service",
            f"{service.parameters['MinTasks']} to {service.parameters['MaxTasks']} tasks, ONNX Runtime",
            kind="compute",
            icon="ecs",
        ),
    ]
    for old, new in (("view", "page"), ("rest", "api"), ("rest", "functions"), ("mysql", "tables"), ("rnn", "service")):
        graph.join(old, new)
    graph.frame("Before: servers that always run", "outside", before)
    graph.frame("Now: each part scales and is billed on its own", "page", after)
    return graph
