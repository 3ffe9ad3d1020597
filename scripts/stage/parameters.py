"""Parameters of SSM as they are: several are read with one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.stage.session import Cloud

# Parameters as SSM describes them, by name; those that do not exist are missing.
Found = Mapping[str, Mapping[str, Any]]


def read(cloud: Cloud, *names: str) -> Found:
    """Read parameters, decrypted.

    Args:
        cloud: the stage.
        names: their names, ten at most.
    """
    answer = cloud.client("ssm").get_parameters(Names=list(names), WithDecryption=True)
    return {found["Name"]: found for found in answer["Parameters"]}
