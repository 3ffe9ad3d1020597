"""The policy that allows Lambda, but not the functions' own code, to connect functions to the private subnets."""

from __future__ import annotations

from collections.abc import Sequence

from awacs import aws, ec2
from troposphere import Sub, Template, iam
from troposphere.ec2 import SecurityGroup, Subnet

from generator import private_network
from generator.building import allow, policy, purpose

HERE = "${AWS::Region}:${AWS::AccountId}"
CREATE = [ec2.CreateNetworkInterface]
# Lambda asks, before it makes a function, whether the role may call these at all, and names no resource: a role that
# may call them on some interfaces alone is refused. AWS's own policy for this (AWSLambdaVPCAccessExecutionRole) has
# the star for all six.
MANAGE = [
    ec2.AssignPrivateIpAddresses,
    ec2.DeleteNetworkInterface,
    ec2.DescribeNetworkInterfaces,
    ec2.DescribeSubnets,
    ec2.UnassignPrivateIpAddresses,
]


def add(template: Template, subnets: Sequence[Subnet], group: SecurityGroup) -> iam.ManagedPolicy:
    """Lambda creates network interfaces in a function role's name: in the private subnets only.

    Args:
        template: template of the network stack.
        subnets: the private subnets.
        group: security group of the Lambdas.
    """
    here = f"arn:${{AWS::Partition}}:ec2:{HERE}"
    places = [Sub(f"{here}:subnet/${{{subnet.title}}}") for subnet in subnets]
    others = [Sub(f"{here}:network-interface/*"), Sub(f"{here}:security-group/${{{group.title}.GroupId}}")]
    document = policy(
        allow(CREATE, *places, *others),
        allow(MANAGE, "*"),
        not_by_the_code([*CREATE, *MANAGE]),
    )
    return template.add_resource(
        iam.ManagedPolicy(
            "LambdaNetworkPolicy",
            Condition=private_network.WITH,
            Metadata=purpose(
                "Allows Lambda, but no function's code, to create network interfaces in the private subnets"
            ),
            PolicyDocument=document,
        )
    )


def not_by_the_code(actions: Sequence[aws.Action]) -> aws.Statement:
    """What only Lambda itself does: calls from inside a function are refused (Lambda guide, "SourceFunctionArn").

    Args:
        actions: the calls.
    """
    functions = Sub(f"arn:${{AWS::Partition}}:lambda:{HERE}:function:sentiment-${{Stage}}-*")
    return aws.Statement(
        Effect=aws.Deny,
        Action=list(actions),
        Resource=["*"],
        Condition=aws.Condition(aws.ArnLike({"lambda:SourceFunctionArn": functions})),
    )
