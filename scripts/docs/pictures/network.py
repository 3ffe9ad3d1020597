"""The network: security groups with the ports that each opens, routes, ways out; dashed, what private subnets add."""

from __future__ import annotations

from typing import Any

from scripts.cloudformation.templates import Resource, Template
from scripts.docs import model
from scripts.docs.graph import Graph
from scripts.docs.pictures.kinds import icon_of

_WORDS = {
    "LinkSecurityGroup": "VPC link",
    "LoadBalancerSecurityGroup": "Load balancer",
    "InstanceSecurityGroup": "Instances",
    "LambdaSecurityGroup": "Lambdas in the VPC",
}
_ICONS = {
    "LinkSecurityGroup": "api-gateway",
    "LoadBalancerSecurityGroup": "elb",
    "InstanceSecurityGroup": "ec2",
    "LambdaSecurityGroup": "lambda",
}


def graph() -> Graph:
    """Who may open a connection to whom, on which ports."""
    template = model.stacks()["network"]
    graph = Graph("Network: who may connect to whom")
    graph.add("api", "HTTP API", "outside of the VPC", kind="api", icon="api-gateway")
    groups = template.of_type("AWS::EC2::SecurityGroup")
    for group in groups:
        graph.add(
            group.id,
            _WORDS.get(group.id, group.id),
            group.id,
            *_admits(template, group),
            kind="network",
            icon=_ICONS.get(group.id, ""),
        )
    if "LinkSecurityGroup" in graph.nodes:
        graph.join("api", "LinkSecurityGroup", "private integration")
    for group in groups:
        for rule in group.properties.get("SecurityGroupEgress", []):
            target = model.as_text(rule.get("DestinationSecurityGroupId", "")).split(".")[0]
            graph.join(group.id, target or _routes(graph, template), _ports(rule))
    inside = [each.id for each in groups] + ["routes"] + (["private"] if "private" in graph.nodes else [])
    for type_ in ("AWS::EC2::VPCEndpoint", "AWS::EC2::InternetGateway"):
        inside += [each.id for each in template.of_type(type_)]
    cidr = template.parameters["VpcCidr"]
    subnets = len([each for each in template.of_type("AWS::EC2::Subnet") if not each.condition])
    graph.frame(f"VPC {cidr}: {subnets} public subnets in as many zones", "network", inside, "group-vpc")
    return graph


def _routes(graph: Graph, template: Template) -> str:
    """The route table, and where it leads."""
    [table] = [each for each in template.of_type("AWS::EC2::RouteTable") if not each.condition]
    graph.add("routes", table.id, "of the public subnets", kind="network", icon="vpc")
    for endpoint in template.of_type("AWS::EC2::VPCEndpoint"):
        graph.add(endpoint.id, endpoint.id, "gateway endpoint, free", kind="network", icon=icon_of(endpoint))
        graph.join("routes", endpoint.id)
        service = model.as_text(endpoint.properties["ServiceName"]).rsplit(".", 1)[-1]
        title = {"s3": "S3", "dynamodb": "DynamoDB"}.get(service, service)
        graph.add(service, title, "in this region", kind="data", icon=service)
        graph.join(endpoint.id, service)
    for gateway in template.of_type("AWS::EC2::InternetGateway"):
        graph.add(gateway.id, gateway.id, "to everything else", kind="network", icon=icon_of(gateway))
        graph.join("routes", gateway.id, "0.0.0.0/0")
        graph.add("internet", "Internet", "ECS, image registry", icon="internet")
        graph.join(gateway.id, "internet")
    _private_way(graph, template)
    return "routes"


def _private_way(graph: Graph, template: Template) -> None:
    """Where a stage has private subnets: the way from their route tables through the gateways of the public ones."""
    gateways = template.of_type("AWS::EC2::NatGateway")
    if not gateways:
        return
    graph.add(
        "private",
        "NAT gateways",
        f"one in each of {len(gateways)} zones,",
        model.only(gateways[0].condition),
        kind="network",
        icon="nat-gateway",
    )
    for source in ("InstanceSecurityGroup", "LambdaSecurityGroup"):
        graph.join(source, "private", dashed=True)
    for gateway in template.of_type("AWS::EC2::InternetGateway"):
        graph.join("private", gateway.id, dashed=True)


def _admits(template: Template, group: Resource) -> list[str]:
    rules = [each for each in template.of_type("AWS::EC2::SecurityGroupIngress") if group.id in each.refers_to]
    own = [rule for rule in rules if model.as_text(rule.properties["GroupId"]).split(".")[0] == group.id]
    sources = [model.as_text(rule.properties["SourceSecurityGroupId"]).split(".")[0] for rule in own]
    return [f"in: {', '.join(_WORDS.get(each, each) for each in sources) or 'no one'}"]


def _ports(rule: dict[str, Any]) -> str:
    first, last = rule["FromPort"], rule["ToPort"]
    return f"{rule['IpProtocol']} {first}" + (f" to {last}" if last != first else "")
