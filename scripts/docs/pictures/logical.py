"""The architecture as requests see it: who calls whom, on which route, and who may touch which data."""

from __future__ import annotations

from scripts.docs import model
from scripts.docs.access import grants
from scripts.docs.graph import Graph
from scripts.docs.pictures.kinds import icon_of

SHORT = 36.0  # of what stands on one of the many arrows to the data, in pixels
DATA_TYPES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")


def graph() -> Graph:
    """Person, page, API, what stands behind each route, and the data."""
    graph = Graph("Logical architecture: who calls whom", tall=True, longest=84)
    person = graph.add("person", "Person", "in a browser", kind="person", icon="user")
    page = graph.add("page", "Page", "S3 website, or CloudFront before a private bucket", kind="page", icon="s3")
    api = graph.add("api", "HTTP API", "routes, throttles, CORS", kind="api", icon="api-gateway")
    graph.join(person, page, "HTML, JS, CSS")
    graph.join(person, api, "JSON")
    _routes(graph, api)
    _alarms(graph)
    return graph


def _routes(graph: Graph, api: str) -> None:
    stack = model.stacks()["api"]
    predicting: list[str] = []  # routes of the service, which share one arrow
    for route in stack.of_type("AWS::ApiGatewayV2::Route"):
        integration = stack.resources[next(name for name in route.refers_to if name.endswith("Integration"))]
        key = str(route.properties["RouteKey"])
        if integration.properties.get("ConnectionType") == "VPC_LINK":
            predicting.append(key)
            continue
        function = next(name for name in integration.refers_to if name in stack.resources and name.endswith("Function"))
        memory = stack.resources[function].properties["MemorySize"]
        graph.add(
            function,
            function.removesuffix("Function").lower(),
            "Lambda",
            f"{memory} MiB",
            kind="compute",
            icon="lambda",
        )
        graph.join(api, function, key)
        _data(graph, function, stack.resources[function].properties["Role"])
    graph.join(api, _service(graph), ", ".join(predicting))


def _service(graph: Graph) -> str:
    """The private way to the RNN; the name of its first box."""
    parameters = model.stacks()["service"].parameters
    least, most = parameters["MinTasks"], parameters["MaxTasks"]
    graph.add("link", "VPC link", "the API's way into the VPC", kind="api", icon="api-gateway")
    graph.add("balancer", "Load balancer", "internal", kind="network", icon="elb")
    graph.add(
        "tasks", "ECS service", f"{least} to {most} tasks:", "RNN in Flask and gunicorn", kind="compute", icon="ecs"
    )
    graph.join("link", "balancer")
    graph.join("balancer", "tasks", "/predict")
    return "link"


def _data(graph: Graph, function: str, role: object) -> None:
    """Arrows from a function to the tables and buckets that its role lets it reach."""
    places = {each.id: each for type_ in DATA_TYPES for each in model.all_of(type_)}
    its = model.as_text(role).split(".")[0]
    for grant in grants():
        for thing in grant.on if grant.who == its else ():
            resource = places.get(thing.split("/")[0])
            if resource:
                what = model.short_type(resource.type)
                graph.add(
                    resource.id, resource.id.removesuffix(what.split()[1]), what, kind="data", icon=icon_of(resource)
                )
                graph.join(function, resource.id, _verbs(grant.calls), longest=SHORT)


def _verbs(calls: tuple[str, ...]) -> str:
    found = {_verb(call) for call in calls}
    return ", ".join(verb for verb in ("read", "write", "delete") if verb in found)


def _verb(call: str) -> str:
    name = call.split(":")[1]
    if name.startswith(("Get", "Scan", "Query", "List", "BatchGet")):
        return "read"
    if name.startswith("Delete"):
        return "delete"
    return "write"


def _alarms(graph: Graph) -> None:
    alarms = model.all_of("AWS::CloudWatch::Alarm")
    topics = model.all_of("AWS::SNS::Topic")
    if alarms and topics:
        graph.add("alarms", f"{len(alarms)} alarms", "CloudWatch", kind="watch", icon="cloudwatch")
        graph.add("topic", topics[0].id, "SNS, by mail", kind="watch", icon="sns")
        graph.join("alarms", "topic", "when something is wrong", dashed=True)
