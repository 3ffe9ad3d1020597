"""Putting a large export into the export bucket, part by part, and lending its address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aws import client

PART_BYTES = 8 * 1024 * 1024  # S3 wants at least 5 MiB in each part but the last, and at most 10,000 parts
URL_SECONDS = 15 * 60


def upload(bucket: str, key: str, chunks: Iterable[bytes], content_type: str, disposition: str) -> None:
    """Upload what the chunks hold, holding no more than one part in memory; all of it or nothing.

    Args:
        bucket: name of the bucket.
        key: key of the object.
        chunks: its bytes, in pieces of any size.
        content_type: what S3 says when it is downloaded.
        disposition: likewise, the Content-Disposition.

    Raises:
        Exception: whatever reading the chunks or S3 raised; the upload was taken back.
    """
    s3 = client("s3")
    made = s3.create_multipart_upload(
        Bucket=bucket, Key=key, ContentType=content_type, ContentDisposition=disposition, CacheControl="no-store"
    )
    upload_of = {"Bucket": bucket, "Key": key, "UploadId": made["UploadId"]}
    try:
        parts = []
        for number, part in enumerate(_parts(chunks), start=1):
            tag = s3.upload_part(**upload_of, PartNumber=number, Body=part)["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
        s3.complete_multipart_upload(**upload_of, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**upload_of)
        raise


def lend(bucket: str, key: str) -> str:
    """A URL that lets whoever has it download the object for a quarter of an hour."""
    return client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=URL_SECONDS
    )


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        if len(pending) >= PART_BYTES:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)
