"""Which AWS region a command uses, and who said so: the order that the AWS CLI keeps, with the stage's own setting.

boto3 alone reads AWS_DEFAULT_REGION but not AWS_REGION, which the AWS CLI prefers (AWS CLI User Guide, "Environment
variables", read 2026-11-27). A command here and `aws` in the same shell have to mean the same region, and account.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

import boto3

VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def prefer_as_the_cli_does(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have boto3 use the profile of AWS_PROFILE, although it would prefer AWS_DEFAULT_PROFILE, unlike the AWS CLI.

    Naming the profile to boto3 would not do: it then ignores keys in the environment, which the AWS CLI does not.

    Args:
        environment: environment variables.
    """
    if environment.get("AWS_PROFILE"):
        environment.pop("AWS_DEFAULT_PROFILE", None)


@dataclass(frozen=True)
class Region:
    """A region, and where it was set.

    Attributes:
        name: such as ``eu-central-1``; "" where nothing names one.
        source: what names it, such as ``AWS_REGION``.
    """

    name: str
    source: str


def choose(
    option: str | None, setting: str, profile: str | None, environment: Mapping[str, str] = os.environ
) -> Region:
    """The region: of the option, the stage, AWS_REGION, AWS_DEFAULT_REGION or the profile, the first that is set.

    Args:
        option: value of ``--region``, if it was given.
        setting: ``region`` of the stage in stages.toml, "" for none.
        profile: name of a profile in the AWS configuration; None for AWS_PROFILE's, or the default one.
        environment: environment variables.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """
    given = [(option, "--region"), (setting, "stages.toml"), *((environment.get(name), name) for name in VARIABLES)]
    for name, source in given:
        if name:
            return Region(name, source)
    session = boto3.session.Session(profile_name=profile or None)
    return Region(session.region_name or "", f"profile {session.profile_name}")
