"""What each type of resource uses in a month. The only place that says which types cost money and which do not.

A month has 730 hours, as on AWS's own price pages. What a request uses was measured on the laptop cloud and rounded up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from generator import catalogue
from scripts.cloudformation.templates import Resource
from scripts.costs import registry
from scripts.stage.errors import TemplateError

HOURS = 730.0
GB = 1024.0**3
MIB_IN_GB = 1024.0
# Memory that ECS can give to tasks, of the 1 GiB of a micro instance, the 2 GiB of a small one (ECS_RESERVED_MEMORY 0).
TASK_ROOM_MIB = {"nano": 400, "micro": 900, "small": 1900, "medium": 3800}
# Share of each of its two vCPUs that a t3, t3a or t4g instance may use all the time: what it earns CPU credits for.
BASELINE = {"nano": 0.05, "micro": 0.1, "small": 0.2, "medium": 0.2, "large": 0.3}
BURSTABLE = re.compile(r"t(3a?|4g)\.(?P<size>\w+)")
BURSTABLE_CPUS = 2
PREDICTION_CPU_SECONDS = 0.01  # of a vCPU: twice what a prediction takes of a core
# What one request to the API uses. Half of the requests are predictions and half are judgements, as on the page.
REPLY_BYTES = 900  # with headers; a prediction has seven scores and a receipt
ACCESS_LOG_BYTES = 450
SERVICE_LOG_BYTES = 300
LAMBDA_LOG_BYTES = 500
LAMBDA_SECONDS = 0.05
JUDGEMENT_WRITES = 2  # of each table: an item of up to 1 KB in a transaction, which costs twice as much
ITEM_BYTES = 1_000  # a judgement, its share of the counts and its entry in the ledger
STATISTICS_READS = 8  # sixteen shards of less than 4 KB, eventually consistent; one request in ten
# Custom metrics that CloudWatch bills for one instance's detailed monitoring, and for Container Insights on a cluster
# with one service and one instance (examples on its price page).
DETAILED_METRICS = 7
INSIGHTS_METRICS = 16
PREDICTION_METRICS = 3 + len(
    catalogue.LABELS
)  # that the service logs of a model revision; an hour without is not billed
# A visit is ten requests; it loads the page once.
REQUESTS_A_VISIT = 10
PAGE_BYTES = 61_440
PAGE_FILES = 18
IMAGES_GB = registry.REVISIONS * registry.IMAGE_GB


@dataclass(frozen=True)
class Traffic:
    """The traffic of a month.

    Attributes:
        requests: requests to the API.
        awake: share of the month in which instances run; the stage sleeps the rest of it.
        judgements: how many are already in the table.
    """

    requests: float = 0.0
    awake: float = 1.0
    judgements: float = 0.0

    @property
    def predictions(self) -> float:
        """Half of the requests."""
        return self.requests / 2

    @property
    def visits(self) -> float:
        """How often the page is loaded."""
        return self.requests / REQUESTS_A_VISIT


@dataclass(frozen=True)
class Use:
    """Units of one price, and what they are used for."""

    price: str
    units: float
    what: str


@dataclass(frozen=True)
class Stage:
    """What every estimate needs: the resources, the settings by Parameter name, the traffic."""

    resources: list[Resource]
    settings: dict[str, str]
    traffic: Traffic

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self.settings[name])

    @property
    def instances(self) -> float:
        """How many instances the traffic needs, if it is spread evenly."""
        minutes = HOURS * 60 * max(self.traffic.awake, 1e-9)
        wanted = math.ceil(self.traffic.predictions / minutes / self.number("RequestsPerTask"))
        tasks = min(max(wanted, self.number("MinTasks")), self.number("MaxTasks"))
        size = self.settings["InstanceType"].partition(".")[2]
        room = max(1, math.floor(TASK_ROOM_MIB.get(size, 3800) / self.number("TaskMemory")))
        return min(max(math.ceil(tasks / room), self.number("MinInstances")), self.number("MaxInstances"))


Estimate = Callable[[Stage, Resource], Iterator[Use]]


def surplus_hours(settings: Mapping[str, str], hours: float, busy: float = 1.0) -> float:
    """vCPU-hours above what the instances earn credits for, which AWS bills where credits are unlimited.

    Args:
        settings: by Parameter name.
        hours: instance-hours.
        busy: share of their CPU that is used.
    """
    kind = BURSTABLE.fullmatch(settings["InstanceType"])
    if settings["CpuCredits"] != "unlimited" or kind is None:
        return 0.0
    return hours * BURSTABLE_CPUS * max(0.0, busy - BASELINE.get(kind["size"], 0.3))


def _instances(stage: Stage, resource: Resource) -> Iterator[Use]:
    hours = HOURS * stage.instances * stage.traffic.awake
    kind = stage.settings["InstanceType"]
    yield Use(f"ec2.{kind}", hours, f"{stage.instances:.0f} x {kind}")
    busy = stage.traffic.predictions * PREDICTION_CPU_SECONDS / max(1.0, hours * 3600 * BURSTABLE_CPUS)
    surplus = surplus_hours(stage.settings, hours, min(1.0, busy))
    yield Use("ec2_credits.vcpu", surplus, "CPU beyond their credits")
    launch = next(each for each in stage.resources if each.type == "AWS::EC2::LaunchTemplate")
    data = launch.properties["LaunchTemplateData"]
    if str(data["NetworkInterfaces"][0].get("AssociatePublicIpAddress")).lower() == "true":
        yield Use("vpc.address", hours, "their public IPv4 addresses")
    if str(data.get("Monitoring", {}).get("Enabled")).lower() == "true":
        yield Use("cloudwatch.metric", DETAILED_METRICS * hours / HOURS, "their detailed monitoring")
    for disk in data["BlockDeviceMappings"]:
        size = float(disk["Ebs"]["VolumeSize"])
        yield Use(f"ebs.{disk['Ebs']['VolumeType']}", size * hours / HOURS, f"their disks of {size:.0f} GB")


def _cluster(stage: Stage, resource: Resource) -> Iterator[Use]:
    found = {each["Name"]: each["Value"] for each in resource.properties.get("ClusterSettings", [])}
    if found.get("containerInsights", "disabled") != "disabled":
        yield Use("cloudwatch.metric", INSIGHTS_METRICS, "Container Insights")


def _task(stage: Stage, resource: Resource) -> Iterator[Use]:
    hours = min(HOURS, stage.traffic.predictions)
    yield Use("cloudwatch.metric", PREDICTION_METRICS * hours / HOURS, "metrics of what the model says")


def _load_balancer(stage: Stage, resource: Resource) -> Iterator[Use]:
    yield Use("elb.hour", HOURS, "the load balancer")
    if resource.properties.get("Scheme") != "internal":
        yield Use("vpc.address", 2 * HOURS, "its public IPv4 addresses, one per zone")
    a_second = stage.traffic.predictions / HOURS / 3600
    # One LCU: 25 new connections a second, or 1 GB an hour. Each request is counted as a new connection here.
    yield Use("elb.lcu", HOURS * max(a_second / 25, a_second * 3600 * REPLY_BYTES / GB), "its load")


def _api(stage: Stage, resource: Resource) -> Iterator[Use]:
    yield Use("apigateway.request", stage.traffic.requests, "requests")
    yield Use("transfer.gb", stage.traffic.requests * REPLY_BYTES / GB, "replies to the internet")


def _function(stage: Stage, resource: Resource) -> Iterator[Use]:
    shares = {"record": 0.5, "stats": 0.1}  # of the requests; the other functions are called by hand
    calls = stage.traffic.requests * shares.get(resource.properties["Handler"].partition(".")[0], 0.0)
    memory = float(resource.properties["MemorySize"]) / MIB_IN_GB
    arm = "arm64" in resource.properties.get("Architectures", [])
    yield Use("lambda.request", calls, "calls")
    yield Use("lambda.arm" if arm else "lambda.x86", calls * LAMBDA_SECONDS * memory, "time")


def _table(stage: Stage, resource: Resource) -> Iterator[Use]:
    judged = stage.traffic.predictions
    if resource.id.startswith("Ledger"):
        yield Use("dynamodb.write", 2 * judged * JUDGEMENT_WRITES, "a check and an entry for each judgement")
        return
    holds_judgements = resource.id.startswith("Judgements")
    if not holds_judgements and not resource.id.startswith("Counts"):
        yield Use("dynamodb.write", 100, "the state of a few exports")
        return
    yield Use("dynamodb.write", judged * JUDGEMENT_WRITES, "judgements" if holds_judgements else "counts")
    if not holds_judgements:
        yield Use("dynamodb.read", stage.traffic.requests * 0.1 * STATISTICS_READS, "statistics")
        return
    stored = (stage.traffic.judgements + stage.traffic.predictions) * ITEM_BYTES / GB
    yield Use("dynamodb.storage", stored, "kept")
    yield Use("dynamodb.backup", stored, "point-in-time recovery")


def _bucket(stage: Stage, resource: Resource) -> Iterator[Use]:
    if not resource.id.startswith("Site"):
        yield Use("s3.put", 10, "objects of deployments and exports")
        return
    yield Use("s3.storage", PAGE_BYTES / GB, "the page")
    if any(each.type == "AWS::CloudFront::Distribution" for each in stage.resources):
        return
    yield Use("s3.get", stage.traffic.visits * PAGE_FILES, "requests for the page")
    yield Use("transfer.gb", stage.traffic.visits * PAGE_BYTES / GB, "the page to the internet")


def _distribution(stage: Stage, resource: Resource) -> Iterator[Use]:
    yield Use("cloudfront.request", stage.traffic.visits * PAGE_FILES, "requests for the page")
    yield Use("cloudfront.gb", stage.traffic.visits * PAGE_BYTES / GB, "the page to the internet")


def _log(stage: Stage, resource: Resource) -> Iterator[Use]:
    if resource.stack == "service":
        written = stage.traffic.predictions * SERVICE_LOG_BYTES
    elif "Access" in resource.id:
        written = stage.traffic.requests * ACCESS_LOG_BYTES
    elif resource.id.startswith(("Record", "Stats")):
        written = stage.traffic.requests * (0.5 if resource.id.startswith("Record") else 0.1) * LAMBDA_LOG_BYTES
    else:
        written = 0.0
    yield Use("cloudwatch.log", written / GB, "written")
    yield Use("cloudwatch.storage", written / GB * float(stage.settings["LogDays"]) / 30, "kept")


def _alarm(stage: Stage, resource: Resource) -> Iterator[Use]:
    metrics = len(resource.properties.get("Metrics", [])) or 1
    yield Use("cloudwatch.alarm", max(1, metrics - 1), "watched")


def _repository(stage: Stage, resource: Resource) -> Iterator[Use]:
    yield Use("ecr.storage", IMAGES_GB, "the images")


def _one(price: str, what: str, units: float = 1.0) -> Estimate:
    def estimate(stage: Stage, resource: Resource) -> Iterator[Use]:
        yield Use(price, units, what)

    return estimate


COSTS: dict[str, Estimate] = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::AutoScaling::AutoScalingGroup": _instances,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _one("cloudwatch.dashboard", "the dashboard"),
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::EIP": _one("vpc.address", "the address", HOURS),
    "AWS::EC2::NatGateway": _one("vpc.nat", "the gateway", HOURS),
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECR::Repository": _repository,
    "AWS::ECS::TaskDefinition": _task,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _one("kms.key", "the key"),
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log,
    "AWS::S3::Bucket": _bucket,
}
# Type -> why it is free by itself.
FREE = {
    "AWS::ApiGatewayV2::Integration": "part of the API",
    "AWS::ApiGatewayV2::Route": "part of the API",
    "AWS::ApiGatewayV2::Stage": "part of the API",
    "AWS::ApiGatewayV2::VpcLink": "an HTTP API's links are free",
    "AWS::ApplicationAutoScaling::ScalableTarget": "scaling is free",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "scaling is free; its alarms are not billed either",
    "AWS::Budgets::Budget": "budgets without actions are free",
    "AWS::CloudFront::OriginAccessControl": "part of the distribution",
    "AWS::CloudFront::ResponseHeadersPolicy": "part of the distribution",
    "AWS::EC2::FlowLog": "counted with the logs that it writes",
    "AWS::EC2::InternetGateway": "free; outgoing traffic is counted at its source",
    "AWS::EC2::LaunchTemplate": "counted with the instances",
    "AWS::EC2::Route": "free",
    "AWS::EC2::RouteTable": "free",
    "AWS::EC2::SecurityGroup": "free",
    "AWS::EC2::SecurityGroupEgress": "free",
    "AWS::EC2::SecurityGroupIngress": "free",
    "AWS::EC2::Subnet": "free",
    "AWS::EC2::SubnetRouteTableAssociation": "free",
    "AWS::EC2::VPC": "free",
    "AWS::EC2::VPCEndpoint": "gateway endpoints are free; other kinds are not",
    "AWS::EC2::VPCGatewayAttachment": "free",
    "AWS::ECS::CapacityProvider": "counted with the instances",
    "AWS::ECS::ClusterCapacityProviderAssociations": "free",
    "AWS::ECS::Service": "counted with the instances",
    "AWS::Events::ApiDestination": "a million calls cost 0.20 USD, and a schedule makes one at a time",
    "AWS::Events::Connection": "its secret is EventBridge's",
    "AWS::Events::Rule": "scheduled rules and rules on AWS's own events are free",
    "AWS::ElasticLoadBalancingV2::Listener": "part of the load balancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "part of the load balancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "part of the load balancer",
    "AWS::IAM::InstanceProfile": "IAM is free",
    "AWS::IAM::ManagedPolicy": "IAM is free",
    "AWS::IAM::OIDCProvider": "IAM is free",
    "AWS::IAM::Policy": "IAM is free",
    "AWS::IAM::Role": "IAM is free",
    "AWS::KMS::Alias": "part of the key",
    "AWS::Lambda::Permission": "free",
    "AWS::Logs::MetricFilter": "counted with its alarms; its metric is one of the ten free ones",
    "AWS::Logs::QueryDefinition": "free until it is run",
    "AWS::S3::BucketPolicy": "part of the bucket",
    "AWS::SNS::Subscription": "a thousand e-mails a month are free",
    "AWS::SNS::Topic": "a thousand e-mails a month are free",
    "AWS::SNS::TopicPolicy": "part of the topic",
}


def of(stage: Stage, resource: Resource) -> list[Use]:
    """What one resource uses in a month.

    Raises:
        TemplateError: its type is neither priced nor listed as free.
    """
    if resource.type in FREE:
        return []
    if resource.type not in COSTS:
        raise TemplateError(
            f"The cost of {resource.type} is unknown ({resource.id} of {resource.stack}).",
            "Add it to scripts/costs/usage.py: how to estimate it in COSTS, or why it is free in FREE.",
        )
    return [use for use in COSTS[resource.type](stage, resource) if use.units > 0]
