"""The one way to AWS, or to the laptop cloud that stands in for it: clients, made alike. Decides nothing else."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.model import OperationModel

from generator import catalogue

# The stage that is the laptop cloud.
LAPTOP_STAGE = "local"
# The key whose holder may do everything on the laptop cloud, as an account's root may.
LAPTOP_ACCESS_KEY = "local"
# Environment variables with the keys of a role there, to be tried in that role instead.
LAPTOP_VARIABLES = {
    "aws_access_key_id": "LAPTOP_ACCESS_KEY_ID",
    "aws_secret_access_key": "LAPTOP_SECRET_ACCESS_KEY",  # pragma: allowlist secret
    "aws_session_token": "LAPTOP_SESSION_TOKEN",
}

CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra=f"{catalogue.PROJECT}-orchestrator",
)
# Operations that change nothing, by the verb that their names begin with; every other one counts as a change.
READS = re.compile(r"BatchGet|Describe|Filter|Get|Head|List|Lookup|Query|Scan|Simulate|Validate")


class Cloud:
    """One stage in one account and region.

    Args:
        stage: name of the stage, such as ``dev``.
        endpoint_url: where the laptop cloud answers; None for AWS itself.
        region: AWS region; None for the usual boto3 places.
        profile: name of a profile in the AWS configuration; None for the usual boto3 places.

    Attributes:
        guard: called before every call that changes something, which is not sent when it raises; None for no guard.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """

    def __init__(
        self, stage: str, endpoint_url: str | None = None, region: str | None = None, profile: str | None = None
    ) -> None:
        self.stage = stage
        self.endpoint_url = endpoint_url
        self.guard: Callable[[], None] | None = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        if endpoint_url:
            self._session = boto3.session.Session(**_laptop_keys(), region_name=region or "us-east-1")
        else:
            self._session = boto3.session.Session(region_name=region or None, profile_name=profile or None)

    def client(self, service: str) -> Any:
        """A boto3 client, such as ``client("ecs")``; made once, usable from any thread.

        Raises:
            botocore.exceptions.NoRegionError: no region is set anywhere.
        """
        with self._lock:  # making clients is not thread-safe in boto3, using them is
            if service not in self._clients:
                made = self._session.client(service, endpoint_url=self.endpoint_url, config=CONFIG)
                made.meta.events.register("before-call", self._ask_guard)
                self._clients[service] = made
            return self._clients[service]

    def unguarded_client(self, service: str, config: Config) -> Any:
        """A new boto3 client whose calls do not ask the guard, for the guard itself.

        Args:
            service: as ``client`` has it.
            config: what differs from the configuration of all clients.
        """
        with self._lock:
            return self._session.client(service, endpoint_url=self.endpoint_url, config=CONFIG.merge(config))

    def _ask_guard(self, model: OperationModel, **_: Any) -> None:
        if self.guard and not READS.match(model.name):
            self.guard()

    @property
    def on_laptop(self) -> bool:
        """Whether this is the laptop cloud."""
        return self.endpoint_url is not None

    @property
    def region(self) -> str:
        """Name of the region, such as ``eu-central-1``."""
        return str(self.client("cloudformation").meta.region_name)

    @cached_property
    def account(self) -> str:
        """The account's twelve digits. Asking also proves that the credentials work."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def poll_seconds(self) -> float:
        """How long to wait between two looks at something that is under way."""
        return 0.1 if self.on_laptop else 3.0


def _laptop_keys() -> dict[str, str | None]:
    if LAPTOP_VARIABLES["aws_access_key_id"] in os.environ:
        return {name: os.environ.get(variable) for name, variable in LAPTOP_VARIABLES.items()}
    return {"aws_access_key_id": LAPTOP_ACCESS_KEY, "aws_secret_access_key": LAPTOP_ACCESS_KEY}


def tags(stage: str) -> dict[str, str]:
    """The tags that make a stack ours."""
    return {catalogue.TAG_PROJECT: catalogue.PROJECT, catalogue.TAG_STAGE: stage}
