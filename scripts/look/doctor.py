"""Checks whether a deployment can work from here: a list of checks, each with a fix for when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator import catalogue
from scripts import ROOT
from scripts.cloudformation import templates
from scripts.release.place import Place
from scripts.stage.errors import DeployError, explain
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

# AWS refuses requests if the clock is further off (SigV4 documentation, "Request expiration").
CLOCK_SECONDS = 300
# On-demand standard instances, by virtual CPUs, and VPCs of a region: codes of Service Quotas.
QUOTAS = (
    ("ec2", "L-1216C47A", "virtual CPUs of on-demand instances", 8.0),
    ("vpc", "L-F678F1CE", "VPCs in a region", 1.0),
)


@dataclass(frozen=True)
class Finding:
    """The result of one check: its name, whether it passed, details, and what to do if it failed."""

    name: str
    passed: bool
    detail: str = ""
    fix: str = ""

    @property
    def text(self) -> str:
        """The finding in a line or two."""
        line = f"{'PASS' if self.passed else 'FAIL'}  {self.name}" + (f": {self.detail}" if self.detail else "")
        return line if self.passed or not self.fix else f"{line}\n      Fix: {self.fix}"


def examine(place: Place, settings: Settings) -> Iterator[Finding]:
    """Make all checks, one after the other.

    Args:
        place: where the stage lives.
        settings: the stage's settings.

    Yields:
        The result of each; checks that need credentials are skipped if there are none.
    """
    yield _check("Python", _python)
    yield _check("templates fresh", _templates)
    for name, look in place.checks.items():
        yield _check(name, look)
    cloud = place.cloud
    yield _check("region", lambda: cloud.region_in_words)
    credentials = _check("credentials", lambda: f"account {cloud.account}")
    yield credentials
    if not credentials.passed:
        return
    yield _check("clock", lambda: _clock(cloud))
    yield _check("machine image", lambda: _machine_image(cloud, settings))
    yield _check("export token", lambda: _token(cloud, settings))
    for service, code, what, needed in QUOTAS if cloud.has_quotas else ():
        yield _check(f"quota: {what}", partial(_quota, cloud, service, code, needed))


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings for machines."""
    return [asdict(finding) for finding in findings]


def _check(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except (DeployError, ClientError, BotoCoreError) as error:
        trouble = explain(error) or DeployError(str(error))
        return Finding(name, False, trouble.message, trouble.next_step)


def _python() -> str:
    return sys.version.split()[0]


def _templates() -> str:
    found = templates.load_all()
    done = subprocess.run([sys.executable, "-m", "generator", "--check"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode and "No module named 'troposphere'" not in done.stderr:
        raise DeployError((done.stdout + done.stderr).strip(), "Run `make templates` and commit the changes.")
    return f"{len(found)} stacks" + (
        " (checking that they are fresh needs Troposphere: `make check`)" if done.returncode else ""
    )


def _clock(cloud: Cloud) -> str:
    answer = cloud.client("sts").get_caller_identity()
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    if not date:
        return "the server did not report its time"
    off = time.time() - parsedate_to_datetime(date).timestamp()
    if abs(off) > CLOCK_SECONDS:
        raise DeployError(f"it is off by {off:+.0f} s", "Set the clock; AWS refuses requests with a wrong time.")
    return f"off by {off:+.0f} s"


def _machine_image(cloud: Cloud, settings: Settings) -> str:
    name = catalogue.MACHINE_IMAGES[settings.architecture]
    return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _token(cloud: Cloud, settings: Settings) -> str:
    name = settings.parameters["ExportTokenParameter"]
    if not name:
        return "not needed: the export is public"
    try:
        cloud.client("ssm").get_parameter(Name=name)
    except cloud.client("ssm").exceptions.ParameterNotFound as error:
        raise DeployError(
            f"{name} does not exist", f"`aws ssm put-parameter --type SecureString --name {name} --value ...`"
        ) from error
    return name


def _quota(cloud: Cloud, service: str, code: str, needed: float) -> str:
    client = cloud.client("service-quotas")
    value = float(client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
    if value < needed:
        raise DeployError(
            f"{value:.0f}, but {needed:.0f} are needed", "Request an increase in the Service Quotas console."
        )
    return f"{value:.0f}"
