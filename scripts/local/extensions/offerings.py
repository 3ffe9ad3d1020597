"""EC2: every zone of the laptop cloud offers every instance type; the emulator does not answer the question."""

from __future__ import annotations

from typing import Any

from ministack.services import ec2


def register() -> None:
    """Answer DescribeInstanceTypeOfferings."""
    ec2._ACTION_MAP["DescribeInstanceTypeOfferings"] = describe


def describe(parameters: dict[str, Any]) -> Any:
    """The offerings of the types that a filter names, in every zone by its id.

    Args:
        parameters: of the request, as the emulator parses them.
    """
    types = ec2._parse_filters(parameters).get("instance-type", [])
    zones = [ec2._az_id_for_zone_name(f"{ec2.get_region()}{letter}") for letter in "abc"]
    items = "".join(
        f"<item><instanceType>{each}</instanceType><locationType>availability-zone-id</locationType>"
        f"<location>{zone}</location></item>"
        for each in types
        for zone in zones
    )
    answer = f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>"
    return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", answer)
