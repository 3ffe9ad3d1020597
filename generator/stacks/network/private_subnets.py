"""The private half of the network stack, created only if the stage asks for it: subnets, NAT gateways, routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from troposphere import AWS_NO_VALUE, Cidr, GetAtt, If, Parameter, Ref, Select, Template, ec2

from generator import private_network
from generator.building import name_tag, purpose
from generator.private_network import WITH

SUBNETS = 4  # two public, two private
SUBNET_BITS = 8  # 251 usable addresses each


class Private(NamedTuple):
    """The private subnets, one a zone, and the routes of each."""

    subnets: list[ec2.Subnet]
    tables: list[ec2.RouteTable]


def only_with(tables: Sequence[ec2.RouteTable]) -> list[If]:
    """References to route tables that exist only with the private network.

    Args:
        tables: the tables.
    """
    return [If(WITH, Ref(table), Ref(AWS_NO_VALUE)) for table in tables]


def addresses(vpc: ec2.VPC, number: int) -> Select:
    """Addresses of one subnet.

    Args:
        vpc: what they are taken from.
        number: which subnet, from 0.
    """
    return Select(number, Cidr(GetAtt(vpc, "CidrBlock"), SUBNETS, SUBNET_BITS))


def add(
    template: Template,
    vpc: ec2.VPC,
    zones: Sequence[Parameter],
    public: Sequence[ec2.Subnet],
    attachment: ec2.VPCGatewayAttachment,
) -> Private:
    """Add a private subnet beside each public one, with a NAT gateway of its own, so that no zone needs the other.

    Args:
        template: template of the network stack.
        vpc: the VPC.
        zones: names of the availability zones.
        public: the public subnets, which contain the gateways.
        attachment: what connects the VPC with the internet.
    """
    private_network.condition(template)
    made = Private([], [])
    for number, (zone, beside) in enumerate(zip(zones, public, strict=True), 1):
        gateway = nat_gateway(template, number, beside, attachment)
        made.tables.append(routes(template, vpc, number, gateway))
        made.subnets.append(subnet(template, vpc, number, zone, made.tables[-1]))
    return made


def subnet(template: Template, vpc: ec2.VPC, number: int, zone: Parameter, table: ec2.RouteTable) -> ec2.Subnet:
    """A subnet that cannot be reached from outside."""
    made = template.add_resource(
        ec2.Subnet(
            f"PrivateSubnet{number}",
            Condition=WITH,
            Metadata=purpose(f"Private subnet for instances and Lambdas in availability zone {number}"),
            VpcId=Ref(vpc),
            AvailabilityZone=Ref(zone),
            CidrBlock=addresses(vpc, number + 1),
            MapPublicIpOnLaunch=False,
            Tags=name_tag(f"private-{number}"),
        )
    )
    template.add_resource(
        ec2.SubnetRouteTableAssociation(
            f"{made.title}Routes",
            Condition=WITH,
            Metadata=purpose(f"Associates private subnet {number} with its route table"),
            SubnetId=Ref(made),
            RouteTableId=Ref(table),
        )
    )
    return made


def nat_gateway(
    template: Template, number: int, public: ec2.Subnet, attachment: ec2.VPCGatewayAttachment
) -> ec2.NatGateway:
    """The way out of one zone's private subnet, with an address of its own.

    AWS creates none in a VPC without an internet gateway, and detaches that only once no public address is in use.
    """
    address = template.add_resource(
        ec2.EIP(
            f"NatAddress{number}",
            Condition=WITH,
            DependsOn=attachment.title,
            Metadata=purpose(f"Public address of the NAT gateway in availability zone {number}"),
            Domain="vpc",
            Tags=name_tag(f"nat-{number}"),
        )
    )
    return template.add_resource(
        ec2.NatGateway(
            f"NatGateway{number}",
            Condition=WITH,
            DependsOn=attachment.title,
            Metadata=purpose(f"Allows outgoing connections from availability zone {number} and no incoming ones"),
            AllocationId=GetAtt(address, "AllocationId"),
            SubnetId=Ref(public),
            Tags=name_tag(f"nat-{number}"),
        )
    )


def routes(template: Template, vpc: ec2.VPC, number: int, gateway: ec2.NatGateway) -> ec2.RouteTable:
    """Traffic to destinations outside the VPC goes through the zone's own NAT gateway."""
    table = template.add_resource(
        ec2.RouteTable(
            f"PrivateRoutes{number}",
            Condition=WITH,
            Metadata=purpose(f"Routes of private subnet {number}"),
            VpcId=Ref(vpc),
            Tags=name_tag(f"private-{number}"),
        )
    )
    template.add_resource(
        ec2.Route(
            f"NatRoute{number}",
            Condition=WITH,
            Metadata=purpose(f"Routes outgoing traffic of private subnet {number} through its NAT gateway"),
            RouteTableId=Ref(table),
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=Ref(gateway),
        )
    )
    return table
