"""What an account holds that costs money, or that a stage could leave behind, listed service by service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Service, call, field of the answer, and the field that names one.
LISTS = {
    "addresses": ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    "endpoints": ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "disks": ("ec2", "describe_volumes", "Volumes", "VolumeId"),
    "launch templates": ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    "groups of instances": ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    "balancers": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    "APIs": ("apigatewayv2", "get_apis", "Items", "ApiId"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
    "repositories": ("ecr", "describe_repositories", "repositories", "repositoryName"),
    "backups": ("dynamodb", "list_backups", "BackupSummaries", "BackupArn"),
    "logs": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "schedules": ("events", "list_rules", "Rules", "Name"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
}


def held(client: Callable[[str], Any]) -> dict[str, set[str]]:
    """What there is, by kind.

    Args:
        client: gives boto3's client of a service.
    """
    ec2, kms = client("ec2"), client("kms")
    found = {
        kind: {each[name] for each in getattr(client(service), call)()[field]}
        for kind, (service, call, field, name) in LISTS.items()
    }
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    machines = [each for group in ec2.describe_instances()["Reservations"] for each in group["Instances"]]
    keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
    return {
        **found,
        "tables": set(client("dynamodb").list_tables()["TableNames"]),
        "gateways": {each["NatGatewayId"] for each in gateways if each["State"] != "deleted"},
        "snapshots": {each["SnapshotId"] for each in snapshots},
        "instances": {each["InstanceId"] for each in machines if each["State"]["Name"] != "terminated"},
        "keys": {each["KeyId"] for each in keys if each["KeyState"] != "PendingDeletion"},
    }
