"""The two availability zones of a stage: chosen once, by zone id, and kept for the stage's life.

A zone's name means another zone in another account (us-east-1a), its id the same one in all (use1-az1). Not every zone
has VPC links or every instance type. A subnet cannot move to another zone: CloudFormation would create one with the
same addresses beside it, and EC2 refuses that. So what a deployed network has is never chosen again.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator import catalogue, regions
from scripts.cloudformation.stacks import StackState
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

NETWORK = next(stack for stack in catalogue.STACKS if stack.zones)
# Zones that have VPC links for HTTP APIs, by region: "Set up VPC links V2 in API Gateway", Availability by Region
# (docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html, read 2026-11-27).
VPC_LINKS = {
    "ap-east-1": {"ape1-az2", "ape1-az3"},
    "ap-northeast-1": {"apne1-az1", "apne1-az2", "apne1-az4"},
    "ap-northeast-2": {"apne2-az1", "apne2-az2", "apne2-az3"},
    "ap-south-1": {"aps1-az1", "aps1-az2", "aps1-az3"},
    "ap-southeast-1": {"apse1-az1", "apse1-az2", "apse1-az3"},
    "ap-southeast-2": {"apse2-az1", "apse2-az2", "apse2-az3"},
    "ca-central-1": {"cac1-az1", "cac1-az2"},
    "eu-central-1": {"euc1-az1", "euc1-az2", "euc1-az3"},
    "eu-north-1": {"eun1-az1", "eun1-az2", "eun1-az3"},
    "eu-south-2": {"eus2-az1", "eus2-az2", "eus2-az3"},
    "eu-west-1": {"euw1-az1", "euw1-az2", "euw1-az3"},
    "eu-west-2": {"euw2-az1", "euw2-az2", "euw2-az3"},
    "eu-west-3": {"euw3-az1", "euw3-az3"},
    "me-south-1": {"mes1-az1", "mes1-az2", "mes1-az3"},
    "sa-east-1": {"sae1-az1", "sae1-az2", "sae1-az3"},
    "us-east-1": {"use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"},
    "us-east-2": {"use2-az1", "use2-az2", "use2-az3"},
    "us-gov-west-1": {"usgw1-az1", "usgw1-az2", "usgw1-az3"},
    "us-west-1": {"usw1-az1", "usw1-az3"},
    "us-west-2": {"usw2-az1", "usw2-az2", "usw2-az3", "usw2-az4"},
}


def of_stage(cloud: Cloud, settings: Settings, found: Mapping[str, StackState]) -> dict[str, str]:
    """The zones of a stage: those of its network or, where there is none yet, two of those that fit.

    Args:
        cloud: the stage.
        settings: its settings, for the instance type.
        found: the account's stacks by name.

    Returns:
        Names of the zones, by Parameter.

    Raises:
        DeployError: fewer than two zones fit, or no stage can be in the region.
    """
    names = kept(cloud.stage, found)
    if not names:
        check_region(cloud)
        names = sorted(fitting(cloud, settings.instance_type).values())
    return dict(zip(catalogue.ZONE_PARAMETERS, names, strict=False))


def check_region(cloud: Cloud) -> None:
    """Refuse a region in which no stage can be, before anything is made there.

    Raises:
        DeployError: it is one.
    """
    if why := regions.unsuitable(cloud.region):
        others = ", ".join(name for name in regions.BY_DEFAULT if name in VPC_LINKS)
        raise DeployError(f"{why}.", f"Choose another with --region, such as one of {others}.")


def kept(stage: str, found: Mapping[str, StackState]) -> list[str]:
    """Names of the zones that a stage's network is in; none while there is no network.

    Args:
        stage: name of the stage.
        found: the account's stacks by name.
    """
    state = found.get(catalogue.stack_name(stage, NETWORK.name))
    return state.outputs.get(NETWORK.zones, "").split(",") if state and NETWORK.zones in state.outputs else []


def fitting(cloud: Cloud, instance_type: str) -> dict[str, str]:
    """The two zones that a new stage would be in: those with the lowest ids among those that have what it needs.

    A region that AWS's list of VPC links does not have is not refused for that: the list may be older than the region.

    Args:
        cloud: the stage.
        instance_type: type of its instances.

    Returns:
        Name by id.

    Raises:
        DeployError: fewer than two zones fit.
    """
    ec2 = cloud.client("ec2")
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    zones = ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = {zone["ZoneId"]: zone["ZoneName"] for zone in zones}
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone-id", Filters=[{"Name": "instance-type", "Values": [instance_type]}]
    )["InstanceTypeOfferings"]
    with_type = names.keys() & {offer["Location"] for offer in offered}
    fit = sorted(with_type & VPC_LINKS.get(cloud.region, with_type))
    if len(fit) < len(catalogue.ZONE_PARAMETERS):
        raise DeployError(
            f"{cloud.region} has {len(fit)} zones for this account that offer {instance_type} and VPC links"
            f" ({', '.join(fit) or 'none'}), and a stage needs two. Zones with {instance_type}:"
            f" {', '.join(sorted(with_type)) or 'none'}; zones with VPC links:"
            f" {', '.join(sorted(VPC_LINKS.get(cloud.region, names.keys())))}.",
            "Deploy to another region (--region), or set another instance_type for the stage in stages.toml.",
        )
    return {zone: names[zone] for zone in fit[: len(catalogue.ZONE_PARAMETERS)]}
