"""Empties buckets: every object, every version, every unfinished upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from scripts.stage.errors import DeployError, code_of
from scripts.stage.session import Cloud

# The most that one deletion takes (S3 API reference, DeleteObjects).
BATCH = 1000


def empty(cloud: Cloud, bucket: str, tell: Callable[[int], None] = lambda _count: None) -> int:
    """Delete everything in a bucket; a bucket that does not exist counts as empty.

    Args:
        cloud: where.
        bucket: its name.
        tell: called after each batch with the number deleted so far.

    Returns:
        How many versions were deleted.

    Raises:
        DeployError: one of them cannot be deleted.
    """
    client = cloud.client("s3")
    deleted = 0
    try:
        for batch in _batches(_versions(client, bucket)):
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            for error in answer.get("Errors", []):
                raise DeployError(f"{bucket}: {error['Key']} cannot be deleted: {error.get('Message', error['Code'])}")
            deleted += len(batch)
            tell(deleted)
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", []):
                client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise
    return deleted


def _versions(client: Any, bucket: str) -> Iterator[dict[str, str]]:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}


def _batches(versions: Iterator[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    while batch := list(islice(versions, BATCH)):
        yield batch
