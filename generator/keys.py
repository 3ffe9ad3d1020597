"""The stage's own KMS key: its policy, and how other stacks use it if there is one."""

from __future__ import annotations

from awacs import aws, kms
from troposphere import AWS_NO_VALUE, Equals, If, Not, Ref, Sub, Template

from generator.building import NONE, policy
from generator.parameters import parameter

WITH_KEY = "WithOwnKey"
USE = [kms.Action("Decrypt"), kms.Action("Encrypt"), kms.Action("GenerateDataKey*"), kms.Action("ReEncrypt*")]
# Services that send to the alarm topic by themselves; a Lambda does so with its role.
SENDERS = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]


def encryption(template: Template) -> If:
    """The key's ARN for a property of a resource, or no such property if the stage has no key.

    Args:
        template: template that has the resource.
    """
    arn = parameter(template, "KeyArn")
    template.add_condition(WITH_KEY, Not(Equals(Ref(arn), NONE)))
    return If(WITH_KEY, Ref(arn), Ref(AWS_NO_VALUE))


def key_policy() -> aws.PolicyDocument:
    """The account manages the key and says in its roles' policies who may use it; logs and alarms use it themselves."""
    log_groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    return policy(
        aws.Statement(
            Sid="Account",
            Effect=aws.Allow,
            Principal=aws.Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
            Action=[kms.Action("*")],
            Resource=["*"],  # in a key's policy: this key
        ),
        # Grants only for AWS services that encrypt with the key for us.
        aws.Statement(
            Sid="Grants",
            Effect=aws.Deny,
            Principal=aws.Principal("AWS", "*"),
            Action=[kms.CreateGrant],
            Resource=["*"],
            Condition=aws.Condition(
                aws.BoolIfExists({"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"})
            ),
        ),
        aws.Statement(
            Sid="Logs",
            Effect=aws.Allow,
            Principal=aws.Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}")),
            Action=[*USE, kms.DescribeKey],
            Resource=["*"],
            Condition=aws.Condition(aws.ArnLike({"kms:EncryptionContext:aws:logs:arn": log_groups})),
        ),
        aws.Statement(
            Sid="Alarms",
            Effect=aws.Allow,
            Principal=aws.Principal("Service", SENDERS),
            Action=[kms.Decrypt, kms.Action("GenerateDataKey*")],
            Resource=["*"],
            Condition=aws.Condition(aws.StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
        ),
    )
