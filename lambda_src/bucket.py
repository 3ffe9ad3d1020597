"""The export bucket: objects uploaded part by part, over several runs if need be, and links to download them."""

from __future__ import annotations

from botocore.exceptions import ClientError

from aws import client

PART_BYTES = 8 * 1024 * 1024  # S3 requires at least 5 MiB in each part but the last, and at most 10,000 parts
URL_SECONDS = 15 * 60
_GONE = {"NoSuchUpload", "404"}
# Without the permission to list a bucket, S3 reports a missing object as a forbidden one.
_MISSING = {"404", "403", "NoSuchKey", "NotFound", "Forbidden", "AccessDenied"}


def begin(bucket: str, key: str, content_type: str, disposition: str) -> str:
    """Start an upload; nothing can be downloaded before it is complete.

    Args:
        bucket: name of the bucket.
        key: key of the object.
        content_type: its Content-Type when it is downloaded.
        disposition: likewise its Content-Disposition.

    Returns:
        Id of the upload.
    """
    made = client("s3").create_multipart_upload(
        Bucket=bucket, Key=key, ContentType=content_type, ContentDisposition=disposition, CacheControl="no-store"
    )
    return str(made["UploadId"])


def put(bucket: str, key: str, upload: str, number: int, part: bytes) -> str:
    """Upload a part; return its tag, which identifies it when the upload is completed."""
    answer = client("s3").upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)
    return str(answer["ETag"])


def complete(bucket: str, key: str, upload: str, tags: list[str]) -> None:
    """Join the parts into an object, in order; S3 refuses if a part does not match its tag."""
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
    client("s3").complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def abandon(bucket: str, key: str, upload: str) -> None:
    """Abort an upload and delete its parts; one that no longer exists counts as aborted."""
    try:
        client("s3").abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise


def size(bucket: str, key: str) -> int | None:
    """Size of the object in bytes; None if it does not exist or is not complete."""
    try:
        return int(client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None


def lend(bucket: str, key: str) -> str:
    """A URL with which anyone can download the object for a quarter of an hour."""
    return str(
        client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=URL_SECONDS)
    )
