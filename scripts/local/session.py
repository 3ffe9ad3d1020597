"""The laptop cloud as the orchestrator reaches it: an emulator on this machine in place of AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.configprovider
import botocore.session
from botocore.config import Config

from scripts.local.keys import Keys
from scripts.stage.session import CONFIG, Cloud

STAGE = "local"  # of stages.toml
# Environment variables with the keys of a role there, to be tried in that role instead.
VARIABLES = {
    "aws_access_key_id": "LAPTOP_ACCESS_KEY_ID",
    "aws_secret_access_key": "LAPTOP_SECRET_ACCESS_KEY",  # pragma: allowlist secret
    "aws_session_token": "LAPTOP_SESSION_TOKEN",
}


class EmulatedCloud(Cloud):
    """A stage on the laptop cloud. No instance has to start there, and nothing takes its time to be listed.

    Args:
        stage: name of the stage.
        endpoint_url: where the emulator answers.
        keys: of the run.
        region: AWS region that it says it is.
        public_url: the page's address: the emulator has no websites, so the stacks' outputs name none.
    """

    config = CONFIG.merge(Config(proxies={}))  # none stands between this machine and itself
    poll_seconds = 0.1
    steady_seconds = 90.0
    proof_seconds = 0.0
    drain_seconds = 1.0
    recovery_days = 0
    has_linked_roles = False
    has_quotas = False

    def __init__(
        self, stage: str, endpoint_url: str, keys: Keys, region: str | None = None, public_url: str | None = None
    ) -> None:
        self._keys = keys
        super().__init__(stage, region or "us-east-1")
        self.endpoint_url = endpoint_url
        self.public_url = public_url

    @property
    def where(self) -> str:
        """Nothing: there is one laptop cloud, and it is here."""
        return ""

    def object_url(self, bucket: str, key: str) -> str:
        """Address of an object in a bucket."""
        return f"{self.endpoint_url}/{bucket}/{key}"

    def _open(self, region: str | None, profile: str | None) -> boto3.session.Session:
        return boto3.session.Session(**_credentials(self._keys), region_name=region, botocore_session=_undisturbed())


def _undisturbed() -> botocore.session.Session:
    """A session that knows of no AWS_ variable, profile or configuration file: those are about AWS.

    A profile that does not exist, or a file that cannot be read, would otherwise stop the laptop's stage.
    """
    known = botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES
    variables = {name: (None, None, default, convert) for name, (_, _, default, convert) in known.items()}
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=variables)


def reach(found: Mapping[str, Any], region: str | None = None) -> EmulatedCloud:
    """The laptop cloud that runs.

    Args:
        found: what it published of itself (``scripts.local.state.running``).
        region: AWS region that it says it is.
    """
    keys = Keys(found["access_key_id"], found["secret_access_key"])
    return EmulatedCloud(STAGE, found["endpoint_url"], keys, region, found["url"])


def _credentials(keys: Keys) -> dict[str, str | None]:
    """A role's, where the environment has them; otherwise the run's."""
    if VARIABLES["aws_access_key_id"] in os.environ:
        return {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
    return {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key}
