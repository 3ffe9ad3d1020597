"""The architecture as it stands: what lies in which network, zone and machine, and how many of each there are."""

from __future__ import annotations

import itertools
import re

from generator.stacks.cluster.instances import ROOT_DISK_GIB
from scripts.cloudformation.templates import Resource, Template
from scripts.docs import model
from scripts.docs.graph import Node
from scripts.docs.nested import Frame, draw
from scripts.docs.pictures.kinds import icon_of
from scripts.docs.svg import Drawing

_numbers = itertools.count()


def picture() -> Drawing:
    """Region, VPC, zones, instances and tasks, and the services around them that have no place of their own."""
    return draw("Physical architecture: what runs where", region())


def region() -> Frame:
    """All of it as frames in frames."""
    inside = (_edge(), _vpc(), _regional(), _watching())
    return Frame("AWS region", "region", inside, icon="group-region")


def _edge() -> Frame:
    sites = [_box(each, "page") for each in model.stacks()["site"].resources.values() if _is_place(each)]
    apis = [_box(each, "api") for each in model.all_of("AWS::ApiGatewayV2::Api")]
    return Frame("Reached from the internet", "page", (*sites, *apis), 2)


def _vpc() -> Frame:
    network, cluster = model.stacks()["network"], model.stacks()["cluster"]
    cidr = network.parameters["VpcCidr"]
    subnets = network.of_type("AWS::EC2::Subnet")
    both = f"in the {len([each for each in subnets if not each.condition])} public subnets"
    links = [
        Node(_name(), each.id, (both,), "api", "api-gateway") for each in model.all_of("AWS::ApiGatewayV2::VpcLink")
    ]
    balancers = [
        Node(_name(), each.id, (f"{each.properties['Scheme']}, {both}",), "network", "elb")
        for each in cluster.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    ]
    inside = tuple(map(_zone, _by_zone(subnets)))
    zones = Frame(_group_title(cluster), "compute", inside, 2, "group-scaling")
    doors = tuple(_box(each, "network") for each in network.resources.values() if each.type in _DOORS)
    return Frame(
        f"VPC {cidr}",
        "network",
        (*links, *balancers, zones, Frame("Ways out", "network", doors, 2)),
        icon="group-vpc",
    )


_DOORS = ("AWS::EC2::InternetGateway", "AWS::EC2::VPCEndpoint", "AWS::EC2::NatGateway")


def _group_title(cluster: Template) -> str:
    return f"Auto Scaling group: {_bounds(cluster, 'MinInstances', 'MaxInstances')} instances over the zones"


def _by_zone(subnets: list[Resource]) -> list[list[Resource]]:
    """The subnets of each availability zone."""
    zones: dict[str, list[Resource]] = {}
    for subnet in subnets:
        zones.setdefault(str(subnet.properties["AvailabilityZone"]), []).append(subnet)
    return list(zones.values())


def _zone(subnets: list[Resource]) -> Frame:
    """A zone with its instances: in its private subnet where there is one, otherwise in its public one."""
    cluster, service = model.stacks()["cluster"], model.stacks()["service"]
    kind = cluster.parameters["InstanceType"]
    memory = service.parameters["TaskMemory"]
    tasks = Node(
        _name(), "Tasks", (f"{_bounds(service, 'MinTasks', 'MaxTasks')} in all, {memory} MiB each",), "compute", "ecs"
    )
    disk = Node(_name(), "Disk", (f"{ROOT_DISK_GIB} GiB, encrypted",), "data")
    instance = Frame(f"Instance, {kind}", "compute", (tasks, disk), icon="group-instance")
    private = any(each.condition for each in subnets)
    where = "Subnet: public, or private" if private else "Public subnet"
    subnet = Frame(where, "page", (instance,), icon="group-subnet")
    number = re.sub(r"\D", "", subnets[0].id)
    return Frame(f"Availability zone {number}", "data", (subnet,))


def _regional() -> Frame:
    functions = [
        Node(_name(), each.id, (f"Lambda, {each.properties['MemorySize']} MiB",), "compute", "lambda")
        for each in model.all_of("AWS::Lambda::Function")
    ]
    data = [_box(each, "data") for each in model.stacks()["data"].resources.values() if _is_place(each)]
    artifacts = [_box(each, "data") for each in model.stacks()["artifacts"].resources.values() if _is_place(each)]
    return Frame("Without machines of ours", "data", (*functions, *data, *artifacts), 3)


def _watching() -> Frame:
    groups = model.all_of("AWS::Logs::LogGroup")
    boxes = [Node(_name(), f"{len(groups)} log groups", ("CloudWatch Logs",), "watch", "cloudwatch")]
    for type_, many in (("AWS::CloudWatch::Alarm", "alarms"), ("AWS::CloudWatch::Dashboard", "dashboards")):
        found = len(model.all_of(type_))
        if found:
            boxes.append(
                Node(_name(), f"{found} {many if found > 1 else many[:-1]}", ("CloudWatch",), "watch", "cloudwatch")
            )
    boxes += [_box(each, "watch") for type_ in _WATCHERS for each in model.all_of(type_)]
    boxes += [_box(each, "compute") for each in model.all_of("AWS::ECR::Repository")]
    roles = len(model.all_of("AWS::IAM::Role"))
    boxes.append(Node(_name(), f"{roles} roles", ("IAM, in no region",), "access", "iam"))
    return Frame("Around it", "watch", tuple(boxes), 3)


_WATCHERS = ("AWS::SNS::Topic", "AWS::Budgets::Budget")


def _is_place(resource: Resource) -> bool:
    return resource.type in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::CloudFront::Distribution")


def _box(resource: Resource, kind: str) -> Node:
    lines = model.short_type(resource.type), model.only(resource.condition)
    return Node(_name(), resource.id, tuple(filter(None, lines)), kind, icon_of(resource))


def _bounds(stack: Template, least: str, most: str) -> str:
    return f"{stack.parameters[least]} to {stack.parameters[most]}"


def _name() -> str:
    return f"box{next(_numbers)}"
