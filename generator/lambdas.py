"""What every Lambda has beside its own calls: settings that it can decrypt, and a place in the VPC."""

from __future__ import annotations

from awacs import kms
from troposphere import AWS_NO_VALUE, Equals, If, Not, Ref, Template, awslambda, iam

from generator import keys, private_network
from generator.building import allow, policy
from generator.parameters import parameter

WITH_SHARE = "WithShareOfConcurrency"


def settings_policy(template: Template, sends: bool = False) -> If:
    """Lambda decrypts a function's settings in the name of its role, where the stage has a key.

    Args:
        template: template of the Lambda.
        sends: whether it sends to the topic of alarms, which the key encrypts too, each message with a key of its own.
    """
    keys.encryption(template)
    actions = [kms.Decrypt, kms.GenerateDataKey] if sends else [kms.Decrypt]
    document = policy(allow(actions, Ref(parameter(template, "KeyArn"))))
    return If(keys.WITH_KEY, iam.Policy(PolicyName="settings", PolicyDocument=document), Ref(AWS_NO_VALUE))


def network_policies(template: Template) -> If:
    """Managed policies of a Lambda's role: the network's, where the stage has private subnets.

    Args:
        template: template of the Lambda.
    """
    arn = Ref(parameter(template, "LambdaNetworkPolicyArn"))
    return If(private_network.condition(template), [arn], Ref(AWS_NO_VALUE))


def vpc_config(template: Template) -> If:
    """A function's place in the private subnets, where the stage has them."""
    place = awslambda.VPCConfig(
        SubnetIds=Ref(parameter(template, "InstanceSubnetIds")),
        SecurityGroupIds=[Ref(parameter(template, "LambdaSecurityGroupId"))],
    )
    return If(private_network.condition(template), place, Ref(AWS_NO_VALUE))


def concurrency(template: Template) -> If:
    """A share of the account's concurrency for each function alone, where the stage wants that."""
    share = parameter(template, "LambdaConcurrency")
    template.add_condition(WITH_SHARE, Not(Equals(Ref(share), 0)))
    return If(WITH_SHARE, Ref(share), Ref(AWS_NO_VALUE))
