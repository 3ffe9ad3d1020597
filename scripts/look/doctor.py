"""Checks whether a deployment can work from here: a list of checks, each with a fix for when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue, regions
from scripts import ROOT
from scripts.cloudformation import templates
from scripts.look import account, rights
from scripts.look.findings import Finding, check
from scripts.release import smoke, zones
from scripts.release.place import Place
from scripts.stage.errors import AWS_ERRORS, AdviceError, CredentialsError, DeployError
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

# AWS refuses requests if the clock is further off (SigV4 documentation, "Request expiration").
CLOCK_SECONDS = 300
SET_CLOCK = "Set the clock; AWS refuses requests with a wrong time."


def examine(place: Place, settings: Settings) -> Iterator[Finding]:
    """Make all checks, one after the other. They change nothing.

    Args:
        place: where the stage lives.
        settings: the stage's settings.

    Yields:
        The result of each; checks that need credentials are skipped if there are none.
    """
    yield check("Python", _python)
    yield check("stage name", lambda: _stage_name(settings))
    yield check("templates fresh", _templates)
    for name, look in place.checks.items():
        yield check(name, look)
    try:
        cloud = place.cloud
    except (CredentialsError, *AWS_ERRORS):  # such as no profile of this name
        yield check("credentials", lambda: place.cloud.account)
        return
    yield check("region", lambda: _region(cloud))
    credentials = check("credentials", lambda: f"account {cloud.account}")
    yield credentials
    clock = check("clock", lambda: _clock(cloud))
    if credentials.passed or clock.fix == SET_CLOCK:
        yield clock
    if not credentials.passed:
        return
    yield check("machine image", lambda: _machine_image(cloud, settings))
    yield check("export token", lambda: _token(cloud, settings))
    if cloud.has_quotas:
        yield check("what the region has", lambda: _region_has(cloud, settings), needed=False)
        yield check("permissions", lambda: rights.check(cloud, settings), needed=False)
        yield from _of_account(cloud, settings)


def _of_account(cloud: Cloud, settings: Settings) -> Iterator[Finding]:
    looks: Mapping[str, Callable[[], str]] = {}

    def stacks_of_account() -> str:
        nonlocal looks
        looks = account.checks(cloud, settings)
        return "can be listed"

    yield check("stacks", stacks_of_account)
    for name, look in looks.items():
        yield check(name, look, needed=name in account.OF_DEPLOYMENTS)


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings for machines."""
    return [asdict(finding) for finding in findings]


def _python() -> str:
    return sys.version.split()[0]


def _stage_name(settings: Settings) -> str:
    settings.check_name()
    return settings.stage


def _templates() -> str:
    found = templates.load_all()
    done = subprocess.run([sys.executable, "-m", "generator", "--check"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode and "No module named 'troposphere'" not in done.stderr:
        raise DeployError((done.stdout + done.stderr).strip(), "Run `make templates` and commit the changes.")
    return f"{len(found)} stacks" + (
        " (checking that they are fresh needs Troposphere: `make check`)" if done.returncode else ""
    )


def _clock(cloud: Cloud) -> str:
    try:
        answer = cloud.client("sts").get_caller_identity()
    except ClientError as error:  # a signature that is refused for its time is answered with the right one
        answer = error.response
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    if not date:
        return "the server did not report its time"
    off = time.time() - parsedate_to_datetime(date).timestamp()
    if abs(off) > CLOCK_SECONDS:
        raise DeployError(f"it is off by {off:+.0f} s", SET_CLOCK)
    return f"off by {off:+.0f} s"


def _region(cloud: Cloud) -> str:
    zones.check_region(cloud)
    return cloud.region_in_words


def _region_has(cloud: Cloud, settings: Settings) -> str:
    lacking = regions.lacking(cloud.region, settings.parameters["CloudFront"] == "true")
    if lacking:
        raise AdviceError(" ".join(lacking), "Choose another with --region, or look at the bill yourself.")
    return "everything that the stacks use"


def _machine_image(cloud: Cloud, settings: Settings) -> str:
    name = catalogue.MACHINE_IMAGES[settings.architecture]
    return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _token(cloud: Cloud, settings: Settings) -> str:
    there = smoke.export_token(cloud, settings)
    return settings.parameters["ExportTokenParameter"] if there else "not needed: the export is public"
