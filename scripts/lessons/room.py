"""What a check inspects: the learner's tree, the laptop cloud and its page. Decides nothing."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts import ROOT
from scripts.app import service
from scripts.app.service import ServiceState
from scripts.cloudformation.stacks import collect_outputs
from scripts.lessons import beginning
from scripts.lessons.beginning import Beginning
from scripts.local.session import STAGE, reach
from scripts.local.state import running
from scripts.stage import settings
from scripts.stage.session import Cloud

SECONDS = 30


class NotYetError(Exception):
    """The exercise is not done: what is missing, and what to do."""

    def __init__(self, missing: str, hint: str) -> None:
        super().__init__(missing)
        self.missing = missing
        self.hint = hint


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str

    @property
    def json(self) -> Any:
        """The body, read as JSON; an empty mapping if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


@dataclass(frozen=True)
class Room:
    """The learner's environment.

    Attributes:
        cloud: the laptop cloud.
        url: address of the page.
        root: the learner's tree.
        begun: the beginning of the lesson that is checked; None while that is being recorded.
    """

    cloud: Cloud
    url: str
    root: Path = ROOT
    begun: Beginning | None = None

    @property
    def before(self) -> Any:
        """What the lesson's check observed when the lesson began."""
        return self.begun.seen if self.begun else None

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Outputs of all stacks."""
        return collect_outputs(self.cloud)

    @property
    def service(self) -> ServiceState:
        """The ECS service at this moment."""
        return service.describe(self.cloud, self.outputs["ClusterName"], self.outputs["ServiceName"])

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request to page or API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - our own
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # to our own machine
            with opener.open(request, timeout=SECONDS) as reply:
                return Answer(reply.status, reply.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode())

    def changed(self, name: str) -> bool:
        """Whether a file or folder differs from the lesson's beginning, committed or not."""
        return bool(beginning.changed_since(self.root, self.begun.files if self.begun else "HEAD", name))

    def deployed_since(self, name: str) -> bool:
        """Whether a stack was updated, or the page uploaded, after a file and what is made of it were last saved."""
        made = (self.root / "templates").glob("*.yaml") if name.startswith("generator/") else ()
        saved = max((path.stat().st_mtime for path in (self.root / name, *made) if path.is_file()), default=0.0)
        try:
            found = self.cloud.client("cloudformation").describe_stacks()["Stacks"]
            page = self.cloud.client("s3").head_object(Bucket=self.outputs["SiteBucketName"], Key="index.html")
        except (ClientError, BotoCoreError, KeyError):
            return False
        times = [each.get("LastUpdatedTime", each["CreationTime"]) for each in found]
        return any(time.timestamp() > saved for time in [*times, page["LastModified"]])

    def git(self, *words: str, folder: str = "") -> str:
        """What git prints, "" if it fails."""
        done = subprocess.run(["git", *words], cwd=self.root / folder, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def resource(self, stack: str, logical_id: str) -> str:
        """Physical id of a resource of the app."""
        name = f"sentiment-{self.cloud.stage}-{stack}"
        found = self.cloud.client("cloudformation").describe_stack_resources(
            StackName=name, LogicalResourceId=logical_id
        )
        return str(found["StackResources"][0]["PhysicalResourceId"])


def enter(root: Path = ROOT) -> Room:
    """The environment of the running laptop cloud.

    Raises:
        DeployError: none is running.
    """
    found = running()
    cloud = reach(found, settings.load(STAGE).region)
    return Room(cloud, found["url"], root)


def not_yet(room: Room, missing: str, file: str, edit: str, bring: str) -> NotYetError:
    """The exercise is not done: the edit is missing, the templates are not written, or the change is not deployed.

    Args:
        room: the learner's environment.
        missing: what is not as it should be.
        file: the file that the exercise changes.
        edit: how to change it.
        bring: the command that deploys the change.
    """
    if not room.changed(file):
        return NotYetError(missing, f"Change {file}: {edit}. Then run {bring}.")
    if file.startswith("generator/") and not room.changed("templates"):
        return NotYetError(missing, f"{file} is changed, but you have not run `make templates`: run it, then {bring}.")
    if room.deployed_since(file):
        hint = f"{file} is changed, and something was deployed since, but not this: {edit}. Then run {bring}."
        return NotYetError(missing, hint)
    hint = f"{file} is changed, but not deployed yet: run {bring}. If that changes nothing, this is missing: {edit}."
    return NotYetError(missing, hint)


def generated(room: Room, file: str) -> None:
    """Refuse an exercise whose deployed template was written by hand instead of by the generator.

    Args:
        room: the learner's environment.
        file: the generator's file that the exercise changes.

    Raises:
        NotYetError: of the templates and the file, only one has changed since the beginning.
    """
    if room.changed(file) and not room.changed("templates"):
        raise NotYetError(
            f"What is deployed was not written by the generator: {file} is changed, but templates/ is not.",
            "Run `make templates`, then `sentiment deploy --stage local`.",
        )
    if room.changed("templates") and not room.changed(file):
        raise NotYetError(
            "templates/ was changed by hand; the next `make templates` would undo that.",
            f"Change {file} instead, then run `make templates`.",
        )
