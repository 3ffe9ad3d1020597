"""Whether the caller may make every call of a deployment, as IAM itself evaluates it.

``creating.json`` has the calls with which CloudFormation creates a type of resource in the caller's name, out of the
types' own schemas, which cfn-lint carries; as only developers have that, `make schemas` writes them down.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation import templates
from scripts.cloudformation.resolving import Resolver
from scripts.image import repository
from scripts.stage.errors import AdviceError, DeployError, code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

FILE = Path(__file__).with_name("creating.json")
REGION = "us-east-1"
# What the orchestrator calls itself, and what change sets ask in its name.
DIRECT = (
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:UpdateTerminationProtection",
    "cloudfront:CreateInvalidation",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypeOfferings",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchDeleteImage",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:ListImages",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListTasks",
    "ecs:UpdateService",
    "iam:CreateServiceLinkedRole",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "ssm:AddTagsToResource",
    "ssm:DeleteParameter",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:PutParameter",
)
# Services of which a stage without CloudFront, or without a registry of its own, calls nothing.
OPTIONAL = ("cloudfront:", "ecr:")
ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")
AT_ONCE = 100
SHOWN = 12


@cache
def known() -> dict[str, list[str]]:
    """The file: by type, the calls that create a resource."""
    found: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def of_stage(settings: Settings, region: str) -> list[str]:
    """The calls of a stage's first deployment.

    Args:
        settings: the stage's settings; a resource that they switch off needs none.
        region: where it is deployed; a resource that does not exist there needs none.
    """
    made, values = set[str](), {**settings.parameters, "AWS::Region": region}
    for template in templates.load_all():
        if repository.chosen(settings, catalogue.stack(template.stack)):
            for resource in Resolver(template, values).resources():
                made.update(known().get(resource.type, ()))
    services = tuple(service for service in OPTIONAL if any(call.startswith(service) for call in made))
    return sorted(made | {call for call in DIRECT if not call.startswith(OPTIONAL) or call.startswith(services)})


def check(cloud: Cloud, settings: Settings) -> str:
    """Ask IAM about every call; details.

    Raises:
        AdviceError: IAM may not be asked, or allows some calls for no or only for some resources.
        DeployError: a policy denies a call, whatever allows it.
    """
    caller = str(cloud.client("sts").get_caller_identity()["Arn"])
    if caller.endswith(":root"):
        raise AdviceError(
            "the root user may do everything", "Deploy with a role or user of its own (IAM Identity Center)."
        )
    try:
        source = _policies_of(cloud, caller)
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        raise AdviceError(
            f"IAM does not find the role of {caller}", "Nothing to do, if the role has administrator's rights."
        ) from error
    wanted = of_stage(settings, cloud.region)
    client, denied, missing = cloud.client("iam"), [], []
    for start in range(0, len(wanted), AT_ONCE):
        answer = client.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=wanted[start : start + AT_ONCE], MaxItems=AT_ONCE
        )
        for each in answer["EvaluationResults"]:
            if each["EvalDecision"] == "explicitDeny":
                denied.append(each["EvalActionName"])
            elif each["EvalDecision"] != "allowed":
                missing.append(each["EvalActionName"])
    if denied:
        raise DeployError(
            f"a policy denies {_some(denied)}",
            "Deploy with another role, or ask whoever wrote that policy (perhaps your organisation) for an exception.",
        )
    if missing:
        raise AdviceError(
            f"{len(missing)} of {len(wanted)} calls are not allowed for all resources: {_some(missing)}",
            "Where they are not allowed for the stage's own either, deploy with administrator's rights, "
            "or add them to the role.",
        )
    return f"all {len(wanted)} calls of a first deployment are allowed"


def _policies_of(cloud: Cloud, caller: str) -> str:
    """ARN of the role or user whose policies apply. A session's ARN has its role's name without the path.

    A role that people sign in to through IAM Identity Center has a path, and IAM finds no role without it.
    """
    session = re.fullmatch(r"arn:[\w-]+:sts::\d+:assumed-role/([^/]+)/.+", caller)
    return str(cloud.client("iam").get_role(RoleName=session[1])["Role"]["Arn"]) if session else caller


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def from_schemas() -> str:
    """What the file should say, out of the schemas of cfn-lint."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    lines = []
    for type_ in sorted({each.type for template in templates.load_all() for each in template.resources.values()}):
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type_).schema
        named = schema.get("handlers", {}).get("create", {}).get("permissions", [])
        lines.append(f"  {json.dumps(type_)}: {json.dumps(sorted({each for each in named if ACTION.fullmatch(each)}))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(from_schemas(), encoding="utf-8")
