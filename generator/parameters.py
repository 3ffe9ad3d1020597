"""Every Parameter that a template can have, each defined once; the stacks choose which ones they have.

A Parameter that is a stage setting takes its Default from ``scripts/stages.toml``, so that a template deployed by
hand behaves as one deployed by the orchestrator. The others have a Default only where one is sane.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from troposphere import Parameter, Template

from generator.catalogue import LAMBDAS, MACHINE_IMAGES, STAGE_NAME, STAGE_NAME_RULE
from generator.paths import STAGES

_SWITCH = {"Type": "String", "AllowedValues": ["true", "false"]}
_SECURITY_GROUP = {"Type": "AWS::EC2::SecurityGroup::Id"}
_ARN = {"Type": "String", "AllowedPattern": "^arn:.+$"}
_NAME = {"Type": "String", "MinLength": 1}
# Not AWS::EC2::AvailabilityZone::Name: CloudFormation checks that with the rights of whoever deploys.
_ZONE = {
    "Type": "String",
    "AllowedPattern": "^[a-z]+(-[a-z]+)+-[0-9][a-z]$",
    "ConstraintDescription": "name of an availability zone, such as eu-central-1a",
}

# Name -> what CloudFormation checks and shows. Values are in the units that the description names.
DEFINITIONS: dict[str, dict[str, Any]] = {
    "Stage": {
        "Type": "String",
        "Description": "Stage that this stack belongs to",
        "Default": "dev",
        "AllowedPattern": f"^{STAGE_NAME}$",
        "ConstraintDescription": STAGE_NAME_RULE,
    },
    # artifacts
    "OwnKey": {
        **_SWITCH,
        "Description": "Whether logs, alarms and Lambda settings are encrypted by a key of the stage",
    },
    "KeyArn": {
        "Type": "String",
        "Description": "KMS key of the stage, or none for AWS's own keys (artifacts stack)",
        "Default": "none",
        "AllowedPattern": "^(none|arn:.+)$",
    },
    "AlarmEmail": {
        "Type": "String",
        "Description": "E-mail address for alarms; empty: none",
        "AllowedPattern": r"^([^@\s]+@[^@\s]+)?$",
        "ConstraintDescription": "empty, or an address such as you@example.com",
    },
    "AlarmTopicArn": {**_ARN, "Description": "Topic that alarms are sent to (artifacts stack)"},
    "LogBucketName": {**_NAME, "Description": "Bucket of access logs (artifacts stack)"},
    "LogBucketDomainName": {**_NAME, "Description": "Bucket of access logs, as CloudFront names it (artifacts stack)"},
    # network
    "PrivateNetwork": {
        **_SWITCH,
        "Description": "Whether instances and Lambdas are in private subnets behind a NAT gateway in each zone",
    },
    "Zones": {"Type": "CommaDelimitedList", "Description": "Availability zones of the subnets (network stack)"},
    "InstanceSubnetIds": {
        "Type": "List<AWS::EC2::Subnet::Id>",
        "Description": "Subnets of the instances (network stack)",
    },
    "LambdaSecurityGroupId": {**_SECURITY_GROUP, "Description": "Security group of Lambdas (network stack)"},
    "LambdaNetworkPolicyArn": {
        "Type": "String",
        "Description": "Policy of Lambdas in private subnets, or none (network stack)",
        "AllowedPattern": "^(none|arn:.+)$",
    },
    "FlowLogs": {**_SWITCH, "Description": "Whether connections in the VPC are logged"},
    "VpcCidr": {
        "Type": "String",
        "Description": "Address range of the VPC; must not overlap with peered networks",
        "AllowedPattern": r"^(\d{1,3}\.){3}\d{1,3}/(1[6-9]|2[0-2])$",
        "ConstraintDescription": "an IPv4 block between /16 and /22, such as 10.20.0.0/16, which holds four subnets",
    },
    "FirstZone": {
        **_ZONE,
        "Description": "First availability zone; chosen once, since subnets cannot change zones; must have VPC links",
    },
    "SecondZone": {**_ZONE, "Description": "Second availability zone, likewise; must differ from the first"},
    "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "VPC of the stage (network stack)"},
    "PublicSubnetIds": {
        "Type": "List<AWS::EC2::Subnet::Id>",
        "Description": "The two public subnets (network stack)",
    },
    "LinkSecurityGroupId": {**_SECURITY_GROUP, "Description": "Security group of the VPC link (network stack)"},
    "LoadBalancerSecurityGroupId": {
        **_SECURITY_GROUP,
        "Description": "Security group of the load balancer (network stack)",
    },
    "InstanceSecurityGroupId": {**_SECURITY_GROUP, "Description": "Security group of the instances (network stack)"},
    # data
    "DeletionProtection": {**_SWITCH, "Description": "Whether tables and load balancer are protected against deletion"},
    "JudgementDays": {
        "Type": "Number",
        "Description": "Days until a judgement is deleted, counted from when it arrives; 0: never",
        "MinValue": 0,
        "MaxValue": 36500,
    },
    "ExportDays": {
        "Type": "Number",
        "Description": "Days until an export in the bucket expires",
        "MinValue": 1,
        "MaxValue": 30,
    },
    "JudgementsTableName": {**_NAME, "Description": "Name of the table of judgements (data stack)"},
    "JudgementsTableArn": {**_ARN, "Description": "ARN of the table of judgements (data stack)"},
    "CountsTableName": {**_NAME, "Description": "Name of the table of counts (data stack)"},
    "CountsTableArn": {**_ARN, "Description": "ARN of the table of counts (data stack)"},
    "LedgerTableName": {**_NAME, "Description": "Name of the table of what counts and what was erased (data stack)"},
    "LedgerTableArn": {**_ARN, "Description": "ARN of the table of what counts and what was erased (data stack)"},
    "ExportsTableName": {**_NAME, "Description": "Name of the table of large exports in progress (data stack)"},
    "ExportsTableArn": {**_ARN, "Description": "ARN of the table of large exports in progress (data stack)"},
    "ExportBucketName": {**_NAME, "Description": "Name of the bucket of large exports (data stack)"},
    "ExportBucketArn": {**_ARN, "Description": "ARN of the bucket of large exports (data stack)"},
    # cluster
    "InstanceImageId": {
        "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "Description": "SSM parameter that names the ECS-optimised machine image, of InstanceType's architecture",
        "Default": MACHINE_IMAGES["amd64"],
    },
    "InstanceType": {
        "Type": "String",
        "Description": "EC2 instance type of the cluster",
        "AllowedPattern": r"^[a-z0-9-]+\.[a-z0-9-]+$",
    },
    "CpuCredits": {
        "Type": "String",
        "Description": "What a burstable instance does without CPU credits: it slows down (standard) or costs more"
        " (unlimited); none for other instance types",
        "AllowedValues": ["standard", "unlimited", "none"],
    },
    "DetailedMonitoring": {**_SWITCH, "Description": "Whether instances report metrics every minute, at extra cost"},
    "MinInstances": {
        "Type": "Number",
        "Description": "Minimum number of instances; 0 while the stage is asleep",
        "MinValue": 0,
        "MaxValue": 100,
    },
    "MaxInstances": {"Type": "Number", "Description": "Maximum number of instances", "MinValue": 1, "MaxValue": 100},
    "ContainerInsights": {
        "Type": "String",
        "Description": "CloudWatch Container Insights of the cluster; costs money unless disabled",
        "AllowedValues": ["disabled", "enabled", "enhanced"],
    },
    "ClusterName": {**_NAME, "Description": "Name of the ECS cluster (cluster stack)"},
    "AutoScalingGroupName": {**_NAME, "Description": "Auto Scaling group of the instances (cluster stack)"},
    "ImageId": {"Type": "AWS::EC2::Image::Id", "Description": "Machine image of new instances (cluster stack)"},
    "CapacityProviderName": {**_NAME, "Description": "Capacity provider of the instances (cluster stack)"},
    "ListenerArn": {**_ARN, "Description": "Listener of the load balancer (cluster stack)"},
    "LoadBalancerFullName": {**_NAME, "Description": "Load balancer's name in metrics (cluster stack)"},
    # service
    "ServiceName": {**_NAME, "Description": "Name of the ECS service (service stack)"},
    "TargetGroupFullName": {**_NAME, "Description": "Target group's name in metrics (service stack)"},
    "ImageUri": {**_NAME, "Description": "Container image to run, as repository:tag"},
    "CanaryImageUri": {
        "Type": "String",
        "Description": "Container image of the canary, one task beside the others; empty: no canary",
        "Default": "",
    },
    "MinTasks": {
        "Type": "Number",
        "Description": "Minimum number of tasks; 0 while the stage is asleep",
        "MinValue": 0,
        "MaxValue": 100,
    },
    "MaxTasks": {
        "Type": "Number",
        "Description": "Maximum number of tasks; 0 while the stage is asleep",
        "MinValue": 0,
        "MaxValue": 100,
    },
    "TaskMemory": {
        "Type": "Number",
        "Description": "Memory of a task in MiB; a task that exceeds it is killed and replaced",
        "MinValue": 64,
        "MaxValue": 8192,
    },
    "TaskCpu": {
        "Type": "Number",
        "Description": "CPU shares of a task, 1024 for a core; idle shares are available to other tasks",
        "MinValue": 128,
        "MaxValue": 4096,
    },
    "Workers": {"Type": "Number", "Description": "gunicorn workers in a task", "MinValue": 1, "MaxValue": 16},
    "LogLevel": {
        "Type": "String",
        "Description": "Least severe level that the service logs",
        "AllowedValues": ["debug", "info", "warning", "error"],
    },
    "LogDays": {
        "Type": "Number",
        "Description": "Days that logs are kept",
        "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
    },
    "RequestsPerTask": {
        "Type": "Number",
        "Description": "Target of requests per task and minute; above it a task is added",
        "MinValue": 1,
    },
    # api
    "ArtifactsBucketName": {**_NAME, "Description": "Bucket that holds the Lambda code (artifacts stack)"},
    "LambdaCodeKey": {**_NAME, "Description": "Key of the Lambda code in that bucket; new code has a new key"},
    "SiteUrl": {
        "Type": "String",
        "Description": "Origin of the page, the only one that may call the API from a browser (site stack)",
        "AllowedPattern": "^https?://[^/]+$",
        "ConstraintDescription": "scheme and host, such as https://example.com, without a path",
    },
    "ThrottleRate": {
        "Type": "Number",
        "Description": "Requests per second that the API admits on average; 0 while the API is closed",
        "MinValue": 0,
    },
    "ThrottleBurst": {"Type": "Number", "Description": "Burst of requests that the API admits; 0: none", "MinValue": 0},
    "ExportTokenParameter": {
        "Type": "String",
        "Description": "Name of the SSM SecureString with the token of the CSV; empty: the CSV is public",
        "AllowedPattern": "^(/[A-Za-z0-9_.-]+)*$",
        "ConstraintDescription": "empty, or a name that begins with a slash, such as /sentiment/prod/export-token",
    },
    "LambdaConcurrency": {
        "Type": "Number",
        "Description": "Reserved concurrency of each Lambda, out of the account's; 0: none",
        "MinValue": 0,
    },
    "ApiId": {**_NAME, "Description": "Id of the API (api stack)"},
    "ApiUrl": {"Type": "String", "Description": "Address of the API (api stack)", "AllowedPattern": "^https?://.+$"},
    # site
    "CloudFront": {**_SWITCH, "Description": "Whether CloudFront serves the page, over HTTPS, from a private bucket"},
    "SiteDomain": {
        "Type": "String",
        "Description": "Custom domain of the page behind CloudFront; empty: CloudFront's own",
        "AllowedPattern": r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$",
    },
    "SiteCertificate": {
        "Type": "String",
        "Description": "Id of the custom domain's certificate in ACM, in us-east-1, where CloudFront needs it",
        "AllowedPattern": "^[a-z0-9-]+$",
    },
    "WebAcl": {
        "Type": "String",
        "Description": "ARN of a WAF web ACL for CloudFront, in us-east-1; empty: none",
        "AllowedPattern": "^(arn:.+)?$",
    },
    # operations
    "CloseApi": {
        **_SWITCH,
        "Description": "Whether the API is closed when the monthly budget is used up or a day's traffic costs too much",
    },
    "TrafficCents": {
        "Type": "Number",
        "Description": "What the API's traffic may cost within 24 hours, in US cents",
        "MinValue": 1,
    },
    "MonthlyBudget": {
        "Type": "Number",
        "Description": "Monthly budget of the account in USD; a forecast above it sends an alarm",
        "MinValue": 1,
    },
    # pipeline
    "PipelineRepository": {
        "Type": "String",
        "Description": "GitHub repository whose pipelines deploy this stage; empty: none",
        # GitHub puts ids into the subjects of repositories that were made or renamed since 15 July 2026.
        "AllowedPattern": "^([A-Za-z0-9-]+/[A-Za-z0-9._-]+|[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)?$",
        "ConstraintDescription": "empty, owner/name, or owner@id/name@id",
    },
    "RetrainSchedule": {
        "Type": "String",
        "Description": "When AWS starts the retraining pipeline, as EventBridge writes it; empty: never",
        "AllowedPattern": r"^((rate|cron)\([^()]+\))?$",
        "ConstraintDescription": "empty, or such as rate(7 days) or cron(23 4 ? * MON *), in UTC",
    },
    "IdentityProviderArn": {
        "Type": "String",
        "Description": "ARN of GitHub's identity provider if the account has one; empty: the stack makes it",
        "Default": "",
        "AllowedPattern": "^(arn:.+)?$",
        "ConstraintDescription": "empty, or an ARN",
    },
}
DEFINITIONS |= {
    name: {**_ARN, "Description": f"Alarm that the service {what} (service stack)"}
    for name, what in (
        ("NoTaskArn", "has no healthy task"),
        ("ServiceFailsArn", "fails"),
        ("ServiceSlowArn", "is slow"),
    )
}
# Names of the Lambdas, which alarms and dashboard watch.
DEFINITIONS |= {
    f"{function.title}FunctionName": {**_NAME, "Description": f"Lambda {function.name} (api stack)"}
    for function in LAMBDAS
}


def setting_name(parameter: str) -> str:
    """Key in stages.toml of a Parameter: ``TaskMemory`` is ``task_memory``.

    Args:
        parameter: name of a Parameter.
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter).lower()


def parameter(template: Template, name: str) -> Parameter:
    """One of ``DEFINITIONS``, added to a template unless it is already there.

    Args:
        template: template that needs it.
        name: key in ``DEFINITIONS``.

    Returns:
        The Parameter, for references.
    """
    if name in template.parameters:
        return template.parameters[name]
    definition = dict(DEFINITIONS[name])
    if setting_name(name) in _defaults():
        definition["Default"] = _defaults()[setting_name(name)]
    return template.add_parameter(Parameter(name, **definition))


@cache
def _defaults() -> dict[str, Any]:
    """The settings of every stage unless it overrides them."""
    found: dict[str, Any] = tomllib.loads(STAGES.read_text(encoding="utf-8"))["defaults"]
    return found
