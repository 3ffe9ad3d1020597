"""What a call asks of IAM, and whether a role of the pipelines' stack may: judged by the laptop cloud's evaluator.

Which actions a call needs and on what: AWS's service authorization reference (2026-11).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator

from scripts.cloudformation import templates
from tests.contracts.reading import resource

ACCOUNT, REGION = "123456789012", "us-east-1"
ALWAYS = {("sts", "GetCallerIdentity")}  # IAM user guide: no permission is required
S3 = {"ListObjectsV2": "ListBucket", "HeadObject": "GetObject"}
S3 |= {"CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject"}
# The call that shows whether the value of a typed parameter exists.
DESCRIBED = {
    "AWS::EC2::Image::Id": "DescribeImages",
    "AWS::EC2::SecurityGroup::Id": "DescribeSecurityGroups",
    "AWS::EC2::Subnet::Id": "DescribeSubnets",
    "AWS::EC2::VPC::Id": "DescribeVpcs",
}
Context = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """One question to IAM: an action, on what, and what conditions may look at."""

    action: str
    arn: str = "*"
    context: Context = ()


def asked(service: str, operation: str, params: dict[str, Any]) -> Iterator[Asked]:
    """What a call needs.

    Args:
        service: the service that signs it, such as ``cloudformation``.
        operation: such as ``CreateChangeSet``.
        params: its parameters.
    """
    if (service, operation) in ALWAYS:
        return
    if service == "s3":
        if operation == "DeleteObjects":  # asked for each
            for each in params["Delete"]["Objects"]:
                yield Asked("s3:DeleteObject", f"arn:aws:s3:::{params['Bucket']}/{each['Key']}")
            return
        path = f"{params['Bucket']}/{params['Key']}" if "Key" in params else params["Bucket"]
        yield Asked(f"s3:{S3.get(operation, operation)}", f"arn:aws:s3:::{path}")
        if operation == "HeadObject":  # S3 API reference: without it, what is not there is denied instead of missing
            yield Asked("s3:ListBucket", f"arn:aws:s3:::{params['Bucket']}")
        return
    if (service, operation) == ("apigateway", "GetStage"):  # API Gateway's actions are HTTP's methods
        yield Asked("apigateway:GET", _arn(service, f"/apis/{params['ApiId']}/stages/{params['StageName']}", ""))
        return
    for resource_ in _resources(service, params):
        yield Asked(f"{service}:{operation}", resource_)
    if service == "ssm" and operation == "PutParameter" and params.get("Tags"):
        yield Asked("ssm:AddTagsToResource", _arn("ssm", f"parameter{params['Name']}"))
    if (service, operation) == ("cloudformation", "CreateChangeSet"):
        yield from _evaluation(params)


def _evaluation(params: dict[str, Any]) -> Iterator[Asked]:
    """What CloudFormation asks with the caller's rights to make a change set: its role, and parameters' values."""
    if "RoleARN" in params:
        yield Asked("iam:PassRole", params["RoleARN"], (("iam:PassedToService", "cloudformation.amazonaws.com"),))
    body = params.get("TemplateBody", "")
    if "TemplateURL" in params:
        bucket, _, key = params["TemplateURL"].removeprefix("https://").partition("/")
        yield Asked("s3:GetObject", f"arn:aws:s3:::{bucket.partition('.s3.')[0]}/{key}")
        body = templates.load(key.removeprefix("templates/").partition("-")[0]).body
    document = templates.parse("asked", body).document
    given = {each["ParameterKey"]: each.get("ParameterValue", "") for each in params.get("Parameters", [])}
    for name, parameter in document.get("Parameters", {}).items():
        kind = parameter["Type"]
        if kind.startswith("AWS::SSM::Parameter::Value<"):
            value = given.get(name) or parameter["Default"]
            yield Asked("ssm:GetParameters", _arn("ssm", f"parameter{value}", ""))
        inner = kind.removeprefix("AWS::SSM::Parameter::Value<").removeprefix("List<").rstrip(">")
        if inner.startswith("AWS::EC2::"):
            yield Asked(f"ec2:{DESCRIBED[inner]}")
    if "Fn::GetAZs" in str(document):
        yield Asked("ec2:DescribeAvailabilityZones")


def _resources(service: str, params: dict[str, Any]) -> list[str]:
    """ARNs of what a call is about; a call about several asks for each."""
    if service == "cloudformation" and "StackName" in params:
        name = params["StackName"]
        return [name if name.startswith("arn:") else _arn("cloudformation", f"stack/{name}/0")]
    if service == "ssm" and "Path" in params:
        return [_arn("ssm", f"parameter{params['Path'].rstrip('/')}")]
    if service == "ssm":
        named = [params["Name"]] if "Name" in params else params.get("Names", [])
        # AWS's own parameters, which all accounts may read, are in none.
        return [_arn("ssm", f"parameter{name}", "" if name.startswith("/aws/") else ACCOUNT) for name in named]
    if service == "ecs":
        cluster = params["cluster"].rpartition("/")[2]
        names = params.get("services") or [params.get("service") or params.get("serviceName") or "x"]
        return [_arn("ecs", f"service/{cluster}/{name.rpartition('/')[2]}") for name in names]
    if service == "ecr" and "repositoryName" in params:
        return [_arn("ecr", f"repository/{params['repositoryName']}")]
    if service == "dynamodb":
        return [_arn("dynamodb", f"table/{params['TableName']}")]
    return ["*"]


def _arn(service: str, rest: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{rest}"


class Role:
    """A role of the pipelines' stack, as a stage has it.

    Args:
        logical_id: such as ``SiteRole``.
        stage: name of the stage.
        document: the policy; None for the template's.
    """

    def __init__(self, logical_id: str, stage: str, document: dict[str, Any] | None = None) -> None:
        (policy,) = resource("pipeline", logical_id)["Policies"]
        self._id, self._stage = logical_id, stage
        self.document = document or _filled_in(policy["PolicyDocument"], stage)
        self._statements = iam_evaluator.parse_policy_document(self.document)

    def allows(self, question: Asked) -> bool:
        """Whether it may."""
        context: dict[str, Any] = {key.lower(): value for key, value in question.context}
        context.setdefault("aws:tagkeys", None)
        return (
            iam_evaluator.evaluate(
                iam_evaluator.EvalContext(
                    principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{self._id}/job",
                    principal_type="AssumedRole",
                    principal_account=ACCOUNT,
                    action=question.action,
                    resource_arn=question.arn,
                    region=REGION,
                    service_context=context,
                ),
                [self._statements],
            ).decision
            == "Allow"
        )

    def without_each(self) -> Iterator[tuple[str, Role]]:
        """Every allowed action of every statement with its first resource, and the role without it."""
        for number, statement in enumerate(self.document["Statement"]):
            for action in statement["Action"] if statement["Effect"] == "Allow" else []:
                less = copy.deepcopy(self.document)
                less["Statement"][number]["Action"].remove(action)
                less["Statement"] = [each for each in less["Statement"] if each["Action"]]
                yield f"{action} {statement['Resource'][0].rpartition(':')[2]}", Role(self._id, self._stage, less)


def refused(role: Role, questions: Iterable[Asked]) -> list[Asked]:
    """What of this the role may not."""
    return sorted((each for each in questions if not role.allows(each)), key=str)


def _filled_in(value: Any, stage: str) -> Any:
    """The policy as IAM gets it."""
    known = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "Stage": stage}
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return known[value["Ref"]]
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, filled in known.items():
            text = text.replace(f"${{{name}}}", filled)
        return text
    if isinstance(value, dict):
        return {key: _filled_in(each, stage) for key, each in value.items()}
    return [_filled_in(each, stage) for each in value] if isinstance(value, list) else value
