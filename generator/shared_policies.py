"""What every Lambda may do besides its own calls: read its settings with the stage's key, and live in the VPC."""

from __future__ import annotations

from awacs import ec2, kms
from troposphere import AWS_NO_VALUE, If, Ref, Sub, Template, iam

from generator import keys, private_subnets
from generator.building import allow, policy
from generator.parameters import parameter


def of_lambdas(template: Template, sends: bool = False) -> list[If]:
    """Both policies, for the role of a Lambda; each is there only where the stage has what it is about.

    Args:
        template: template of the Lambda.
        sends: whether it sends to the topic of alarms, which the stage's key encrypts too.
    """
    keys.encryption(template)
    wanted = (
        (keys.WITH_KEY, key_policy(template, sends)),
        (private_subnets.condition(template), network_policy(template)),
    )
    return [If(condition, document, Ref(AWS_NO_VALUE)) for condition, document in wanted]


def key_policy(template: Template, sends: bool) -> iam.Policy:
    """Lambda decrypts a function's settings in the name of its role; a message is sent with a key of its own."""
    actions = [kms.Decrypt, kms.GenerateDataKey] if sends else [kms.Decrypt]
    return iam.Policy(PolicyName="settings", PolicyDocument=policy(allow(actions, Ref(parameter(template, "KeyArn")))))


def network_policy(template: Template) -> iam.Policy:
    """Lambda puts network interfaces into the private subnets in the name of a function's role, and none elsewhere."""
    here = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}"
    interfaces, subnets = Sub(f"{here}:network-interface/*"), Sub(f"{here}:subnet/*")
    group = Sub(f"{here}:security-group/${{{parameter(template, 'LambdaSecurityGroupId').title}}}")
    change = [ec2.AssignPrivateIpAddresses, ec2.DeleteNetworkInterface, ec2.UnassignPrivateIpAddresses]
    document = policy(
        allow([ec2.DescribeNetworkInterfaces, ec2.DescribeSubnets], "*"),  # AWS offers no narrower form
        allow([ec2.CreateNetworkInterface], interfaces, subnets, group),
        allow(change, interfaces),
    )
    return iam.Policy(PolicyName="network", PolicyDocument=document)
