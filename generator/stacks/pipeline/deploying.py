"""What CloudFormation may do with the role that it deploys with, as policy statements.

Whole services rather than single calls: which calls a type of resource needs, AWS changes without notice. Nobody but
CloudFormation may assume the role, and the pipelines that may pass it reach the stage's stacks alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from awacs import aws
from troposphere import Ref, Sub

from generator import boundary
from generator.stacks.pipeline import boundary_policy
from generator.stacks.pipeline.permissions import IAM, OURS, ROLES, allow, deny, pass_roles, public_parameters

# Service-linked roles that AWS creates at the first use of a service in an account.
LINKED = (
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "ops.apigateway.amazonaws.com",
)
# Services whose resources are named after the stage's stacks, so that all of a service can be allowed for those alone.
OWN = ("dynamodb", "lambda", "sns")
# Services that name resources by themselves: allowed in the stage's region.
IN_THE_REGION = (
    "apigateway",
    "application-autoscaling",
    "autoscaling",
    "cloudwatch",
    "ec2",
    "ecr",
    "ecs",
    "elasticloadbalancing",
    "events",
    "kms",
    "logs",
)
# Calls about what carries no name of the stage. For the last three the authorization reference lists a topic only since
# recently; whether IAM checks it everywhere is unproven.
UNNAMED = (
    "lambda:GetCodeSigningConfig",
    "lambda:GetLayerVersion",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
)
# Services that are in no region.
WITHOUT_REGION = ("budgets", "cloudfront")
# What reads or writes the data in what the stacks are made of, or has it run; no stack needs it.
DATA = (
    *(f"dynamodb:{call}Item" for call in ("Get", "Put", "Update", "Delete", "BatchGet", "BatchWrite")),
    *(f"dynamodb:{call}" for call in ("Query", "Scan", "PartiQL*", "ExportTableToPointInTime")),
    *(f"lambda:{call}" for call in ("InvokeFunction", "InvokeAsync")),
    *(f"ecs:{call}" for call in ("ExecuteCommand", "RunTask", "StartTask")),
    *(f"sns:{call}" for call in ("Publish",)),
)


def statements(services: Iterable[str]) -> list[aws.Statement]:
    """Everything that stacks are made of, none of the data in it.

    Args:
        services: the services that assume the app's roles, such as ``lambda.amazonaws.com``.
    """
    buckets = boundary_policy.RESOURCES["s3"]
    here = aws.Condition(aws.StringEquals({"aws:RequestedRegion": Ref("AWS::Region")}))
    return [
        *(allow([f"{service}:*"], boundary_policy.RESOURCES[service]) for service in OWN),
        allow(["s3:*Bucket*", "s3:*Configuration", "s3:*Tag*Resource"], buckets),
        allow(["s3:GetObject", "s3:GetObjectVersion"], f"arn:${{AWS::Partition}}:s3:::{OURS}-artifacts-*/*"),
        allow([*(f"{service}:*" for service in IN_THE_REGION), *UNNAMED], "*", when=here),
        *(
            allow([f"{service}:*"], f"arn:${{AWS::Partition}}:{service}::${{AWS::AccountId}}:*")
            for service in WITHOUT_REGION
        ),
        allow(["billing:GetBillingViewData"], "*"),  # AWS asks for it beside every call of Budgets
        # What is to be created has no name yet. IAM user guide, "aws:RequestedRegion": CloudFront's is always this one.
        allow(["cloudfront:Create*"], "*", when=aws.Condition(aws.StringEquals({"aws:RequestedRegion": "us-east-1"}))),
        public_parameters(),
        deny(DATA, "*"),
        *roles(services),
    ]


def roles(services: Iterable[str]) -> list[aws.Statement]:
    """Making and changing the app's roles: none without the boundary, none of the pipelines' own.

    Args:
        services: the services that assume the app's roles, such as ``lambda.amazonaws.com``.
    """
    own, profiles, policies = f"{ROLES}-*", f"{IAM}:instance-profile/{OURS}-*", f"{IAM}:policy/{OURS}-network-*"
    bounded = aws.StringEquals({"iam:PermissionsBoundary": boundary.arn()})
    shared = aws.ArnLike({"iam:PolicyARN": Sub(policies)})
    change = ("CreateRole", "DeleteRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy")
    reading = ("Get*", "List*")
    keep = ("DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription")
    return [
        allow(_iam(change), own, when=aws.Condition(bounded)),
        allow(_iam(("AttachRolePolicy", "DetachRolePolicy")), own, when=aws.Condition([bounded, shared])),
        allow(_iam(keep), own),
        allow(_iam(("*InstanceProfile",)), profiles),
        allow(_iam(f"{call}Policy{what}" for call in ("Create", "Delete") for what in ("", "Version")), policies),
        allow(_iam(reading), *(f"{IAM}:{kind}/*" for kind in ("role", "policy", "instance-profile"))),
        pass_roles([own], services),
        allow(
            ["iam:CreateServiceLinkedRole"],
            f"{IAM}:role/aws-service-role/*",
            when=aws.Condition(aws.StringEquals({"iam:AWSServiceName": list(LINKED)})),
        ),
        deny(["iam:*"], f"{ROLES}-pipeline-*", f"{IAM}:policy/{OURS}-pipeline-*", f"{IAM}:policy/{OURS}-boundary-*"),
    ]


def _iam(names: Iterable[str]) -> list[str]:
    return [f"iam:{name}" for name in names]
