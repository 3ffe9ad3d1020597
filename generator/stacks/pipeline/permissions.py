"""What each pipeline may do, as policy statements. The roles that get them: ``generator.stacks.pipeline.stack``.

The site pipeline puts files into the page's bucket. The service pipeline pushes an image and rolls one stack to it.
The infrastructure pipeline deploys the stacks. What stacks are made of none of them may touch: CloudFormation does that
with a role of its own (``stacks.pipeline.deploying``), which they may pass to it and cannot assume.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from awacs import aws
from troposphere import GetAtt, Ref, Sub

from generator import catalogue
from generator.building import receipt_key_arn
from shared.reviews import text_id

HERE = "${AWS::Region}:${AWS::AccountId}"
OURS = f"{catalogue.PROJECT}-${{Stage}}"
PARAMETERS = f"arn:${{AWS::Partition}}:ssm:{HERE}:parameter/{catalogue.PROJECT}/${{Stage}}"
IAM = "arn:${AWS::Partition}:iam::${AWS::AccountId}"
ROLES = f"{IAM}:role/{OURS}"
# What the service pipeline changes: the registry's stack too, without which there is nowhere to push to.
SERVICE_STACKS = ("service", "registry")
CHANGE_SETS = (
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "DeleteChangeSet",
    "DescribeChangeSet",
    "DescribeEvents",
    "DescribeStackEvents",
    "ExecuteChangeSet",
    "GetTemplate",
)
# What CloudFormation asks while it makes a change set, with the rights of whoever makes it, by what a template has.
# CloudFormation user guide, "CloudFormation-supplied parameter types" (2026-11): it checks that the values exist.
ASKED = {
    "Fn::GetAZs": "ec2:DescribeAvailabilityZones",
    "AWS::EC2::Image::Id": "ec2:DescribeImages",
    "AWS::EC2::SecurityGroup::Id": "ec2:DescribeSecurityGroups",
    "AWS::EC2::Subnet::Id": "ec2:DescribeSubnets",
    "AWS::EC2::VPC::Id": "ec2:DescribeVpcs",
}
LOOKED_UP = "AWS::SSM::Parameter::Value<"
Document = dict[str, Any]


def allow(names: Iterable[str], *resources: str | Sub | GetAtt, when: aws.Condition | None = None) -> aws.Statement:
    """Statement that allows calls.

    Args:
        names: the calls, such as ``s3:PutObject``.
        resources: ARNs; text may hold ``${AWS::Region}`` and the like.
        when: condition under which it holds.
    """
    options = {"Condition": when} if when else {}
    return aws.Statement(
        Effect=aws.Allow,
        Action=[_action(name) for name in names],
        Resource=[_sub(each) for each in resources],
        **options,
    )


def deny(names: Iterable[str], *resources: str) -> aws.Statement:
    """Statement that forbids calls, whatever else is allowed."""
    return aws.Statement(
        Effect=aws.Deny, Action=[_action(name) for name in names], Resource=[_sub(each) for each in resources]
    )


def see_stacks() -> aws.Statement:
    """Finding the stage's stacks by their tags, which requires listing all stacks."""
    return allow(["cloudformation:DescribeStacks"], "*")


def change_stacks(names: Iterable[str], built: Iterable[Document]) -> list[aws.Statement]:
    """Changing stacks by change sets, which CloudFormation executes with its own role.

    Args:
        names: short names of the stacks; ``*`` for all but the pipelines' own.
        built: their templates as plain data.
    """
    return [
        allow([f"cloudformation:{call}" for call in CHANGE_SETS], *(_stack(name) for name in names)),
        deny(["cloudformation:*"], _stack("pipeline")),
        *evaluate(built),
    ]


def evaluate(built: Iterable[Document]) -> list[aws.Statement]:
    """What making a change set needs beside CloudFormation: its role, and what the template has it ask.

    Args:
        built: the templates as plain data.
    """
    texts = [json.dumps(each) for each in built]
    asked = sorted({call for text in texts for what, call in ASKED.items() if what in text})
    return [
        pass_roles([f"{ROLES}-pipeline-DeployRole-*"], ["cloudformation.amazonaws.com"]),
        *([allow(asked, "*")] if asked else []),
        *([public_parameters()] if any(LOOKED_UP in text for text in texts) else []),
    ]


def public_parameters() -> aws.Statement:
    """Reading AWS's own parameters, such as the one that names the newest machine image."""
    return allow(["ssm:GetParameters"], "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/*")


def site() -> list[aws.Statement]:
    """Changing the page's files and invalidating them in CloudFront, under the stage's lock."""
    tagged = {
        f"aws:ResourceTag/{catalogue.TAG_PROJECT}": catalogue.PROJECT,
        f"aws:ResourceTag/{catalogue.TAG_STAGE}": Ref("Stage"),
    }
    bucket = f"arn:${{AWS::Partition}}:s3:::{OURS}-site-*"
    return [
        see_stacks(),
        *lock(),
        allow(["s3:ListBucket"], bucket),
        allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], f"{bucket}/*"),
        allow(
            ["cloudfront:CreateInvalidation"],
            "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*",
            when=aws.Condition(aws.StringEquals(tagged)),
        ),
    ]


def service(built: Iterable[Document]) -> list[aws.Statement]:
    """Pushing an image, rolling it out with the service stack, testing it, and recording that it worked.

    Args:
        built: templates of ``SERVICE_STACKS`` as plain data.
    """
    push: tuple[str, ...] = (
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "GetDownloadUrlForLayer",
    )
    push += ("InitiateLayerUpload", "PutImage", "UploadLayerPart")
    images = f"arn:${{AWS::Partition}}:ecr:{HERE}:repository/{OURS}-registry-*"
    return [
        see_stacks(),
        *change_stacks(SERVICE_STACKS, built),
        *lock(),
        *history(),
        *watch_service(),
        *watch_canary(),
        *smoke_test(),
        allow([f"ecr:{call}" for call in push], images),
        allow(["ecr:BatchDeleteImage", "ecr:ListImages"], images),  # taking the tags that keep an image
        allow(["ecr:GetAuthorizationToken"], "*"),
    ]


def infrastructure(built: Iterable[Document]) -> list[aws.Statement]:
    """Deploying every stack but the pipelines' own, whose roles and boundary it must not widen.

    Args:
        built: templates of the app's stacks as plain data.
    """
    code = f"arn:${{AWS::Partition}}:s3:::{OURS}-artifacts-*"
    return [
        see_stacks(),
        *change_stacks(["*"], built),
        allow(["cloudformation:DeleteStack", "cloudformation:UpdateTerminationProtection"], _stack("*")),
        *lock(),
        *history(),
        allow(["ssm:GetParameter"], f"{PARAMETERS}/{catalogue.CLOSED_PARAMETER}"),
        allow(["s3:ListBucket"], code),
        allow(["s3:GetObject", "s3:PutObject"], f"{code}/*"),
        *watch_service(),
        *smoke_test(),
    ]


def plan(built: Iterable[Document]) -> list[aws.Statement]:
    """Asking CloudFormation what would change, and nothing else: it may execute no change set.

    Args:
        built: templates of the app's stacks as plain data.
    """
    asking = ("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "DescribeEvents", "GetTemplate")
    return [
        see_stacks(),
        allow([f"cloudformation:{call}" for call in asking], _stack("*")),
        deny(["cloudformation:*"], _stack("pipeline")),
        *evaluate(built),
    ]


def retrain() -> list[aws.Statement]:
    """Reading all judgements but what was erased, and changing nothing."""
    table = f"arn:${{AWS::Partition}}:dynamodb:{HERE}:table/{OURS}-data"
    return [
        see_stacks(),
        allow(["dynamodb:DescribeTable", "dynamodb:Scan"], f"{table}-Judgements*"),
        allow(["dynamodb:Query"], f"{table}-Ledger*"),
    ]


def lock() -> list[aws.Statement]:
    """Holding the stage's lock, which has one parameter per generation."""
    generations = f"{PARAMETERS}/{catalogue.LOCK_PATH}"
    own = ("AddTagsToResource", "DeleteParameter", "PutParameter")
    return [
        allow([f"ssm:{call}" for call in own], f"{generations}/*"),
        allow(["ssm:GetParametersByPath"], generations),
    ]


def history() -> list[aws.Statement]:
    """Recording which images worked."""
    own = ("AddTagsToResource", "GetParameters", "PutParameter")
    return [allow([f"ssm:{call}" for call in own], f"{PARAMETERS}/{catalogue.HISTORY_PARAMETER}")]


def watch_service() -> list[aws.Statement]:
    """Waiting until the service is steady, and waking it if it is asleep."""
    service_arn = f"arn:${{AWS::Partition}}:ecs:{HERE}:service/{OURS}-*"
    tasks = [
        f"arn:${{AWS::Partition}}:ecs:{HERE}:{what}/{OURS}-*" for what in ("cluster", "container-instance", "task")
    ]
    return [
        allow(["ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks", "ecs:UpdateService"], service_arn, *tasks)
    ]


def watch_canary() -> list[aws.Statement]:
    """Reading what the tasks log, which names no text, to compare a canary with the others."""
    # CloudFormation names the group after its stack; the laptop cloud puts a path before that.
    return [allow(["logs:GetLogEvents"], f"arn:${{AWS::Partition}}:logs:{HERE}:log-group:*{OURS}-service*")]


def smoke_test() -> list[aws.Statement]:
    """Verifying the receipt of the smoke test's prediction, and removing only its own judgement and counts."""
    identity = text_id(catalogue.SMOKE_REVIEW)
    table = f"arn:${{AWS::Partition}}:dynamodb:{HERE}:table/{OURS}-data"
    return [
        allow(["dynamodb:DeleteItem", "dynamodb:Query"], f"{table}-Judgements*", when=_leading_keys(identity)),
        allow(["dynamodb:DeleteItem"], f"{table}-Counts*", when=_leading_keys(f"{catalogue.SMOKE_MODEL_PREFIX}*")),
        allow(["ssm:GetParameter"], f"{PARAMETERS}/export-token"),
        allow(["ssm:GetParameters"], receipt_key_arn()),
        # An API that answers 429 may have been closed by the stage's switch: then it cannot be tested.
        allow(["apigateway:GET"], "arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/*/stages/*"),
    ]


def pass_roles(arns: Iterable[str], services: Iterable[str]) -> aws.Statement:
    """Passing roles to these services only."""
    to = aws.Condition(aws.StringEquals({"iam:PassedToService": sorted(services)}))
    return allow(["iam:PassRole"], *arns, when=to)


def trust(provider: Ref | object, subject: str) -> aws.Statement:
    """Who may assume a role: a job of our repository whose token has this subject.

    Args:
        provider: ARN of GitHub's identity provider.
        subject: end of the token's subject, such as ``environment:dev-site``.
    """
    claims = {
        f"{catalogue.GITHUB_ISSUER}:aud": catalogue.GITHUB_AUDIENCE,
        f"{catalogue.GITHUB_ISSUER}:sub": Sub(f"repo:${{PipelineRepository}}:{subject}"),
    }
    return aws.Statement(
        Effect=aws.Allow,
        Principal=aws.Principal("Federated", provider),
        Action=[aws.Action("sts", "AssumeRoleWithWebIdentity")],
        Condition=aws.Condition(aws.StringEquals(claims)),
    )


def _leading_keys(pattern: str) -> aws.Condition:
    # "ForAllValues" alone is true of a request that names no key at all; "Null" asks for one.
    keys = {"dynamodb:LeadingKeys": [pattern]}
    return aws.Condition([aws.ForAllValuesStringLike(keys), aws.Null({"dynamodb:LeadingKeys": "false"})])


def _stack(name: str) -> str:
    return f"arn:${{AWS::Partition}}:cloudformation:{HERE}:stack/{OURS}-{name}/*"


def _action(name: str) -> aws.Action:
    return aws.Action(*name.split(":", 1))


def _sub(resource: str | Sub | GetAtt) -> Sub | GetAtt | str:
    return Sub(resource) if isinstance(resource, str) and "${" in resource else resource
