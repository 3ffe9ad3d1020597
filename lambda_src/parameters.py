"""Reads SecureStrings from SSM, each cached for a while. What they are for is not known here."""

from __future__ import annotations

import time

from aws import client

_read: dict[str, tuple[float, str]] = {}  # name -> (when it was read, value)


def secret(name: str, max_age_seconds: float) -> str:
    """The value of a SecureString, with white space trimmed.

    Args:
        name: name of the parameter.
        max_age_seconds: how old a cached value may be.

    Raises:
        ClientError: SSM refused; the code is ``ParameterNotFound`` if there is none.
        BotoCoreError: SSM did not answer.
    """
    read, value = _read.get(name, (float("-inf"), ""))
    if time.monotonic() - read >= max_age_seconds:
        value = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"].strip()
        _read[name] = time.monotonic(), value
    return value
