"""You are here: the whole system in a few boxes, for each lesson with what it is about in colour and the rest pale."""

from __future__ import annotations

from scripts.docs.graph import Graph
from scripts.docs.plot import draw
from scripts.docs.svg import Drawing

# Lesson's page -> what it is about.
LESSONS = {
    "00a-aws": ("person", "page", "api", "functions", "tables", "link", "balancer", "tasks", "instances"),
    "00b-templates": ("templates", "stacks"),
    "00c-networks": ("link", "balancer", "instances"),
    "00d-troposphere": ("generator", "templates"),
    "01-github": ("repository",),
    "13-lambda": ("functions",),
    "14-website": ("page",),
    "15-iam": ("functions", "tables"),
    "16-load-balancer": ("balancer", "tasks"),
    "19-cloudformation": ("templates", "stacks"),
    "20-auto-scaling": ("instances",),
    "24-api-gateway": ("api",),
    "25-ecs": ("tasks", "instances"),
    "26-registry": ("registry", "tasks"),
    "27-scaling": ("balancer", "tasks", "instances"),
    "28-dynamodb": ("tables",),
    "29-serverless": ("api", "functions", "tables"),
    "30-microservices": ("api", "functions", "link", "tasks"),
    "31-pipelines": ("repository", "pipelines", "stacks"),
}


def graph() -> Graph:
    """How the system comes to be (above) and how a request goes through it (below), in the words of the lessons."""
    graph = Graph("You are here", legend=False)
    graph.add("repository", "Repository", kind="person", icon="repository")
    graph.add("generator", "Generator", "Troposphere", kind="network")
    graph.add("templates", "Templates", kind="network", icon="cloudformation")
    graph.add("pipelines", "Pipelines", kind="api", icon="repository")
    graph.add("registry", "Registry", kind="compute", icon="ecr")
    graph.add("stacks", "Stacks", kind="network", icon="cloudformation")
    graph.add("person", "Person", kind="person", icon="user")
    graph.add("page", "Page", kind="page", icon="s3")
    graph.add("api", "HTTP API", kind="api", icon="api-gateway")
    graph.add("functions", "Lambdas", kind="compute", icon="lambda")
    graph.add("tables", "Tables", kind="data", icon="dynamodb")
    graph.add("link", "VPC link", kind="api", icon="api-gateway")
    graph.add("balancer", "Balancer", kind="network", icon="elb")
    graph.add("tasks", "Tasks", kind="compute", icon="ecs")
    graph.add("instances", "Instances", kind="compute", icon="ec2")
    for source, target in (
        ("generator", "templates"),
        ("templates", "stacks"),
        ("repository", "pipelines"),
        ("pipelines", "stacks"),
        ("pipelines", "registry"),
        ("person", "page"),
        ("person", "api"),
        ("api", "functions"),
        ("functions", "tables"),
        ("api", "link"),
        ("link", "balancer"),
        ("balancer", "tasks"),
        ("tasks", "instances"),
    ):
        graph.join(source, target)
    graph.join("registry", "tasks", dashed=True)
    return graph


def picture(lesson: str) -> Drawing:
    """The picture for a lesson.

    Args:
        lesson: name of its page, without folder and suffix.
    """
    return draw(graph(), LESSONS[lesson])
