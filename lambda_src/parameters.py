"""Reading SecureStrings of SSM, each seldom: what was read is kept for a while. What they are for is not known here."""

from __future__ import annotations

import time

from aws import client

_read: dict[str, tuple[float, str]] = {}  # name -> (when it was read, value)


def secret(name: str, max_age_seconds: float) -> str:
    """The value of a SecureString, without white space around it.

    Args:
        name: name of the parameter.
        max_age_seconds: how long ago it may have been read.

    Raises:
        ClientError: SSM refused; with the code ``ParameterNotFound`` where there is none.
        BotoCoreError: SSM did not answer.
    """
    read, value = _read.get(name, (float("-inf"), ""))
    if time.monotonic() - read >= max_age_seconds:
        value = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"].strip()
        _read[name] = time.monotonic(), value
    return value
