"""Clients of AWS services, made once per Lambda worker."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Two tries of at most four seconds each, and the pause between them, fit into every function's timeout.
_CONNECT_SECONDS = 1
_READ_SECONDS = 3
_S3_READ_SECONDS = 20  # joining many parts may take that long; only the export and its writer call S3
_TRIES = 2


@cache
def client(service: str) -> Any:
    """The boto3 client of a service, such as ``dynamodb``; region and credentials are the worker's own.

    Signature version 4 is what presigned URLs need in every region; the other calls use it anyway.
    """
    return boto3.client(
        service,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_S3_READ_SECONDS if service == "s3" else _READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            signature_version="s3v4" if service == "s3" else None,
        ),
    )
