"""Deploys a stage: every stack as soon as what it needs is there, the service until it is steady, the site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scripts import apply, graph, lambdas, service, site, stacks, templates
from scripts.apply import Confirm, Work
from scripts.errors import InterruptedDeployError, ServiceError
from scripts.interrupt import Interrupt
from scripts.lambdas import Package
from scripts.plan import Plan, Step, make_plan
from scripts.reporter import Reporter
from scripts.session import Cloud
from scripts.settings import Settings

TERMINATION_PROTECTED = "true"


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
    return make_plan(settings.stage, templates.load_all(folder), computed, settings.parameters)


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
    with interrupt or Interrupt(_says_what_happens(reporter)) as pressed:
        work = Work(cloud, reporter, pressed, confirm or (lambda _name, _changes: False))
        outputs = Deployment(work, plan, settings, code).run()
        if "SiteBucketName" in outputs:
            site.upload(cloud, settings, outputs, reporter)
    return outputs


class Deployment:
    """One run over all stacks of a plan.

    Args:
        work: where and how.
        plan: the stacks.
        settings: the stage's settings.
        code: the Lambdas' zip.
    """

    def __init__(self, work: Work, plan: Plan, settings: Settings, code: Package) -> None:
        self.work = work
        self.plan = plan
        self.settings = settings
        self.code = code
        self.outputs: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        """Deploy all stacks.

        Returns:
            All outputs.

        Raises:
            DeployError: the first that went wrong, once everything else under way has come to its end.
        """
        for step in self.plan.steps:
            self.work.reporter.stack(step.stack, "waiting")
        needs = {step.stack: step.needs for step in self.plan.steps}
        left = graph.run(needs, lambda stack: self._one(self.plan.step(stack)), self.work.interrupt)
        if self.work.interrupt.stopping:
            remaining = f" Not deployed: {', '.join(left)}." if left else ""
            raise InterruptedDeployError(
                f"Stopped by Ctrl-C; what was under way has been finished.{remaining}",
                "Run the same command again to go on.",
            )
        return self.outputs

    def _one(self, step: Step) -> None:
        parameters = step.parameters(self.outputs)
        bucket = self.outputs.get("ArtifactsBucketName")
        if "LambdaCodeKey" in parameters and bucket:
            lambdas.upload(self.work.cloud, bucket, self.code)
        before = stacks.describe(self.work.cloud, step.name)
        failures = self._failed_deployments(before)
        outcome = apply.bring_up(self.work, step, parameters, bucket)
        outputs, detail = outcome.outputs, ""
        if step.template.holds_data:
            self._protect(step)
        if "ServiceName" in outputs:
            detail = self._wait_for_service(step, outputs, failures)
        self.outputs.update(outputs)
        self.work.reporter.stack(step.stack, "done" if outcome.changed else "unchanged", detail)

    def _failed_deployments(self, before: stacks.StackState | None) -> service.ServiceState | None:
        if before is None or "ServiceName" not in before.outputs:
            return None
        try:
            return service.describe(self.work.cloud, self.outputs["ClusterName"], before.outputs["ServiceName"])
        except ServiceError:
            return None

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


def _says_what_happens(reporter: Reporter) -> Callable[[int], None]:
    def say(count: int) -> None:
        if count == 1:
            reporter.warn(
                "Ctrl-C: updates under way are cancelled and creations finished, nothing new is started. "
                "Ctrl-C again leaves at once; CloudFormation goes on by itself then."
            )

    return say
