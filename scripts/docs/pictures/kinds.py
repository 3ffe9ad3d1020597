"""Which colour and icon a resource has in pictures, by its AWS service. Tables alone; nothing is drawn here."""

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
_ICONS = {
    "ApiGatewayV2": "api-gateway",
    "ApplicationAutoScaling": "auto-scaling",
    "AutoScaling": "ec2-auto-scaling",
    "Budgets": "budgets",
    "CloudFront": "cloudfront",
    "CloudWatch": "cloudwatch",
    "DynamoDB": "dynamodb",
    "EC2": "vpc",
    "ECR": "ecr",
    "ECS": "ecs",
    "ElasticLoadBalancingV2": "elb",
    "Events": "events",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "Logs": "cloudwatch",
    "S3": "s3",
    "SNS": "sns",
    "SSM": "ssm",
}
_OF_TYPE = {
    "AWS::EC2::InternetGateway": "internet-gateway",
    "AWS::EC2::LaunchTemplate": "ec2",
    "AWS::EC2::NatGateway": "nat-gateway",
    "AWS::EC2::VPCEndpoint": "endpoint",
}


def icon_of(resource: Resource) -> str:
    """The file of icons/ that shows a resource; "" for none."""
    return _OF_TYPE.get(resource.type, _ICONS.get(resource.service, ""))


def kind_of(resource: Resource) -> str:
    """The kind that colours a resource; that of things outside for a service that has none yet."""
    return _KINDS.get(resource.service, "outside")
