"""Every permission is needed: each is taken from its role in turn, and the call that it is for is refused.

Which calls the code makes is read from the code (tests/contracts/test_permissions.py); here IAM itself answers. The
roles' policies are changed in the running laptop cloud, and put back.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from scripts.cloudformation import stacks
from scripts.cloudformation.stacks import collect_outputs
from tests.local.running import RunningApp

Call = Callable[[Any, dict[str, Any]], Any]
OBJECT = "least-privilege"

# Permission -> service, and the call that asks for it, as the code or AWS in its name makes it.
CALLS: dict[str, tuple[str, Call]] = {
    "dynamodb:DeleteItem": ("dynamodb", lambda c, o: c.delete_item(TableName=o["table"], Key=o["key"])),
    "dynamodb:GetItem": ("dynamodb", lambda c, o: c.get_item(TableName=o["table"], Key=o["key"])),
    "dynamodb:PutItem": ("dynamodb", lambda c, o: c.put_item(TableName=o["table"], Item=o["key"])),
    "dynamodb:UpdateItem": ("dynamodb", lambda c, o: c.update_item(TableName=o["table"], Key=o["key"])),
    "dynamodb:ConditionCheckItem": (
        "dynamodb",
        lambda c, o: c.transact_write_items(
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": o["table"],
                        "Key": o["key"],
                        "ConditionExpression": "attribute_not_exists(id)",
                    }
                }
            ]
        ),
    ),
    "dynamodb:Query": (
        "dynamodb",
        lambda c, o: c.query(
            TableName=o["table"],
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": o["key"]["id"]},
        ),
    ),
    "dynamodb:Scan": ("dynamodb", lambda c, o: c.scan(TableName=o["table"], Limit=1)),
    "s3:PutObject": ("s3", lambda c, o: c.put_object(Bucket=o["ExportBucketName"], Key=OBJECT, Body=b"x")),
    "s3:GetObject": ("s3", lambda c, o: c.get_object(Bucket=o["ExportBucketName"], Key=OBJECT)),
    "s3:AbortMultipartUpload": (
        "s3",
        lambda c, o: c.abort_multipart_upload(Bucket=o["ExportBucketName"], Key=OBJECT, UploadId="none"),
    ),
    "ssm:GetParameter": ("ssm", lambda c, o: c.get_parameter(Name=o["parameter"], WithDecryption=True)),
    "ssm:PutParameter": ("ssm", lambda c, o: c.put_parameter(Name=o["parameter"], Value="x", Type="String")),
    "ec2:DescribeImages": ("ec2", lambda c, o: c.describe_images(ImageIds=[o["ImageId"]])),
    "cloudwatch:GetMetricData": (
        "cloudwatch",
        lambda c, o: c.get_metric_data(
            MetricDataQueries=[{"Id": "one", "Expression": "1"}],
            StartTime=datetime(2026, 1, 1, tzinfo=UTC),
            EndTime=datetime(2026, 1, 2, tzinfo=UTC),
        ),
    ),
    "sns:Publish": ("sns", lambda c, o: c.publish(TopicArn=o["AlarmTopicArn"], Message="x")),
    "apigateway:PATCH": (
        "apigatewayv2",
        lambda c, o: c.update_stage(ApiId=o["ApiId"], StageName="$default", Description="least privilege"),
    ),
    "kms:GenerateDataKey": ("kms", lambda c, o: c.generate_data_key(KeyId=o["KeyArn"], KeySpec="AES_256")),
    "ecr:GetAuthorizationToken": ("ecr", lambda c, o: c.get_authorization_token()),
}
# What no call on a laptop can show: AWS makes these itself, in the name of the role.
UNPROVEN = {
    "ec2:AssignPrivateIpAddresses": "Lambda, which puts a function into the private subnets",
    "ec2:CreateNetworkInterface": "Lambda",
    "ec2:DeleteNetworkInterface": "Lambda",
    "ec2:DescribeNetworkInterfaces": "Lambda",
    "ec2:DescribeSubnets": "Lambda",
    "ec2:UnassignPrivateIpAddresses": "Lambda",
    "ecr:BatchCheckLayerAvailability": "ECS, which pulls the image",
    "ecr:BatchGetImage": "ECS",
    "ecr:GetDownloadUrlForLayer": "ECS",
    "ecs:DeregisterContainerInstance": "the agent of ECS on an instance",
    "ecs:DiscoverPollEndpoint": "the agent",
    "ecs:Poll": "the agent",
    "ecs:RegisterContainerInstance": "the agent",
    "ecs:StartTelemetrySession": "the agent",
    "ecs:SubmitAttachmentStateChanges": "the agent",
    "ecs:SubmitContainerStateChange": "the agent",
    "ecs:SubmitTaskStateChange": "the agent",
    "ecs:TagResource": "the agent",
    "ecs:UpdateContainerInstancesState": "the agent",
    "kms:Decrypt": "Lambda, which reads a function's settings",
    "lambda:InvokeFunction": "the export, which goes on in a run of its own; a try would start one",
    "logs:CreateLogStream": "the emulator compares it with the group's ARN alone, AWS with that and :*",
    "logs:PutLogEvents": "likewise",
    "ssm:GetParameters": "ECS, which gives a task its secret",
    "ssm:UpdateInstanceInformation": "the agent of Session Manager",
    "ssmmessages:CreateControlChannel": "the agent of Session Manager",
    "ssmmessages:CreateDataChannel": "the agent of Session Manager",
    "ssmmessages:OpenControlChannel": "the agent of Session Manager",
    "ssmmessages:OpenDataChannel": "the agent of Session Manager",
}

REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


@dataclass(frozen=True)
class Permission:
    """One action that one statement of a policy allows; a role may have the same one for several tables."""

    policy: str
    statement: int
    action: str
    resource: str


@dataclass(frozen=True)
class Role:
    """One role of the deployed stacks: its stack's short name, logical id, name, and policies by name."""

    stack: str
    title: str
    name: str
    policies: dict[str, Any]

    @property
    def permissions(self) -> list[Permission]:
        """Every permission."""
        return [
            Permission(policy, place, action, str(statement["Resource"][0]))
            for policy, document in self.policies.items()
            for place, statement in enumerate(document["Statement"])
            if statement["Effect"] == "Allow"
            for action in statement["Action"]
        ]


@pytest.fixture(scope="module")
def roles(app: RunningApp) -> list[Role]:
    iam = app.cloud.client("iam")
    found = []
    for state in stacks.of_stage(app.cloud):
        resources = app.cloud.client("cloudformation").describe_stack_resources(StackName=state.name)["StackResources"]
        for each in (each for each in resources if each["ResourceType"] == "AWS::IAM::Role"):
            name = each["PhysicalResourceId"]
            policies = {
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            } | {
                policy["PolicyName"]: _document(iam, policy["PolicyArn"])
                for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            }
            found.append(Role(state.name.rpartition("-")[2], each["LogicalResourceId"], name, policies))
    return found


def _document(iam: Any, arn: str) -> Any:
    """What a managed policy says now."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


@pytest.fixture(scope="module")
def outputs(app: RunningApp) -> dict[str, str]:
    return dict(collect_outputs(app.cloud))


def test_every_permission_is_proven_or_known_not_to_be(roles: list[Role]) -> None:
    granted = {each.action for role in roles for each in role.permissions}

    assert {role.title for role in roles} >= {"RecordRole", "ExportRole", "StatsRole", "ExecutionRole", "SwitchRole"}
    assert granted == CALLS.keys() | UNPROVEN.keys()
    assert not CALLS.keys() & UNPROVEN.keys()


def test_without_a_permission_its_call_is_refused(app: RunningApp, roles: list[Role], outputs: dict[str, str]) -> None:
    """One test, for each step changes what the next one starts from; the count says that none was left out."""
    iam = app.cloud.client("iam")
    tried = 0
    for role in roles:
        trusted = iam.get_role(RoleName=role.name)["Role"]
        session = _session(app, trusted["Arn"])
        for permission in role.permissions:
            action = permission.action
            if action not in CALLS:
                continue
            known = {**outputs, **_own(app, permission.resource)}
            assert _refused(app, session, action, known) is None, f"{role.title} may not {action} with all that it has"
            with Without(iam, role, permission):
                refused = _refused(app, session, action, known)
            assert refused, f"{role.title} may {action} {permission.resource} without being allowed to"
            if "table" in known:  # what a call wrote is a key alone, which no judgement is
                app.cloud.client("dynamodb").delete_item(TableName=known["table"], Key=known["key"])
            if action == "ssm:PutParameter":  # it would keep the API closed at the next deployment
                app.cloud.client("ssm").delete_parameter(Name=known["parameter"])
            tried += 1
    assert tried == sum(each.action in CALLS for role in roles for each in role.permissions) >= 12


def _own(app: RunningApp, where: str) -> dict[str, Any]:
    """What the permission is for: a table and a key of it, a log, a parameter."""
    if ":table/" in where:
        table = app.cloud.client("dynamodb").describe_table(TableName=where.split(":table/")[1])["Table"]
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
        key = {name: {types[name]: "0"} for name in (each["AttributeName"] for each in table["KeySchema"])}
        return {"table": table["TableName"], "key": key}
    return {
        "log": where.partition(":log-group:")[2].removesuffix(":*"),
        "parameter": where.partition(":parameter")[2],
    }


class Without:
    """The role without one permission, until the end of the block."""

    def __init__(self, iam: Any, role: Role, permission: Permission) -> None:
        self._iam, self._role, self._policy = iam, role, permission.policy
        self._less = copy.deepcopy(role.policies[permission.policy])
        statement = self._less["Statement"][permission.statement]
        statement["Action"] = [each for each in statement["Action"] if each != permission.action]
        self._less["Statement"] = [statement for statement in self._less["Statement"] if statement["Action"]]

    def __enter__(self) -> None:
        if self._less["Statement"]:
            self._put(self._less)
        else:
            self._iam.delete_role_policy(RoleName=self._role.name, PolicyName=self._policy)

    def __exit__(self, *_: object) -> None:
        self._put(self._role.policies[self._policy])

    def _put(self, document: Any) -> None:
        self._iam.put_role_policy(
            RoleName=self._role.name, PolicyName=self._policy, PolicyDocument=json.dumps(document)
        )


def _session(app: RunningApp, arn: str) -> boto3.session.Session:
    keys = app.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="least-privilege")["Credentials"]
    return boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")


def _refused(app: RunningApp, session: boto3.session.Session, action: str, known: dict[str, str]) -> str | None:
    """Why IAM refused the call; None when it let it pass, whatever the service then said to it."""
    service, call = CALLS[action]
    try:
        call(session.client(service, endpoint_url=app.endpoint_url), known)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        return str(error) if code in REFUSALS else None
    return None
