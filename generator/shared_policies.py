"""What every Lambda may do besides its own calls: read its settings with the stage's key, and live in the VPC."""

from __future__ import annotations

from collections.abc import Sequence

from awacs import aws, ec2, kms
from troposphere import AWS_NO_VALUE, If, Ref, Sub, Template, iam
from troposphere.ec2 import SecurityGroup, Subnet

from generator import keys, private_subnets
from generator.building import allow, policy, purpose
from generator.parameters import parameter

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


def settings(template: Template, sends: bool = False) -> If:
    """Lambda decrypts a function's settings in the name of its role, where the stage has a key.

    Args:
        template: template of the Lambda.
        sends: whether it sends to the topic of alarms, which the key encrypts too, each message with a key of its own.
    """
    keys.encryption(template)
    actions = [kms.Decrypt, kms.GenerateDataKey] if sends else [kms.Decrypt]
    document = policy(allow(actions, Ref(parameter(template, "KeyArn"))))
    return If(keys.WITH_KEY, iam.Policy(PolicyName="settings", PolicyDocument=document), Ref(AWS_NO_VALUE))


def in_the_vpc(template: Template) -> If:
    """Managed policies of a Lambda's role: the network's, where the stage has private subnets.

    Args:
        template: template of the Lambda.
    """
    arn = Ref(parameter(template, "LambdaNetworkPolicyArn"))
    return If(private_subnets.condition(template), [arn], Ref(AWS_NO_VALUE))


def network(template: Template, subnets: Sequence[Subnet], group: SecurityGroup) -> iam.ManagedPolicy:
    """Lambda puts network interfaces into the private subnets in the name of a function's role, and none elsewhere.

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
            Condition=private_subnets.WITH,
            Metadata=purpose("Lets Lambda, but no function's code, put network interfaces into the private subnets"),
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
