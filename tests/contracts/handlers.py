"""Which calls CloudFormation makes, with its role's rights, to create, change and delete a type of resource.

Source: the types' own schemas ("handlers" and their "permissions"), as cfn-lint carries them for us-east-1.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"
# Calls for which the reference lists a resource only since recently; whether IAM checks it everywhere is unproven.
OLDER = frozenset(
    {"cloudwatch:GetMetricData", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"}
)
PSEUDO = re.compile(r"\$\{(Partition|Region|Account)\}")
READING = re.compile(r"^[\w-]+:(Describe|Get|List)")
# Schemas list everything that a handler might ever call. Other services belong to features not used here.
SERVICES = frozenset(
    {
        "apigateway",
        "application-autoscaling",
        "autoscaling",
        "budgets",
        "cloudfront",
        "cloudwatch",
        "dynamodb",
        "ecr",
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
# Resources that the stacks' templates have; a call may know others, such as a queue or a layer.
OF_STACKS = re.compile(
    r":(table/|s3:::|function:|sns:[^:]*:[^:]*:|role/|policy/|instance-profile/|(budgets|cloudfront)::[^:]*:[\w-]+/)\.\*$"
)
# Missing from the schemas: calls that a service makes in the caller's name.
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
# Calls in the schemas with which a pipeline could exceed its permissions.
NEVER = re.compile(
    r"^(iam:(\w*(User|Group)\w*|DeleteRolePermissionsBoundary|DeleteServiceLinkedRole)"
    r"|ecs:PutAccountSetting\w*"
    r"|lambda:(InvokeFunction|PassCapacityProvider)"  # the latter of functions that run on instances of their own
    r"|ssm:Get\*"  # of a launch configuration, which the group does not have
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
    # Stacks list nothing: that handler serves the resource explorer and the generator of templates.
    used = [handler for name, handler in schema.get("handlers", {}).items() if name != "list"]
    named = {call for handler in used for call in handler.get("permissions", [])}
    named |= BESIDE.get(name, frozenset())
    return frozenset(
        call for call in named if call.split(":")[0] in SERVICES and _exists(call) and not NEVER.match(call)
    )


def resources(call: str) -> tuple[str, ...]:
    """What a call can be limited to without knowing names: its service, in this region and account.

    Args:
        call: an IAM action.

    Returns:
        Patterns of ARNs, as text for ``Sub``; ``*`` alone where AWS offers no narrower form.
    """
    if call in OLDER:
        return ("*",)
    service, _, name = call.partition(":")
    facts = _known()[service]
    kinds = facts["Actions"].get(name.lower(), {}).get("Resources", [])
    shapes = [shape for kind in kinds for shape in facts["Resources"].get(kind.lower(), {}).get("ARNFormats", [])]
    heads = {":".join([*shape.split(":")[:5], "*"]) for shape in shapes if f":{service}:" in shape}
    return tuple(sorted(PSEUDO.sub(r"${AWS::\1}", head).replace("Account}", "AccountId}") for head in heads)) or ("*",)


def named(call: str, name: str) -> tuple[str, ...]:
    """ARNs of a call's resources with the stage's names in them, where the service has resources be named.

    Args:
        call: an IAM action.
        name: a name as CloudFormation makes it.
    """
    service, _, action = call.partition(":")
    facts = _known()[service]
    kinds = facts["Actions"].get(action.lower(), {}).get("Resources", [])
    shapes = [shape for kind in kinds for shape in facts["Resources"].get(kind.lower(), {}).get("ARNFormats", [])]
    ours = [shape for shape in shapes if OF_STACKS.search(shape)]
    filled = {"Partition": "aws", "Region": REGION, "Account": "123456789012"}
    whole = [PSEUDO.sub(lambda found: filled[found[1]], shape).replace(".*", name) for shape in ours]
    return tuple(whole) or ("*",)


@cache
def _known() -> dict[str, Any]:
    """AWS's service authorization reference: actions and the resources that they work on, in lower case."""
    return load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")


def _exists(call: str) -> bool:
    """Whether it is an IAM action: some names in the schemas are API operations or do not exist."""
    service, _, name = call.partition(":")
    return name.endswith("*") or name.lower() in _known().get(service, {}).get("Actions", {})
