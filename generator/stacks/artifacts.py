"""Stack of what a deployment uploads: one bucket for Lambda code and templates too large for a request."""

from __future__ import annotations

from troposphere import Ref, Template, s3

from generator import buckets
from generator.building import DISPOSABLE, add_output, name_tag, new_template, policy, purpose
from generator.parameters import parameter


def build() -> Template:
    """Template of the stack."""
    template = new_template("artifacts")
    parameter(template, "Stage")
    bucket = artifacts_bucket(template)
    bucket_policy(template, bucket)
    add_output(template, "ArtifactsBucketName", Ref(bucket), "Bucket for Lambda code and oversized templates")
    return template


def artifacts_bucket(template: Template) -> s3.Bucket:
    """The bucket: all of it can be made again from the sources, so it goes with the stack."""
    return template.add_resource(
        s3.Bucket(
            "ArtifactsBucket",
            **DISPOSABLE,
            Metadata=purpose("Holds the Lambda code of each deployment, and templates too large for a request"),
            BucketEncryption=buckets.encrypted(),
            LifecycleConfiguration=buckets.lifecycle(OldVersions=buckets.old_versions_expire(days=30)),
            OwnershipControls=buckets.owned(),
            PublicAccessBlockConfiguration=buckets.CLOSED,
            Tags=name_tag("artifacts"),
            VersioningConfiguration=buckets.VERSIONED,
        )
    )


def bucket_policy(template: Template, bucket: s3.Bucket) -> s3.BucketPolicy:
    """Its policy."""
    text = "Refuses to talk to the artifacts bucket without TLS"
    return buckets.add_policy(template, bucket, "ArtifactsBucketPolicy", policy(buckets.tls_only(bucket)), text)
