"""What all buckets have in common: encrypted, owned by the account alone, closed to the public, TLS only."""

from __future__ import annotations

from typing import Any

from awacs import aws
from awacs import s3 as s3_actions
from troposphere import GetAtt, If, Ref, Sub, Template, s3

from generator.building import purpose

CLOSED = s3.PublicAccessBlockConfiguration(
    BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
)
BALANCER_LOGS = "load-balancer"  # folder of the log bucket that the load balancer writes to
VERSIONED = s3.VersioningConfiguration(Status="Enabled")


def encrypted() -> s3.BucketEncryption:
    """Encryption at rest with S3's own keys, which cost nothing."""
    by_default = s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    rule = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=by_default)
    return s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule])


def owned() -> s3.OwnershipControls:
    """No access lists: whoever writes an object, it belongs to the account."""
    return s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")])


def lifecycle(**rules: dict[str, Any]) -> s3.LifecycleConfiguration:
    """Lifecycle of a bucket's objects; incomplete uploads are always removed after a day.

    Args:
        rules: id of a rule -> its properties.
    """
    abandoned = {"AbortIncompleteMultipartUpload": s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1)}
    every_rule = {**rules, "AbandonedUploads": abandoned}
    return s3.LifecycleConfiguration(
        Rules=[s3.LifecycleRule(Id=name, Status="Enabled", **properties) for name, properties in every_rule.items()]
    )


def old_versions_expire(days: int) -> dict[str, Any]:
    """Lifecycle rule that expires replaced versions.

    Args:
        days: how long a replaced version is kept.
    """
    return {"NoncurrentVersionExpiration": s3.NoncurrentVersionExpiration(NoncurrentDays=days)}


def logged_to(bucket_name: Any, prefix: str) -> s3.LoggingConfiguration:
    """Access log of a bucket.

    Args:
        bucket_name: bucket that the log goes to.
        prefix: folder of that bucket.
    """
    return s3.LoggingConfiguration(DestinationBucketName=bucket_name, LogFilePrefix=f"{prefix}/")


def announced() -> s3.NotificationConfiguration:
    """Object events go to EventBridge, which costs nothing until a rule uses them."""
    return s3.NotificationConfiguration(EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True))


def tls_only(bucket: s3.Bucket) -> aws.Statement:
    """Statement that denies every call without TLS.

    Args:
        bucket: the bucket whose policy it goes into.
    """
    return aws.Statement(
        Sid="TlsOnly",
        Effect=aws.Deny,
        Principal=aws.Principal("*"),
        Action=[aws.Action("s3", "*")],
        Resource=[GetAtt(bucket, "Arn"), objects_of(bucket)],
        Condition=aws.Condition(aws.Bool({"aws:SecureTransport": "false"})),
    )


def objects_of(bucket: s3.Bucket) -> Sub:
    """ARN that matches all objects of a bucket.

    Args:
        bucket: the bucket.
    """
    return Sub(f"${{{bucket.title}.Arn}}/*")


def readable_by(principal: aws.Principal, bucket: s3.Bucket, **options: Any) -> aws.Statement:
    """Statement that allows a principal to read a bucket's objects, and nothing else.

    Args:
        principal: the principal.
        bucket: the bucket.
        options: further elements of the statement, such as ``Condition``.
    """
    return aws.Statement(
        Sid="Read",
        Effect=aws.Allow,
        Principal=principal,
        Action=[s3_actions.GetObject],
        Resource=[objects_of(bucket)],
        **options,
    )


def add_policy(
    template: Template, bucket: s3.Bucket, title: str, document: aws.PolicyDocument | If, text: str
) -> s3.BucketPolicy:
    """Add a bucket's policy.

    Args:
        template: template that has the bucket.
        bucket: the bucket.
        title: logical id of the policy.
        document: what it says.
        text: its purpose.
    """
    return template.add_resource(
        s3.BucketPolicy(title, Metadata=purpose(text), Bucket=Ref(bucket), PolicyDocument=document)
    )
