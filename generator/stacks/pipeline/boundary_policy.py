"""Permissions boundary: the most that any role of the app can be allowed. The roles themselves are in the stacks.

A pipeline that may create roles could otherwise create one with more rights than its own. So the pipelines' stack has a
managed policy that names every call the app's roles make today, and the infrastructure pipeline may make no role
without it. A role that needs more needs a new boundary first, which only an administrator can give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from troposphere import Sub

# The resources of this stage to limit calls to, by service; CloudFormation names resources after their stack.
RESOURCES = {
    "apigateway": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/*",
    "dynamodb": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/sentiment-${Stage}-*",
    "s3": "arn:${AWS::Partition}:s3:::sentiment-${Stage}-*",
    "lambda": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:sentiment-${Stage}-*",
    "sns": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:sentiment-${Stage}-*",
    # AWS or its agents choose the names of these, so calls can only be limited to the account.
    "ec2": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*",
    "ecr": "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*",
    "ecs": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*",
    "kms": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*",
    "logs": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*",
    "ssm": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:*",
}
# Calls of those services that AWS allows only for all resources ("Service Authorization Reference"), or checks
# without naming a resource (stacks/network/lambda_policy.py explains the last two).
ANYWHERE = re.compile(
    r"ec2:(Describe|DeleteNetworkInterface|(Un)?[Aa]ssignPrivateIpAddresses).*|ecr:GetAuthorizationToken|ecs:(CreateCluster|DiscoverPollEndpoint)|logs:Describe.*"
    r"|ssm:(?!(GetParameters?|PutParameter)$).*"
)


def statements(actions: Iterable[str]) -> list[dict[str, Any]]:
    """The boundary's statements: the calls, limited to the stage's own resources where the service supports that.

    Args:
        actions: every call that a role makes.
    """
    by_service: dict[str, list[str]] = {}
    for action in sorted(set(actions)):
        by_service.setdefault(action.split(":")[0], []).append(action)
    anywhere = sorted(action for action in set(actions) if _for_everything(action))
    scoped = [
        {"Effect": "Allow", "Action": kept, "Resource": [Sub(RESOURCES[service])]}
        for service, found in by_service.items()
        if (kept := [action for action in found if not _for_everything(action)])
    ]
    return [*scoped, {"Effect": "Allow", "Action": anywhere, "Resource": ["*"]}]


def _for_everything(action: str) -> bool:
    return action.split(":")[0] not in RESOURCES or bool(ANYWHERE.fullmatch(action))


def actions_of(templates: Iterable[dict[str, Any]]) -> set[str]:
    """Every call that the roles of some templates are allowed.

    Args:
        templates: templates as plain data.
    """
    found: set[str] = set()
    for resources in (template["Resources"].values() for template in templates):
        for properties in (body.get("Properties", {}) for body in resources if body["Type"].startswith("AWS::IAM::")):
            found |= _allowed(properties)
    return found


def _allowed(properties: dict[str, Any]) -> set[str]:
    policies = [one["Fn::If"][1] if "Fn::If" in one else one for one in properties.get("Policies", [])]
    documents = [policy["PolicyDocument"] for policy in policies]
    documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
    allowed = [one for document in documents for one in document["Statement"] if one["Effect"] == "Allow"]
    return {action for one in allowed for action in one["Action"]}
