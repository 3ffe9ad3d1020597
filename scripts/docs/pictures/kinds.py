"""Which colour a resource has in pictures, by its AWS service. One table; nothing is drawn here."""

from __future__ import annotations

from scripts.cloudformation.templates import Resource

_KINDS = {
    "ApiGatewayV2": "api",
    "ApplicationAutoScaling": "compute",
    "AutoScaling": "compute",
    "Budgets": "watch",
    "CloudFront": "page",
    "CloudTrail": "watch",
    "CloudWatch": "watch",
    "DynamoDB": "data",
    "EC2": "network",
    "ECR": "compute",
    "ECS": "compute",
    "ElasticLoadBalancingV2": "network",
    "Events": "watch",
    "IAM": "access",
    "KMS": "access",
    "Lambda": "compute",
    "Logs": "watch",
    "S3": "data",
    "SNS": "watch",
    "SSM": "access",
}


def kind_of(resource: Resource) -> str:
    """The kind that colours a resource; that of things outside for a service that has none yet."""
    return _KINDS.get(resource.service, "outside")
