"""A canary: one task of a new image beside the others, compared with them for a while, and then removed in any case.

The service stack has it for as long as its parameter names an image (``generator/stacks/service/canary.py``). What a
killed command leaves goes with the next one that brings the stack up to date, as no plan names that parameter, or that
changes how many tasks run (``scaling``).
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from generator.catalogue import CANARY
from scripts.app import service
from scripts.cloudformation import stacks
from scripts.cloudformation.work import Work
from scripts.release import comparing, images, scaling, smoke
from scripts.release.comparing import Seen
from scripts.stage.errors import CanaryError, InterruptedDeployError, SmokeTestError, code_of
from scripts.stage.session import Cloud

STACK = next(each.name for each in catalogue.STACKS if each.service)
ROUTE = f"{catalogue.PREDICT_ROUTE[0]} {catalogue.PREDICT_PATH}"  # as tasks log it
TOLD_EVERY, ASKED_EVERY = 30.0, 2.0  # seconds


def try_out(work: Work, image: str, minutes: float, public_url: str, api_url: str) -> None:
    """Run one task of an image beside the others, and compare the two for that long.

    Args:
        work: where and how; holds the stage's lock.
        image: reference of the new container image.
        minutes: how long; less if the canary is beyond doubt worse.
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.

    Raises:
        CanaryError: it is worse. It is removed, and what ran before runs on alone.
        StackFailedError: its task does not become healthy; likewise.
        InterruptedDeployError: Ctrl-C; likewise.
    """
    outputs = stacks.collect_outputs(work.cloud)
    before = images.current(work.cloud)
    if image == before:
        work.reporter.note("No canary: this image runs already.")
        return
    where = outputs.get("ClusterName"), outputs.get("ServiceName")  # a stage may be deployed in part
    if not (all(where) and service.describe(work.cloud, *map(str, where)).running):
        work.reporter.warn("No canary: the service runs no task to compare it with.")
        return
    watch = Watch(work.cloud, public_url, api_url)
    with _beside(work, image) as name:
        work.reporter.note(f"A canary runs {image} for {minutes:g} min beside {before}.")
        old, new, against = _compare(work, watch, outputs, name, 60 * minutes)
    if against:
        raise CanaryError(
            f"The canary of {image} was worse than what runs: {'; '.join(against)}. It is removed, and {before} runs "
            "as before.",
            f"`sentiment logs --stage {work.cloud.stage}` shows what its task logged.",
        )
    if work.interrupt.stopping:  # also after the comparison, while the canary was removed
        raise InterruptedDeployError(
            f"Stopped by Ctrl-C: the canary is removed, and {before} runs as before.",
            "Run the same command again to try it anew.",
        )
    if not new.answers:
        work.reporter.warn("The canary was asked for no prediction, so nothing was compared.")
        return
    work.reporter.note(f"The canary was no worse: {comparing.summary(old, new)}.")


def remove(work: Work, outputs: Mapping[str, str]) -> bool:
    """Let the canary's task answer what it has begun, and end it; its service stays until the stack goes without.

    Args:
        work: where and how.
        outputs: outputs of the stage's stacks.

    Returns:
        Whether there was one.
    """
    if CANARY.name not in outputs:
        return False
    service.end(work.cloud, outputs["ClusterName"], outputs[CANARY.name], work.interrupt)
    return True


@contextlib.contextmanager
def _beside(work: Work, image: str) -> Iterator[str]:
    """The canary's service, by name, while the block runs."""
    try:
        scaling.set_parameters(work, STACK, {CANARY.image: image})
        yield stacks.collect_outputs(work.cloud)[CANARY.name]
    finally:
        stopping = work.interrupt.stopping
        work.interrupt.forget()  # a Ctrl-C was for the canary, and would cancel its removal too
        if remove(work, stacks.collect_outputs(work.cloud)):
            scaling.set_parameters(work, STACK, {CANARY.image: ""})
        if stopping:
            work.interrupt.press()


def _compare(
    work: Work, watch: Watch, outputs: Mapping[str, str], name: str, seconds: float
) -> tuple[Seen, Seen, list[str]]:
    """What was seen of the old tasks and of the canary, and what speaks against it; Ctrl-C ends it too."""
    cluster, began = outputs["ClusterName"], time.monotonic()
    told = began
    while True:
        work.interrupt.sleep(work.cloud.poll_seconds)
        now = time.monotonic()
        over = now - began >= seconds
        old, new = watch.look(outputs, name, over)
        if work.interrupt.stopping:
            return old, new, []
        state = service.describe(work.cloud, cluster, name)
        if not state.running:
            why = service.why_stopped(work.cloud, cluster, name) or "no reason given"
            return old, new, [f"its task stopped: {why}"]
        against = comparing.objections(old, new, comparing.AT_THE_END if over else comparing.BEFORE)
        if against or over:
            return old, new, against
        if now - told >= TOLD_EVERY:
            told = now
            work.reporter.note(f"canary, {(now - began) / 60:.0f} min: {comparing.summary(old, new)}")


@dataclass
class Watch:
    """Reads what the tasks of both revisions log, and what people say of their predictions.

    Memory does not grow with the traffic: requests are counted.
    """

    cloud: Cloud
    public_url: str
    api_url: str
    old: Seen = field(default_factory=Seen)
    new: Seen = field(default_factory=Seen)
    _since: int = field(default_factory=lambda: int(time.time() * 1000))
    _tokens: dict[str, str] = field(default_factory=dict)
    _asked: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Remember what was judged before."""
        self._judged = self._statistics()

    def look(self, outputs: Mapping[str, str], name: str, last: bool) -> tuple[Seen, Seen]:
        """Everything that was seen so far of the old tasks and of the canary's.

        Args:
            outputs: outputs of the stage's stacks.
            name: of the canary's service.
            last: whether to count judgements anew, however short ago that was done.
        """
        group, cluster = outputs["LogGroupName"], outputs["ClusterName"]
        for seen, which, prefix in (
            (self.old, outputs["ServiceName"], catalogue.CONTAINER_NAME),
            (self.new, name, CANARY.stream),
        ):
            for task in self._tasks(cluster, which):
                for message in self._read(group, f"{prefix}/{catalogue.CONTAINER_NAME}/{task}"):
                    _count(seen, message)
        if last or time.monotonic() - self._asked >= ASKED_EVERY:
            self._count_judgements()
        return self.old, self.new

    def _count_judgements(self) -> None:
        self._asked, now = time.monotonic(), self._statistics()
        if self._judged is None:  # it did not answer at first: what was judged until now belongs to neither
            self._judged = now
        if now is None or self._judged is None:
            return
        none, before = (0, 0), self._judged
        for seen in (self.old, self.new):
            grown = [(now.get(model, none), before.get(model, none)) for model in seen.models]
            seen.judged, seen.right = (max(0, sum(now[at] - then[at] for now, then in grown)) for at in (0, 1))

    def _tasks(self, cluster: str, name: str) -> list[str]:
        pages = self.cloud.client("ecs").get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name)
        return [arn.rpartition("/")[2] for page in pages for arn in page["taskArns"]]

    def _read(self, group: str, stream: str) -> Iterator[str]:
        """What a task has logged since the last look."""
        client = self.cloud.client("logs")
        while True:
            before = self._tokens.get(stream)
            options = {"nextToken": before} if before else {"startTime": self._since}
            try:
                answer = client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **options)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return  # it has logged nothing yet
            yield from (event["message"] for event in answer["events"])
            self._tokens[stream] = answer["nextForwardToken"]
            if answer["nextForwardToken"] == before or not answer["events"]:
                return

    def _statistics(self) -> dict[str, tuple[int, int]] | None:
        """Of each model, how many answers were judged, and how many of those approved; None if nobody tells."""
        try:
            found = smoke.statistics(self.public_url, self.api_url)
        except SmokeTestError:
            return None  # the API is closed, or does not answer
        return {one["model"]: (one["answered"], one["right"]) for one in found["models"]}


def _count(seen: Seen, message: str) -> None:
    """Count a line of a task's log, if it tells of a prediction."""
    if ROUTE not in message:
        return
    with contextlib.suppress(ValueError, KeyError, TypeError):
        line: dict[str, Any] = json.loads(message)
        if line["route"] != ROUTE:
            return
        status, taken = int(line["status"]), round(float(line["milliseconds"]))
        seen.models.add(str(line["model"]))
        seen.statuses[status] += 1
        if status < 300:
            seen.milliseconds[taken] += 1
