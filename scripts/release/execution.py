"""A release in progress: stacks as soon as their inputs exist, the service until it is steady, page, smoke test."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import catalogue
from scripts.app import lambdas, linked_role, page, receipt_keys, throttle
from scripts.app.page import SiteChange
from scripts.cloudformation import apply, parallel
from scripts.cloudformation.apply import Before, Outcome
from scripts.cloudformation.plan import Parameters, Step
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.work import Work, showing_failure
from scripts.image import kept, repository
from scripts.release import canary, smoke
from scripts.release.plans import Release
from scripts.release.rollout import Rollout
from scripts.stage import history, parameters
from scripts.stage.errors import (
    AWS_ERRORS,
    ApiClosedError,
    InterruptedDeployError,
    LockLostError,
    SmokeTestError,
    StackFailedError,
    explain,
)
from scripts.stage.parameters import Found


@dataclass(frozen=True)
class Changed:
    """A stack that a release changed, and what it was made of before; None if it did not exist."""

    step: Step
    before: Before | None


class Execution:
    """One release in progress.

    Args:
        work: where and how.
        release: what to do.

    Attributes:
        outputs: outputs of the stage's stacks as they are so far.
        changed: the stacks that were changed so far, in order.
        site: what was done to the page's files.
    """

    def __init__(self, work: Work, release: Release) -> None:
        self.work = work
        self.release = release
        self.outputs = release.stacks.outputs
        self.changed: list[Changed] = []
        self.site = SiteChange()
        self._receipt_keys: tuple[str, ...] = ()
        self._parameters: Found | None = None

    def run(self) -> None:
        """Bring stacks, service and page up to date.

        Raises:
            DeployError: the first failure, once everything else in progress has ended.
        """
        self._prepare()
        steps = {step.stack: step for step in self.release.stacks.steps}
        for stack in steps:
            self.work.reporter.stack(stack, "waiting")
        needs = {stack: step.needs & steps.keys() for stack, step in steps.items()}
        left = parallel.run(needs, lambda stack: self._deploy(steps[stack]), self.work.interrupt)
        if self.work.interrupt.stopping:
            remaining = f" Not deployed: {', '.join(left)}." if left else ""
            raise InterruptedDeployError(
                f"Stopped by Ctrl-C; work in progress was finished.{remaining}",
                "Run the same command again to continue.",
            )
        if self.release.page:
            self.site = page.upload(self.work.cloud, self.release.settings, self.outputs, self.work.reporter)

    def try_out(self) -> bool:
        """Run the smoke test on the public address, until Ctrl-C is pressed a second time.

        Returns:
            False if that could not be done, as the switch has closed the API: no fault of the release.

        Raises:
            SmokeTestError: the app does not work, or the test did not come to its end, so nothing proves that it does.
            LockLostError: another command took over the stage.
            InterruptedDeployError: Ctrl-C, twice.
        """
        if not self.release.smoke_test:
            return True
        cloud, settings = self.work.cloud, self.release.settings
        try:
            where = self.release.url(self.outputs), page.api_url(settings, self.outputs)
            token = smoke.export_token(cloud, settings)
            smoke.smoke_test(
                *where,
                self.work.reporter,
                cloud,
                self.outputs,
                token,
                sleep=self.work.interrupt.sleep,
                keys=self._receipt_keys,
            )
        except ApiClosedError as closed:
            self.work.reporter.warn(f"{closed.message} {closed.next_step}")
            return False
        except (SmokeTestError, LockLostError, InterruptedDeployError):
            raise
        except Exception as error:
            raise _unproven(error) from error
        return True

    def bring_up(self, step: Step, found: StackState | None) -> None:
        """Bring one stack to what its step says, with everything declared for it, and wait until it is done.

        Args:
            step: the stack.
            found: the stack as it was found; None when there was none.
        """
        self.work.reporter.stack(step.stack, "working")
        parameters = step.parameters(self.outputs)
        service = step.declared.service
        rollout = Rollout(self.work, step, service, found, self.outputs) if service else None
        try:
            outcome = self._apply(step, parameters, found)
        except StackFailedError as error:
            raise rollout.explain(error) if rollout else error from error
        self._note(step, outcome)
        detail = rollout.finish(outcome, parameters) if rollout else ""
        self._protect(step, found)
        self.work.reporter.stack(step.stack, "done" if outcome.changed else "unchanged", detail)

    def remember(self) -> None:
        """Note that the image works, and let the stage's registry expire those that nothing needs any more."""
        image, before = self.release.image, self.release.image_before
        self.keep_only(history.remember_image(self.work.cloud, image, before, self._parameters))

    def keep_only(self, images: Sequence[str]) -> None:
        """Let the stage's own registry, if it has one, expire other images.

        If that is refused, the registry keeps more than it must until the next release: no reason to undo this one.

        Args:
            images: references of what runs, and of what can be rolled back to.
        """
        if not self.other_image:
            return
        try:
            kept.keep_only(self.work.cloud, self._registry, images)
        except AWS_ERRORS as error:
            known = explain(error)
            why = f"{known.message} {known.next_step}" if known else str(error)
            self.work.reporter.warn(f"The registry keeps images that nothing needs any more. {why}")

    @property
    def other_image(self) -> bool:
        """Whether another image than before is rolled out, and from the stage's own repository or in place of one."""
        images = (self.release.image, self.release.image_before)
        return images[0] != images[1] and any(each.startswith(f"{self._registry}@") for each in images)

    @property
    def _registry(self) -> str:
        """Address of the stage's own repository of images, "" for none."""
        return self.outputs.get(repository.STACK.registry, "")

    def _prepare(self) -> None:
        """Create what a service's stack needs but no stack creates."""
        if any(step.declared.service for step in self.release.stacks.steps):
            if canary.remove(self.work, self.outputs):  # the stack then goes without it
                self.work.reporter.note("A canary, which a killed command had left, is removed.")
            stage = self.work.cloud.stage
            wanted = catalogue.receipt_key_name(stage), history.parameter_name(stage)
            self._parameters = parameters.read(self.work.cloud, *wanted)
            self._receipt_keys = receipt_keys.ensure(self.work.cloud, found=self._parameters)
            if self.release.first:
                linked_role.ensure(self.work.cloud)
            if self.other_image:
                kept.keep(self.work.cloud, self._registry, (self.release.image, self.release.image_before))

    def _deploy(self, step: Step) -> None:
        with showing_failure(self.work, step.stack):
            self.bring_up(step, self.release.stacks.found.get(step.name))

    def _apply(self, step: Step, parameters: Parameters, found: StackState | None) -> Outcome:
        if found and apply.is_so_already(self.work.cloud, step, parameters, found):
            return Outcome(found.outputs, changed=False)
        bucket, code = self.release.stacks.bucket(self.outputs), self.release.code
        if bucket and parameters.get(step.declared.lambda_code) == code.key:
            lambdas.upload(self.work.cloud, bucket, code)
        bring_up = throttle.bring_up if throttle.RATE in parameters else apply.bring_up
        return bring_up(self.work, step, parameters, bucket, found)

    def _note(self, step: Step, outcome: Outcome) -> None:
        self.outputs.update(outcome.outputs)
        for name in set(step.template.outputs) - outcome.outputs.keys():  # switched off by a condition
            self.outputs.pop(name, None)
        if outcome.changed:
            self.changed.append(Changed(step, outcome.before))

    def _protect(self, step: Step, found: StackState | None) -> None:
        wanted = step.declared.data and self.release.settings.protects_data
        if wanted and not (found and found.protected):
            self.work.cloud.client("cloudformation").update_termination_protection(
                EnableTerminationProtection=True, StackName=step.name
            )


def _unproven(error: Exception) -> SmokeTestError:
    """A smoke test that ended in an error of its own: AWS refused a call, or the test has a bug."""
    known = explain(error)
    if known:
        return SmokeTestError(f"The smoke test could not be made: {known.message}", known.next_step)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return SmokeTestError(
        f"The smoke test ended in an error that it does not know: {type(error).__name__}: {error} ({where}). "
        "This is a bug in the test, so nothing proves that the app works.",
        "Report it with this message.",
    )
