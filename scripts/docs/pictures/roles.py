"""The eight main roles: who assumes each, and which services it may call for what. The tables have every call."""

from __future__ import annotations

import itertools

from scripts.docs.access import Grant, grants
from scripts.docs.graph import Node
from scripts.docs.nested import Frame, draw
from scripts.docs.svg import Drawing

ROLES = {
    "RecordRole": "the function that stores judgements",
    "StatsRole": "the function that counts them",
    "ExportRole": "the function that exports them",
    "WriterRole": "the function that writes large exports",
    "InstanceRole": "an instance that joins the cluster",
    "ExecutionRole": "ECS, when it starts a task",
    "SiteRole": "the pipeline of the page",
    "ServiceRole": "the pipeline of the service",
}
# Service in an IAM action -> what it is called, its icon, the kind that colours it.
SERVICES = {
    "apigateway": ("API Gateway", "api-gateway", "api"),
    "cloudformation": ("CloudFormation", "cloudformation", "network"),
    "cloudfront": ("CloudFront", "cloudfront", "page"),
    "dynamodb": ("DynamoDB", "dynamodb", "data"),
    "application-autoscaling": ("Auto Scaling of tasks", "auto-scaling", "compute"),
    "cloudwatch": ("CloudWatch", "cloudwatch", "watch"),
    "ec2": ("EC2", "ec2", "network"),
    "ecr": ("ECR", "ecr", "compute"),
    "ecs": ("ECS", "ecs", "compute"),
    "elasticloadbalancing": ("Load balancing", "elb", "network"),
    "iam": ("IAM", "iam", "access"),
    "kms": ("KMS", "kms", "access"),
    "lambda": ("Lambda", "lambda", "compute"),
    "logs": ("CloudWatch Logs", "cloudwatch", "watch"),
    "s3": ("S3", "s3", "data"),
    "sns": ("SNS", "sns", "watch"),
    "ssm": ("Systems Manager", "ssm", "access"),
    "ssmmessages": ("Session Manager", "ssm", "access"),
}
# What a call does to what it is made on, by the beginning of its name; in the order in which a box says it.
VERBS = {
    "reads": ("BatchCheck", "BatchGet", "Describe", "Discover", "GET", "Get", "List", "Poll", "Query", "Scan"),
    "decrypts": ("Decrypt",),
    "calls": ("InvokeFunction",),
    "passes roles": ("PassRole",),
    "opens sessions": ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"),
    "writes": ("",),
    "deletes": ("Delete", "Deregister"),
}
_numbers = itertools.count()


def picture() -> Drawing:
    """A frame for each role, with a box for each service that it may call."""
    return draw("Who may do what: the eight main roles", frames())


def frames() -> Frame:
    """The roles as frames."""
    found = grants()
    roles = tuple(_role(name, who, [grant for grant in found if grant.who == name]) for name, who in ROLES.items())
    return Frame("The eight main roles, and what each may do", "outside", roles)


def _role(name: str, who: str, its: list[Grant]) -> Frame:
    services: dict[str, set[str]] = {}
    for grant in its:
        for call in grant.calls:
            service = call.partition(":")[0]
            if service in SERVICES and not grant.denied:
                services.setdefault(service, set()).add(call)
    boxes = [_box(service, calls) for service, calls in sorted(services.items())]
    return Frame(f"{name.removesuffix('Role').lower()}: {who}", "access", tuple(boxes), 3, "iam")


def _box(service: str, calls: set[str]) -> Node:
    title, icon, kind = SERVICES[service]
    verbs = {_verb(call.partition(":")[2]) for call in calls}
    words = ", ".join(each for each in VERBS if each in verbs)
    return Node(f"box{next(_numbers)}", title, (words,), kind, icon)


def _verb(name: str) -> str:
    """The verb with the longest beginning of a call's name."""
    fits = [(len(start), verb) for verb, starts in VERBS.items() for start in starts if name.startswith(start)]
    return max(fits)[1]
