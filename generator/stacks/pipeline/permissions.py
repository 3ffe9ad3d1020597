"""What each pipeline may do, as policy statements. The roles that get them: ``generator.stacks.pipeline.stack``.

The site pipeline puts files into the page's bucket. The service pipeline pushes an image and rolls one stack to it.
The infrastructure pipeline deploys the stacks; what those are made of it may change through CloudFormation alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from awacs import aws
from troposphere import Ref, Sub

from generator import boundary, catalogue
from generator.building import receipt_key_arn
from generator.stacks.pipeline import boundary_policy, calls
from shared.reviews import text_id

HERE = "${AWS::Region}:${AWS::AccountId}"
OURS = f"{catalogue.PROJECT}-${{Stage}}"
PARAMETERS = f"arn:${{AWS::Partition}}:ssm:{HERE}:parameter/{catalogue.PROJECT}/${{Stage}}"
IAM = "arn:${AWS::Partition}:iam::${AWS::AccountId}"
ROLES = f"{IAM}:role/{OURS}"
SERVICE_TYPES = ("AWS::ECS::TaskDefinition", "AWS::ECS::Service")
CHANGE_SETS = (
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "DeleteChangeSet",
    "DescribeChangeSet",
    "DescribeStackEvents",
    "DescribeStackResource",
    "ExecuteChangeSet",
    "GetTemplate",
)
# Service-linked roles that AWS creates at the first use of a service in an account.
LINKED = (
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "ops.apigateway.amazonaws.com",
)
# Services in which a change can be limited to names derived from the stage's stacks.
OWN_RESOURCES = {service: boundary_policy.RESOURCES[service] for service in ("dynamodb", "s3", "lambda", "sns")}


def allow(names: Iterable[str], *resources: str | Sub, when: aws.Condition | None = None) -> aws.Statement:
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


def change_stacks(*names: str) -> aws.Statement:
    """Changing stacks by change sets."""
    return allow([f"cloudformation:{call}" for call in CHANGE_SETS], *(_stack(name) for name in names))


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


def service() -> list[aws.Statement]:
    """Pushing an image, rolling it out with the service stack, testing it, and recording that it worked."""
    push: tuple[str, ...] = (
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "GetDownloadUrlForLayer",
    )
    push += ("InitiateLayerUpload", "PutImage", "UploadLayerPart")
    return [
        see_stacks(),
        change_stacks("service"),
        *lock(),
        *history(),
        *watch_service(),
        *smoke_test(),
        allow([f"ecr:{call}" for call in push], f"arn:${{AWS::Partition}}:ecr:{HERE}:repository/{catalogue.PROJECT}*"),
        allow(["ecr:GetAuthorizationToken"], "*"),
    ]


def service_changes() -> list[aws.Statement]:
    """What CloudFormation does in the pipeline's name to roll out the service."""
    made = calls.of_types(SERVICE_TYPES)
    return [
        *kept_close(calls.reading(made)),
        *kept_close([name for name in calls.changing(made) if name.startswith("ecs:")], through_cloudformation()),
        pass_roles([f"{ROLES}-service-*"], ["ecs-tasks.amazonaws.com"]),
    ]


def infrastructure() -> list[aws.Statement]:
    """Deploying every stack but the pipelines' own, whose roles and boundary it must not widen."""
    code = f"arn:${{AWS::Partition}}:s3:::{OURS}-artifacts-*"
    return [
        see_stacks(),
        change_stacks("*"),
        allow(["cloudformation:DeleteStack", "cloudformation:UpdateTerminationProtection"], _stack("*")),
        deny(["cloudformation:*"], _stack("pipeline")),
        *lock(),
        *history(),
        machine_image(),
        allow(["s3:ListBucket"], code),
        allow(["s3:GetObject", "s3:PutObject"], f"{code}/*"),
        *watch_service(),
        *smoke_test(),
    ]


def plan() -> list[aws.Statement]:
    """Asking CloudFormation what would change, and nothing else: it may execute no change set."""
    asking = ("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "GetTemplate")
    return [
        see_stacks(),
        allow([f"cloudformation:{call}" for call in asking], _stack("*")),
        deny(["cloudformation:*"], _stack("pipeline")),
        machine_image(),
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
    keep = ("DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription")
    return [
        allow(_iam(change), own, when=aws.Condition(bounded)),
        allow(_iam(("AttachRolePolicy", "DetachRolePolicy")), own, when=aws.Condition([bounded, shared])),
        allow(_iam(keep), own),
        allow(_iam(f"{call}InstanceProfile" for call in ("AddRoleTo", "Create", "Delete", "RemoveRoleFrom")), profiles),
        allow(_iam(f"{call}Policy{what}" for call in ("Create", "Delete") for what in ("", "Version")), policies),
        pass_roles([own], services),
        allow(
            ["iam:CreateServiceLinkedRole"],
            f"{IAM}:role/aws-service-role/*",
            when=aws.Condition(aws.StringEquals({"iam:AWSServiceName": list(LINKED)})),
        ),
        deny(["iam:*"], f"{ROLES}-pipeline-*", f"{IAM}:policy/{OURS}-pipeline-*", f"{IAM}:policy/{OURS}-boundary"),
    ]


def changes(types: Iterable[str]) -> list[aws.Statement]:
    """What CloudFormation does, in the pipeline's name, to the types that the stacks are made of; roles apart.

    Args:
        types: types of resources.
    """
    names = [name for name in calls.changing(calls.of_types(types)) if not name.startswith("iam:")]
    return kept_close(names, through_cloudformation())


def reads(types: Iterable[str]) -> list[aws.Statement]:
    """What CloudFormation reads of them."""
    return kept_close([name for name in calls.reading(calls.of_types(types)) if not name.endswith(":Get*")])


def kept_close(names: Iterable[str], when: aws.Condition | None = None) -> list[aws.Statement]:
    """Statements that allow calls, each limited as far as AWS supports.

    That is what is named after the stage's stacks where the service names resources after them, elsewhere all of the
    service's in the region and the account, and ``*`` where the call knows no resource.

    Args:
        names: the calls.
        when: condition under which they are allowed.
    """
    together: dict[str, list[str]] = {}
    for name in names:
        together.setdefault("*" if calls.resources(name) == ("*",) else name.split(":")[0], []).append(name)
    return [allow(found, *_nearest(service, found), when=when) for service, found in together.items()]


def service_of(statement: aws.Statement) -> str:
    """The service that a statement is about, to group statements; "" for several services.

    Args:
        statement: what ``kept_close`` returned.
    """
    named = {action.prefix for action in statement.properties["Action"]}
    return named.pop() if len(named) == 1 else ""


def _nearest(service: str, names: Iterable[str]) -> list[str]:
    """What calls of one service can be limited to; of ``*``, nothing."""
    if service in OWN_RESOURCES:
        return [OWN_RESOURCES[service]]
    return sorted({pattern for name in names for pattern in calls.resources(name)})


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
    own = ("AddTagsToResource", "GetParameter", "PutParameter")
    return [allow([f"ssm:{call}" for call in own], f"{PARAMETERS}/{catalogue.HISTORY_PARAMETER}")]


def machine_image() -> aws.Statement:
    """Reading the public parameter that names the newest machine image."""
    return allow(
        ["ssm:GetParameter", "ssm:GetParameters"], "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/*"
    )


def watch_service() -> list[aws.Statement]:
    """Waiting until the service is steady, and waking it if it is asleep."""
    service_arn = f"arn:${{AWS::Partition}}:ecs:{HERE}:service/{OURS}-*"
    tasks = [
        f"arn:${{AWS::Partition}}:ecs:{HERE}:{what}/{OURS}-*" for what in ("cluster", "container-instance", "task")
    ]
    return [
        allow(["ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks", "ecs:UpdateService"], service_arn, *tasks)
    ]


def smoke_test() -> list[aws.Statement]:
    """Verifying the receipt of the smoke test's prediction, and removing only its own judgement and counts."""
    identity = text_id(catalogue.SMOKE_REVIEW)
    erase = ["dynamodb:DeleteItem", "dynamodb:Query"]
    table = f"arn:${{AWS::Partition}}:dynamodb:{HERE}:table/{OURS}-data"
    return [
        allow(erase, f"{table}-Judgements*", when=_leading_keys(identity)),
        allow(erase, f"{table}-Counts*", when=_leading_keys(f"{catalogue.SMOKE_MODEL_PREFIX}*")),
        allow(["ssm:GetParameter"], f"{PARAMETERS}/export-token", receipt_key_arn()),
    ]


def pass_roles(arns: Iterable[str], services: Iterable[str]) -> aws.Statement:
    """Passing roles to these services only."""
    to = aws.Condition(aws.StringEquals({"iam:PassedToService": sorted(services)}))
    return allow(["iam:PassRole"], *arns, when=to)


def through_cloudformation() -> aws.Condition:
    """Only while CloudFormation does it for us (IAM user guide, "aws:CalledVia")."""
    return aws.Condition(aws.ForAnyValueStringEquals({"aws:CalledVia": ["cloudformation.amazonaws.com"]}))


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


def _iam(names: Iterable[str]) -> list[str]:
    return [f"iam:{name}" for name in names]


def _action(name: str) -> aws.Action:
    return aws.Action(*name.split(":", 1))


def _sub(resource: str | Sub) -> Sub | str:
    return Sub(resource) if isinstance(resource, str) and "${" in resource else resource
