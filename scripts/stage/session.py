"""The only access to AWS: a stage's clients, all configured alike, and how their cloud behaves."""

from __future__ import annotations

import contextlib
import email.utils
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from generator import catalogue

CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra=f"{catalogue.PROJECT}-orchestrator",
)
# Operations that change nothing, by the verb at the start of their names; all others count as changes.
READS = re.compile(r"BatchGet|Describe|Filter|Get|Head|List|Lookup|Query|Scan|Simulate|Validate")


class Cloud:
    """One stage in one account and region, on AWS. A stand-in for AWS overrides what differs there.

    Args:
        stage: name of the stage, such as ``dev``.
        region: AWS region; None for the usual boto3 places.
        profile: name of a profile in the AWS configuration; None for the usual boto3 places.
        region_source: what names the region, such as ``AWS_REGION``; "" if there is no choice.

    Attributes:
        config: settings of every client.
        guard: called before each attempt at a call that changes something, which is not sent if it raises; or None.
        endpoint_url: address of all services; None for AWS's own.
        public_url: the page's address, where the stacks' outputs do not name it; otherwise None.
        poll_seconds: how long to wait between two polls.
        steady_seconds: timeout for a service to become steady.
        proof_seconds: how long deleted resources may still be listed.
        drain_seconds: how long a Lambda may still be working on requests after it was stopped.
        recovery_days: how far back a table can be restored, in days; 0 where it cannot.
        has_linked_roles: whether services need service-linked roles in the account.
        has_quotas: whether the account has quotas.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """

    config: Config = CONFIG
    endpoint_url: str | None = None
    public_url: str | None = None
    poll_seconds: float = 3.0
    steady_seconds: float = 1800.0  # three failed starts take ECS a few minutes
    proof_seconds: float = 180.0
    drain_seconds: float = 15.0  # the function's timeout
    recovery_days: int = 35
    has_linked_roles: bool = True
    has_quotas: bool = True

    def __init__(
        self, stage: str, region: str | None = None, profile: str | None = None, region_source: str = ""
    ) -> None:
        self.stage = stage
        self.region_source = region_source
        self.guard: Callable[[], None] | None = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._ahead = timedelta()  # how far the server's clock is ahead of this machine's
        self._session = self._open(region, profile)

    def client(self, service: str) -> Any:
        """A boto3 client, such as ``client("ecs")``; created once, usable from any thread.

        Raises:
            botocore.exceptions.NoRegionError: no region is set anywhere.
        """
        with self._lock:  # creating clients is not thread-safe in boto3, using them is
            if service not in self._clients:
                made = self._session.client(service, endpoint_url=self.endpoint_url, config=self.config)
                # At each attempt: a call that is retried after a minute without network must ask again.
                made.meta.events.register("request-created", self._ask_guard)
                made.meta.events.register("after-call", self._note_time)
                self._clients[service] = made
            return self._clients[service]

    def unguarded_client(self, service: str, config: Config) -> Any:
        """A new boto3 client whose calls skip the guard, for use by the guard itself.

        Args:
            service: as for ``client``.
            config: differences from the configuration of all clients.
        """
        with self._lock:
            return self._session.client(service, endpoint_url=self.endpoint_url, config=self.config.merge(config))

    def now(self) -> datetime:
        """The time in UTC by the clock of the server that answered last; before the first answer, this machine's.

        Whatever is compared with times that AWS wrote needs this: the machine's clock may be wrong, AWS's is not.
        """
        return datetime.now(UTC) + self._ahead

    def _note_time(self, http_response: Any, **_: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):  # no date, or none that can be read
            self._ahead = email.utils.parsedate_to_datetime(http_response.headers.get("date")) - datetime.now(UTC)

    def _ask_guard(self, operation_name: str, **_: Any) -> None:
        if self.guard and not READS.match(operation_name):
            self.guard()

    @property
    def region(self) -> str:
        """Name of the region, such as ``eu-central-1``."""
        return str(self.client("cloudformation").meta.region_name)

    @cached_property
    def account(self) -> str:
        """The account's twelve digits. Asking also proves that the credentials work."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def where(self) -> str:
        """The stage and where it is, in words; "" if it can be in one place only."""
        return f"Stage {self.stage} in account {self.account}, {self.region_in_words}"

    @property
    def region_in_words(self) -> str:
        """The region and what names it: ``eu-central-1 (from AWS_REGION)``."""
        return f"{self.region} (from {self.region_source})" if self.region_source else self.region

    def object_url(self, bucket: str, key: str) -> str:
        """Address of an object in a bucket, for CloudFormation."""
        return f"https://{bucket}.s3.{self.region}.amazonaws.com/{key}"

    def _open(self, region: str | None, profile: str | None) -> boto3.session.Session:
        return boto3.session.Session(region_name=region or None, profile_name=profile or None)


def tags(stage: str) -> dict[str, str]:
    """The tags that make a stack ours."""
    return {catalogue.TAG_PROJECT: catalogue.PROJECT, catalogue.TAG_STAGE: stage}
