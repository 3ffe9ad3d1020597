"""The same stage under other settings: what each costs, compared with the settings it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator import catalogue
from scripts.cloudformation.resolving import Resolver
from scripts.cloudformation.templates import Resource, Template
from scripts.costs import bill
from scripts.costs.bill import Bill
from scripts.costs.prices import Prices
from scripts.costs.usage import HOURS, Stage, Traffic, Use
from scripts.image import repository
from scripts.stage.settings import Settings

NIGHT_HOURS = 12  # hours a day without an instance, for a stage that sleeps at night


@dataclass(frozen=True)
class Variant:
    """One way to run the stage: its name, what differs in a few words, and its bill."""

    name: str
    what: str
    bill: Bill


def compute(
    found: list[Template], settings: Settings, prices: Prices, traffic: Traffic, other: Mapping[str, str] | None = None
) -> Bill:
    """Compute the bill of a stage, optionally with other settings.

    Args:
        found: the templates.
        settings: the stage's settings.
        prices: of its region.
        traffic: of the month.
        other: differing values by Parameter name.
    """
    values = {**settings.parameters, "AWS::Region": prices.region, **(other or {})}
    deployed = [each for each in found if repository.chosen(settings, catalogue.stack(each.stack))]
    resources = [resource for template in deployed for resource in Resolver(template, values).resources()]
    return bill.make(Stage(resources, values, traffic), prices)


def variants(found: list[Template], settings: Settings, prices: Prices, traffic: Traffic) -> list[Variant]:
    """The stage as it is set, then with one setting changed at a time."""
    asleep = replace(traffic, awake=traffic.awake * (24 - NIGHT_HOURS) / 24)
    arm = {
        "InstanceType": settings.parameters["InstanceType"]
        .replace("t2.", "t4g.")
        .replace("t3.", "t4g.")
        .replace("t3a.", "t4g.")
    }
    cdn = settings.parameters["CloudFront"] == "true"
    other_cdn = {"CloudFront": "false" if cdn else "true"}
    as_set = compute(found, settings, prices, traffic)
    return [
        Variant("as set, always on", "", as_set),
        Variant(
            "nights asleep",
            f"`sentiment sleep` for {NIGHT_HOURS} of 24 hours",
            compute(found, settings, prices, asleep),
        ),
        Variant("on arm64", arm["InstanceType"], compute(found, settings, prices, traffic, arm)),
        Variant(
            "no CDN" if cdn else "with CDN",
            "S3 serves the page, without HTTPS" if cdn else "CloudFront serves the page, by HTTPS",
            compute(found, settings, prices, traffic, other_cdn),
        ),
        _other_network(as_set),
    ]


def _other_network(as_set: Bill) -> Variant:
    """Private subnets behind a NAT gateway if the stage's are public, public ones if they are private."""
    instances = sum(line.use.units for line in as_set.lines if line.use.price.startswith("ec2."))
    gateways = sum(line.use.units for line in as_set.lines if line.use.price == "vpc.nat")
    kept = [line for line in as_set.lines if line.use.price not in ("vpc.nat", "vpc.address")]
    if gateways:
        uses = [Use("vpc.address", instances, "the instances' own addresses")]
        name, what = "without NAT gateways", "public subnets, closed by security groups"
    else:
        uses = [Use("vpc.nat", HOURS, "one NAT gateway"), Use("vpc.address", HOURS, "its public IPv4 address")]
        name, what = "with a NAT gateway", "private subnets, as in many reference architectures"
    network = Resource("network", "OtherNetwork", "AWS::EC2::NatGateway", "how instances reach the internet")
    more = [bill.Line(network, use, use.units * as_set.prices.of(use.price)) for use in uses]
    return Variant(name, what, Bill(kept + more, as_set.prices))
