"""Deploys a stage: every stack as soon as what it needs is there, the service until it is steady, the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.app import lambdas, page, receipt_keys, service
from scripts.app.lambdas import Package
from scripts.cloudformation import apply, parallel, stacks, templates
from scripts.cloudformation.apply import Before, Confirm, Work
from scripts.cloudformation.changesets import Parameters
from scripts.cloudformation.plan import Plan, Step, make_plan
from scripts.image import repository
from scripts.stage.errors import InterruptedDeployError, ServiceError, StackFailedError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

TERMINATION_PROTECTED = "true"
TASK_DEFINITION = "AWS::ECS::TaskDefinition"


def plan_stage(
    settings: Settings, image_uri: str, code: Package | None = None, folder: Path = templates.TEMPLATES_DIR
) -> Plan:
    """The plan of a stage from templates, settings, Lambda code and image.

    Args:
        settings: the stage's settings.
        image_uri: reference of the container image.
        code: the Lambdas' zip; None to make it.
        folder: where the templates are.

    Raises:
        TemplateError: the templates do not fit together.
    """
    code = code or lambdas.package()
    computed = {"LambdaCodeKey": code.key, "ImageUri": image_uri}
    found = repository.chosen(settings, templates.load_all(folder))
    return make_plan(settings.stage, found, computed, settings.parameters)


def deploy(
    cloud: Cloud,
    settings: Settings,
    image_uri: str,
    reporter: Reporter,
    confirm: Confirm | None = None,
    interrupt: Interrupt | None = None,
    folder: Path = templates.TEMPLATES_DIR,
) -> dict[str, str]:
    """Bring every stack of the stage, the service and the site up to date.

    Args:
        cloud: where.
        settings: the stage's settings.
        image_uri: reference of the container image.
        reporter: hears of progress.
        confirm: asked before a change that would lose data; without it such a change is refused.
        interrupt: Ctrl-C; by default the first stops cleanly and the second leaves.
        folder: where the templates are.

    Returns:
        All outputs of all stacks.

    Raises:
        DeployError: it did not work out; message and next step say how.
    """
    code = lambdas.package()
    plan = plan_stage(settings, image_uri, code, folder)
    with interrupt or Interrupt(says_what_happens(reporter)) as pressed:
        receipt_keys.ensure(cloud)
        work = Work(cloud, reporter, pressed, confirm or (lambda _name, _changes: False))
        outputs = Deployment(work, plan, settings, code).run()
        if "SiteBucketName" in outputs:
            page.upload(cloud, settings, outputs, reporter)
    return outputs


@dataclass(frozen=True)
class Changed:
    """A stack that a deployment changed, and what it was made of before; None when it was not there."""

    step: Step
    before: Before | None


class Deployment:
    """One run over stacks of a plan.

    Args:
        work: where and how.
        plan: the stacks.
        settings: the stage's settings.
        code: the Lambdas' zip.

    Attributes:
        outputs: outputs of the stacks so far.
        changed: what was changed so far, in order.
    """

    def __init__(self, work: Work, plan: Plan, settings: Settings, code: Package) -> None:
        self.work = work
        self.plan = plan
        self.settings = settings
        self.code = code
        self.outputs: dict[str, str] = {}
        self.changed: list[Changed] = []

    def run(self, only: frozenset[str] | None = None) -> dict[str, str]:
        """Deploy the stacks.

        Args:
            only: short names of the stacks to deploy, the others being there already; None for all.

        Returns:
            All outputs.

        Raises:
            DeployError: the first that went wrong, once everything else under way has come to its end.
        """
        steps = [step for step in self.plan.steps if only is None or step.stack in only]
        chosen = frozenset(step.stack for step in steps)
        for step in steps:
            self.work.reporter.stack(step.stack, "waiting")
        if only is not None:
            self.outputs.update(collect_outputs(self.work.cloud))
        needs = {step.stack: step.needs & chosen for step in steps}
        left = parallel.run(needs, lambda stack: self._told(self.plan.step(stack)), self.work.interrupt)
        if self.work.interrupt.stopping:
            remaining = f" Not deployed: {', '.join(left)}." if left else ""
            raise InterruptedDeployError(
                f"Stopped by Ctrl-C; what was under way has been finished.{remaining}",
                "Run the same command again to go on.",
            )
        return self.outputs

    def go_back(self) -> list[str]:
        """Make every stack that was changed what it was before, the last first.

        Returns:
            Short names of the stacks that are now as they were; those that were not there before stay.

        Raises:
            DeployError: that did not work out either.
        """
        restored = []
        for changed in reversed(self.changed):
            if changed.before is None:
                continue
            stack = changed.step.stack
            was = Step(templates.parse(stack, changed.before.body), changed.step.name, {}, {})
            now = stacks.describe(self.work.cloud, was.name)
            self._apply(was, apply.back_to(changed.before, now))
            restored.append(stack)
        return restored

    def _told(self, step: Step) -> None:
        with apply.telling_failure(self.work, step.stack):
            self._one(step)

    def _one(self, step: Step) -> None:
        parameters = step.parameters(self.outputs)
        bucket = self.outputs.get("ArtifactsBucketName")
        if "LambdaCodeKey" in parameters and bucket:
            lambdas.upload(self.work.cloud, bucket, self.code)
        before = self._apply(step, parameters)
        if before:
            self.changed.append(before)
        if step.template.holds_data:
            self._protect(step)

    def _apply(self, step: Step, parameters: Parameters) -> Changed | None:
        failures = self._failed_deployments(step)
        try:
            outcome = apply.bring_up(self.work, step, parameters, self.outputs.get("ArtifactsBucketName"))
        except StackFailedError as error:
            raise self._with_tasks_reason(step, error) from error
        detail = ""
        changed = Changed(step, outcome.before) if outcome.changed else None
        if "ServiceName" in outcome.outputs:
            # Scaling keeps to its bounds, but does not lift a service that slept up to them at once.
            fewest = int(parameters.get("MinTasks") or 0)
            service.at_least(self.work.cloud, self.outputs["ClusterName"], outcome.outputs["ServiceName"], fewest)
            self._mend(step, outcome.outputs["ServiceName"])
            try:
                detail = self._wait_for_service(step, outcome.outputs, failures)
            except ServiceError:
                self.changed += [changed] if changed else []
                raise
        self.outputs.update(outcome.outputs)
        self.work.reporter.stack(step.stack, "done" if outcome.changed else "unchanged", detail)
        return changed

    def _failed_deployments(self, step: Step) -> service.ServiceState | None:
        if "ServiceName" not in step.template.outputs:
            return None
        before = stacks.describe(self.work.cloud, step.name)
        if before is None or "ServiceName" not in before.outputs:
            return None
        try:
            return service.describe(self.work.cloud, self.outputs["ClusterName"], before.outputs["ServiceName"])
        except ServiceError:
            return None

    def _with_tasks_reason(self, step: Step, error: StackFailedError) -> StackFailedError:
        """The failure of a service's stack with why its last task stopped, which CloudFormation does not tell."""
        state = stacks.describe(self.work.cloud, step.name) if "ServiceName" in step.template.outputs else None
        if state is None or "ServiceName" not in state.outputs:
            return error
        why = service.why_stopped(self.work.cloud, self.outputs["ClusterName"], state.outputs["ServiceName"])
        if not why or why.partition(";")[0] in error.message:
            return error
        return StackFailedError(f"{error.message}\nIts last task stopped: {why}.", error.next_step)

    def _mend(self, step: Step, name: str) -> None:
        """Put a service right that ECS alone rolled back."""
        client = self.work.cloud.client("cloudformation")
        for logical_id, resource in step.template.resources.items():
            if resource.type == TASK_DEFINITION:
                found = client.describe_stack_resource(StackName=step.name, LogicalResourceId=logical_id)
                wanted = found["StackResourceDetail"]["PhysicalResourceId"]
                if words := service.mend(self.work.cloud, self.outputs["ClusterName"], name, wanted):
                    self.work.reporter.warn(f"{step.stack}: {words}")

    def _wait_for_service(self, step: Step, outputs: dict[str, str], before: service.ServiceState | None) -> str:
        cluster = self.outputs["ClusterName"]
        try:
            state = service.wait_until_steady(
                self.work.cloud, cluster, outputs["ServiceName"], self.work.reporter, self.work.interrupt, before
            )
        except ServiceError:
            self.work.reporter.stack(step.stack, "failed", "the service did not become steady")
            raise
        return state.progress

    def _protect(self, step: Step) -> None:
        if self.settings.parameters.get("DeletionProtection") == TERMINATION_PROTECTED:
            self.work.cloud.client("cloudformation").update_termination_protection(
                EnableTerminationProtection=True, StackName=step.name
            )


def api_url(settings: Settings, outputs: dict[str, str]) -> str:
    """The API's address as config.json has it: absolute, or relative to the page."""
    return settings.site_api_url or outputs["ApiUrl"]


def collect_outputs(cloud: Cloud) -> dict[str, str]:
    """All outputs of the stage's stacks as they are now; none when nothing is deployed."""
    return {key: value for state in stacks.of_stage(cloud) for key, value in state.outputs.items()}


def says_what_happens(reporter: Reporter) -> Callable[[int], None]:
    """What tells the operator what a Ctrl-C does."""

    def say(count: int) -> None:
        if count == 1:
            reporter.warn(
                "Ctrl-C: updates under way are cancelled and creations finished, nothing new is started. "
                "Ctrl-C again leaves at once; CloudFormation goes on by itself then."
            )

    return say
