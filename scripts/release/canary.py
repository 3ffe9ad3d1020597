"""A canary: one task of a new image beside the others, compared with them for a while, and then removed in any case.

The service stack has it for as long as its parameter names an image (``generator/stacks/service/canary.py``). What a
killed command leaves, `status` shows. It goes with the next command that brings the stack up to date, as no plan names
that parameter, or that changes how many tasks run (``scaling``).
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from generator.catalogue import CANARY
from scripts.app import page, service, throttle
from scripts.cloudformation import stacks
from scripts.cloudformation.work import Work
from scripts.release import comparing, images, scaling, smoke
from scripts.release.comparing import Seen
from scripts.release.plans import Release
from scripts.stage.errors import CanaryError, InterruptedDeployError, SmokeTestError, code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

STACK = next(each.name for each in catalogue.STACKS if each.service)
ROUTE = f"{catalogue.PREDICT_ROUTE[0]} {catalogue.PREDICT_PATH}"  # as tasks log it
ON_CTRL_C = "Ctrl-C: the canary is removed first, which may take minutes. Press Ctrl-C again to leave at once."
TOLD_EVERY, ASKED_EVERY = 30.0, 2.0  # seconds
ASKED = 2 * comparing.FEWEST  # requests for each task, as chance and lost answers take some
MOST_AT_ONCE, LONGEST = 20, 2.0  # requests, and seconds for them, between two looks
# Short and long, certain and not, with emoji and slips: as different as what visitors type.
REVIEWS = (
    "I passed the exam",
    "My grandmother died last week, and I still lay the table for her.",
    "they laughed at me in front of the whole class",
    "Someone followed me home in the dark 😨",
    "He never pays back what he borrows, and now he wants more!",
    "The soup had hair in it.",
    "I forgot my best friend's birthday, and she said that she did not mind",
    "the train leaves at nine",
    "We got the keys of our first flat today, sat down on the floor of the empty kitchen and ate cake with our hands.",
    "i cant beleive she lied to me agian",
)


def try_out(work: Work, release: Release, minutes: float, without_traffic: bool = False) -> None:
    """Run one task of an image beside the others, and compare the two for that long.

    Visitors may send too little to compare, so this sends the API some requests too.

    Args:
        work: where and how; holds the stage's lock.
        release: the release of the new image.
        minutes: how long; less if the canary is beyond doubt worse.
        without_traffic: whether too few predictions to compare are good enough.

    Raises:
        CanaryError: it is worse, or too few predictions were made to tell. It is removed, and what ran before runs on
            alone. Or the API is closed, and none began.
        StackFailedError: its task does not become healthy; likewise.
        InterruptedDeployError: Ctrl-C; likewise.
    """
    outputs = stacks.collect_outputs(work.cloud)
    image, before = release.image, images.current(work.cloud)
    if image == before:
        work.reporter.note("No canary: this image runs already.")
        return
    where = outputs.get("ClusterName"), outputs.get("ServiceName")  # a stage may be deployed in part
    tasks = service.describe(work.cloud, *map(str, where)).running if all(where) else 0
    if not tasks:
        work.reporter.warn("No canary: the service runs no task to compare it with.")
        return
    if not without_traffic and throttle.is_closed(work.cloud, outputs):
        raise CanaryError(
            "No canary: the API is closed, so there would be no predictions to compare. Nothing was changed.",
            f"`sentiment wake --stage {work.cloud.stage}` opens the API; --without-traffic rolls out all the same.",
        )
    base = release.url(outputs), page.api_url(release.settings, outputs)
    watch = Watch(work.cloud, *base)
    asking = Asking(*base, every=60 * minutes / (ASKED * (tasks + 1)))
    with _beside(work, release.settings, image, before) as name:
        work.reporter.note(f"A canary runs {image} for {minutes:g} min beside {before}.")
        old, new, against = _compare(work, watch, asking, outputs, name, 60 * minutes)
    if against:
        raise CanaryError(
            f"The canary of {image} was worse than what runs: {'; '.join(against)}. It is removed, and {before} runs "
            "as before.",
            f"`sentiment logs --stage {work.cloud.stage}` shows what its task logged.",
        )
    if work.interrupt.stopping:  # also after the comparison, while the canary was removed
        raise _stopped(before)
    seen = comparing.summary(old, new)
    if comparing.enough(old, new):
        work.reporter.note(f"The canary was no worse: {seen}.")
    elif without_traffic:
        work.reporter.warn(f"The canary was not compared, as too few predictions were made: {seen}.")
    else:
        raise CanaryError(
            f"Too few predictions were made to compare the canary of {image}: {seen}. At least {comparing.FEWEST} of "
            f"each are needed.{asking.lost} It is removed, and {before} runs as before.",
            "Let it run for longer, or roll out without a comparison with --without-traffic."
            + (f" `sentiment status --stage {work.cloud.stage}` shows whether the API works." if asking.lost else ""),
        )


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
def _beside(work: Work, settings: Settings, image: str, before: str) -> Iterator[str]:
    """The canary's service, by name, while the block runs."""
    if _end(work, settings):
        work.reporter.note("Another canary, which a killed command had left, is removed.")
    try:
        scaling.set_parameters(work, settings, STACK, {CANARY.image: image})
        yield stacks.collect_outputs(work.cloud)[CANARY.name]
    except InterruptedDeployError as error:
        raise _stopped(before) from error
    finally:
        pressed = work.interrupt.count
        try:
            with work.interrupt.finishing(lambda: work.reporter.warn(ON_CTRL_C)):
                _end(work, settings)
        except InterruptedDeployError as error:
            raise InterruptedDeployError(
                "Stopped by Ctrl-C while the canary was being removed: it may still run.",
                f"`sentiment status --stage {work.cloud.stage}` shows it, with the command that removes it.",
            ) from error
        work.interrupt.count += pressed


def _stopped(before: str) -> InterruptedDeployError:
    return InterruptedDeployError(
        f"Stopped by Ctrl-C: the canary is removed, and {before} runs as before.",
        "Run the same command again to try it anew.",
    )


def _end(work: Work, settings: Settings) -> bool:
    """Remove the canary, and its service too; return whether there was one.

    An update that a second Ctrl-C has left to itself may be about to make it, and is waited for.
    """
    found = stacks.of_stage(work.cloud)
    there = remove(work, stacks.outputs_of(work.cloud.stage, found))
    if there or any(CANARY.image in state.parameters and state.kind == stacks.BUSY for state in found):
        scaling.set_parameters(work, settings, STACK, {CANARY.image: ""})
    return there


def _compare(
    work: Work, watch: Watch, asking: Asking, outputs: Mapping[str, str], name: str, seconds: float
) -> tuple[Seen, Seen, list[str]]:
    """What was seen of the old tasks and of the canary, and what speaks against it; Ctrl-C ends it too."""
    cluster, began = outputs["ClusterName"], time.monotonic()
    told = began
    while True:
        work.interrupt.sleep(work.cloud.poll_seconds)
        if not work.interrupt.stopping:
            asking.ask(time.monotonic() - began)
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
class Asking:
    """Asks the API for predictions, evenly over the time, so that there is something to compare without visitors.

    Attributes:
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.
        every: seconds from one request to the next.
        statuses: how many requests were answered with each HTTP status; 0 for no answer.
    """

    public_url: str
    api_url: str
    every: float
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, passed: float) -> None:
        """Send the requests that are due, but for a short time only: the watch must look also if the API is slow.

        Args:
            passed: seconds since the beginning.
        """
        sent, until = self.statuses.total(), time.monotonic() + LONGEST
        for number in range(sent, min(int(passed / self.every), sent + MOST_AT_ONCE)):
            self.statuses[smoke.ask(self.public_url, self.api_url, REVIEWS[number % len(REVIEWS)])] += 1
            if time.monotonic() >= until:
                return

    @property
    def lost(self) -> str:
        """What became of the requests that got no prediction, in a sentence; "" if all got one."""
        lost = [
            f"{count} with {status}" if status else f"{count} not at all"
            for status, count in sorted(self.statuses.items())
            if status != HTTPStatus.OK
        ]
        sent = self.statuses.total()
        return f" Of the {sent} requests that this command sent, the API answered {', '.join(lost)}." if lost else ""


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
    _since: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)
    _asked: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Remember what was judged before, and since when lines count."""
        self._judged = self._statistics()
        self._since = self._since or int(self.cloud.now().timestamp() * 1000)

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
            token = {"nextToken": before} if before else {}
            options = {"startTime": self._since, "startFromHead": True, **token}  # the token does not carry the others
            try:
                answer = client.get_log_events(logGroupName=group, logStreamName=stream, **options)
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
