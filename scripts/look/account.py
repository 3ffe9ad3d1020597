"""Checks of an account: what a stage would meet there. Each returns details, or raises an error with its fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.cloudformation.stacks import StackState
from scripts.look import spending
from scripts.release import plans, zones
from scripts.stage.errors import AdviceError, DeployError, code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

# Linked roles that services make for themselves at first use (IAM user guide, "AWS services that work with IAM").
LINKED_ROLES = ("ECS", "ElasticLoadBalancing", "AutoScaling", "ApplicationAutoScaling_ECSService", "APIGateway")
OF_DEPLOYMENTS = {"names", "zones"}  # checks that call what a deployment calls
INSTANCE_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")  # families of the quota of standard instances


def checks(cloud: Cloud, settings: Settings) -> Mapping[str, Callable[[], str]]:
    """The checks by name, in order.

    Args:
        cloud: the stage, with credentials that work.
        settings: its settings.
    """
    found = stacks.all_by_name(cloud)
    new = not zones.kept(cloud.stage, found)
    network = {} if new else found[catalogue.stack_name(cloud.stage, zones.NETWORK.name)].parameters
    return {
        "names": lambda: names(cloud, found),
        "zones": lambda: two_zones(cloud, settings, found),
        "instance type": lambda: instance_type(cloud, settings),
        "public page": lambda: public_page(cloud, settings),
        "linked roles": lambda: linked_roles(cloud),
        "alarm address": lambda: alarm_address(cloud, settings, found),
        "budget": lambda: spending.check(cloud, settings, found),
        **{f"quota: {each.what}": partial(each.check, cloud) for each in quotas(settings, new, network)},
    }


def names(cloud: Cloud, found: Mapping[str, StackState]) -> str:
    """Whether all names of stacks are free, or the stage's own."""
    ours = [found[name] for name in _stack_names(cloud.stage) if name in found]
    for state in ours:
        stacks.check_ours(cloud.stage, state)
    return f"{len(ours)} stacks of the stage exist" if ours else "free"


def two_zones(cloud: Cloud, settings: Settings, found: Mapping[str, StackState]) -> str:
    """The zones that the stage has or would get."""
    kept = zones.kept(cloud.stage, found)
    if kept:
        return f"{' and '.join(kept)}, kept for the stage's life"
    words = " and ".join(f"{zone} ({name})" for zone, name in zones.fitting(cloud, settings.instance_type).items())
    if cloud.region not in zones.VPC_LINKS:
        raise AdviceError(
            f"{words}; AWS's list of regions with VPC links did not name {cloud.region} when it was last read",
            "Deploy to a region of that list (scripts/release/zones.py), unless AWS names yours by now: "
            "docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html",
        )
    return words


def instance_type(cloud: Cloud, settings: Settings) -> str:
    """Whether the region has the instance type, and it runs what the image is built for."""
    name = settings.instance_type
    try:
        (entry,) = cloud.client("ec2").describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
    except ClientError as error:
        if code_of(error) != "InvalidInstanceType":
            raise
        raise DeployError(
            f"{cloud.region} has no {name}", "Set another instance_type for the stage in scripts/stages.toml."
        ) from error
    runs = entry["ProcessorInfo"]["SupportedArchitectures"]
    if INSTANCE_ARCHITECTURES[settings.architecture] not in runs:
        raise DeployError(
            f"{name} runs {', '.join(runs)}, but its image would be for {settings.architecture}",
            "Set another instance_type for the stage in scripts/stages.toml.",
        )
    return f"{name}, {settings.architecture}"


def public_page(cloud: Cloud, settings: Settings) -> str:
    """Whether the account lets a bucket be public, where the page is a public bucket."""
    if settings.values["cloud_front"] == "true":
        return "not needed: CloudFront serves the page from a private bucket"
    try:
        found = cloud.client("s3control").get_public_access_block(AccountId=cloud.account)
    except ClientError as error:
        if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        return "allowed"
    block = found["PublicAccessBlockConfiguration"]
    closed = [name for name in ("BlockPublicPolicy", "RestrictPublicBuckets") if block.get(name)]
    if closed:
        raise DeployError(
            f"the account blocks public buckets ({', '.join(closed)}), and the stage's page is one",
            'Set cloud_front = "true" for the stage in scripts/stages.toml, or let the account have public buckets: '
            f"`aws s3control delete-public-access-block --account-id {cloud.account}`.",
        )
    return "allowed"


def linked_roles(cloud: Cloud) -> str:
    """Which service-linked roles are still to be made; an account without a load balancer's may be new."""
    pages = cloud.client("iam").get_paginator("list_roles").paginate(PathPrefix="/aws-service-role/")
    there = {role["RoleName"].removeprefix("AWSServiceRoleFor") for page in pages for role in page["Roles"]}
    missing = [name for name in LINKED_ROLES if name not in there]
    if "ElasticLoadBalancing" in missing:
        raise AdviceError(
            f"to be made by their services: {', '.join(missing)}. This account never had a load balancer: AWS refuses "
            "them (and CloudFront) to some new accounts until it has verified them, which only the first try shows",
            "If the deployment says so, ask AWS Support (Account and billing, free of charge) to verify the account, "
            "and deploy again.",
        )
    return f"to be made by their services: {', '.join(missing)}" if missing else "all there"


def alarm_address(cloud: Cloud, settings: Settings, found: Mapping[str, StackState]) -> str:
    """Whether anybody hears the stage's alarms."""
    address = plans.still_mailing(settings, found).alarm_email
    if not address:
        raise AdviceError(
            "none: nobody hears the alarms",
            f"`sentiment deploy --stage {cloud.stage} --alarm-email you@example.com`, or alarm_email in "
            "scripts/stages.toml.",
        )
    topic = stacks.outputs_of(cloud.stage, found.values()).get("AlarmTopicArn")
    if not topic:
        return f"{address}, which AWS asks to confirm after the first deployment"
    pages = cloud.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    states = {entry["Endpoint"]: entry["SubscriptionArn"] for page in pages for entry in page["Subscriptions"]}
    if not states.get(address, "").startswith("arn:"):
        raise AdviceError(
            f"{address} has not confirmed", 'Open the mail "AWS Notification - Subscription Confirmation" there.'
        )
    return f"{address}, confirmed"


@dataclass(frozen=True)
class Quota:
    """A quota, and how much of it a stage needs.

    Attributes:
        service: its service in Service Quotas.
        code: its code there.
        what: what it counts.
        needed: how much the stage needs beyond what the account uses.
        used: how much that is.
    """

    service: str
    code: str
    what: str
    needed: Callable[[Cloud], float]
    used: Callable[[Cloud], float]

    def check(self, cloud: Cloud) -> str:
        """How much is used of how much; an error if what the stage needs does not fit."""
        allowed, used, needed = self._allowed(cloud), self.used(cloud), self.needed(cloud)
        words = f"{used:.0f} of {allowed:.0f} used"
        if needed and used + needed > allowed:
            raise DeployError(
                f"{words}, but the stage needs {needed:.0f} more",
                f"Remove what is not needed any more, or request an increase: `aws service-quotas "
                f"request-service-quota-increase --service-code {self.service} --quota-code {self.code} "
                f"--desired-value {used + needed:.0f}`.",
            )
        return words

    def _allowed(self, cloud: Cloud) -> float:
        client, asked = cloud.client("service-quotas"), {"ServiceCode": self.service, "QuotaCode": self.code}
        try:
            answer = client.get_service_quota(**asked)
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":  # nobody changed it in this account
                raise
            answer = client.get_aws_default_service_quota(**asked)
        return float(answer["Quota"]["Value"])


def quotas(settings: Settings, new: bool, network: Mapping[str, str]) -> list[Quota]:
    """The quotas that a stage uses up.

    Args:
        settings: the stage's settings.
        new: whether its network is still to be made; otherwise what is used includes the stage's own.
        network: parameters of its network; empty while there is none.
    """
    switch = "PrivateNetwork"
    gateways = settings.parameters[switch] == "true" and network.get(switch) != "true"

    def needs(count: float) -> Callable[[Cloud], float]:
        return lambda _cloud: count if new else 0.0

    def cores(cloud: Cloud) -> float:
        (entry,) = cloud.client("ec2").describe_instance_types(InstanceTypes=[settings.instance_type])["InstanceTypes"]
        return float(entry["VCpuInfo"]["DefaultVCpus"]) * int(settings.values["max_instances"])

    return [
        Quota("vpc", "L-F678F1CE", "VPCs", needs(1), _count("ec2", "describe_vpcs", "Vpcs")),
        Quota("ec2", "L-0263D0A3", "addresses", lambda _cloud: 2.0 if gateways else 0.0, _addresses),
        Quota("ec2", "L-1216C47A", "virtual CPUs", cores if new else needs(0), _cores),
        Quota("elasticloadbalancing", "L-53DA6B97", "load balancers", needs(1), _load_balancers),
    ]


def _count(service: str, operation: str, key: str) -> Callable[[Cloud], float]:
    def count(cloud: Cloud) -> float:
        pages = cloud.client(service).get_paginator(operation).paginate()
        return float(sum(len(page[key]) for page in pages))

    return count


def _addresses(cloud: Cloud) -> float:
    return float(len(cloud.client("ec2").describe_addresses()["Addresses"]))


def _load_balancers(cloud: Cloud) -> float:
    pages = cloud.client("elbv2").get_paginator("describe_load_balancers").paginate()
    return float(sum(each["Type"] == "application" for page in pages for each in page["LoadBalancers"]))


def _cores(cloud: Cloud) -> float:
    """Virtual CPUs of running standard instances."""
    asked = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = cloud.client("ec2").get_paginator("describe_instances").paginate(Filters=asked)
    entries = [each for page in pages for group in page["Reservations"] for each in group["Instances"]]
    return float(sum(_cores_of(each) for each in entries if STANDARD.match(each["InstanceType"])))


def _cores_of(instance: Mapping[str, Any]) -> int:
    options = instance.get("CpuOptions", {})
    return int(options.get("CoreCount", 1)) * int(options.get("ThreadsPerCore", 1))


def _stack_names(stage: str) -> list[str]:
    return [catalogue.stack_name(stage, stack.name) for stack in catalogue.STACKS]
