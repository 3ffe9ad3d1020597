"""Which calls CloudFormation makes, in the name of whoever deploys, to create, change and delete a type of resource.

Source: the types' own schemas ("handlers" and their "permissions"), as cfn-lint carries them for us-east-1; an upgrade
of cfn-lint may change the pipelines' roles, and the difference of the template says how.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"
READING = re.compile(r"^[\w-]+:(Describe|Get|List)")
# Schemas name whatever a handler might ever touch. What is not of these services belongs to features not used here.
SERVICES = frozenset(
    {
        "apigateway",
        "application-autoscaling",
        "autoscaling",
        "budgets",
        "cloudfront",
        "cloudwatch",
        "dynamodb",
        "ec2",
        "ecs",
        "elasticloadbalancing",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "s3",
        "sns",
        "ssm",
    }
)
# What the schemas leave out: calls that a service makes in the caller's name.
BESIDE = {
    # API Gateway guide, "Configure logging for HTTP APIs", which lists them.
    "AWS::ApiGatewayV2::Stage": frozenset(
        {
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        }
    )
}
# Calls in the schemas that would let a pipeline out of its bounds.
NEVER = re.compile(
    r"^(iam:(\w*(User|Group)\w*|DeleteRolePermissionsBoundary)"
    r"|ecs:PutAccountSetting\w*"
    r"|lambda:InvokeFunction"
    r"|dynamodb:(\w*Item|Query|Scan)"
    r"|s3:(Get|Put|Delete)Object\w*)$",
    re.IGNORECASE,  # a schema writes "s3:getObject"
)


@cache
def of_type(name: str) -> frozenset[str]:
    """Calls for one type of resource.

    Args:
        name: the type, such as ``AWS::ECS::Service``.

    Returns:
        IAM actions; none where the schema names none (CloudFormation's oldest types).
    """
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    named = {call for handler in schema.get("handlers", {}).values() for call in handler.get("permissions", [])}
    named |= BESIDE.get(name, frozenset())
    return frozenset(
        call for call in named if call.split(":")[0] in SERVICES and _exists(call) and not NEVER.match(call)
    )


def of_types(names: Iterable[str]) -> frozenset[str]:
    """Calls for several types of resources."""
    return frozenset().union(*map(of_type, names))


def reading(calls: Iterable[str]) -> list[str]:
    """Those that change nothing."""
    return sorted(call for call in calls if READING.match(call))


def changing(calls: Iterable[str]) -> list[str]:
    """Those that change something."""
    return sorted(call for call in calls if not READING.match(call))


@cache
def _actions() -> dict[str, frozenset[str]]:
    """Every IAM action that AWS has, by service, in lower case."""
    known = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    return {service: frozenset(facts["Actions"]) for service, facts in known.items()}


def _exists(call: str) -> bool:
    """Whether it is an IAM action: some names in the schemas are of APIs, or of actions that never came to be."""
    service, _, name = call.partition(":")
    return name.endswith("*") or name.lower() in _actions().get(service, frozenset())
