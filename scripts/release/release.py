"""One release: stacks, service, site, then the smoke test; and back to what ran before when that fails."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.app import lambdas, linked_role, page, receipt_keys
from scripts.app.page import SiteChange
from scripts.cloudformation import stacks
from scripts.cloudformation.apply import Confirm, Work
from scripts.release import smoke
from scripts.release.deploy import Deployment, api_url, collect_outputs, plan_stage, says_what_happens
from scripts.stage import ledger
from scripts.stage.errors import DeployError, ServiceError, SmokeTestError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings


@dataclass(frozen=True)
class Target:
    """What every change of a stage needs.

    Attributes:
        cloud: where.
        settings: the stage's settings.
        reporter: hears of progress.
        confirm: asked before data would be lost.
        public_url: the page's address; None for the one that the stacks put out.
        patience: seconds to wait for somebody else who is changing the stage.
    """

    cloud: Cloud
    settings: Settings
    reporter: Reporter
    confirm: Confirm
    public_url: str | None = None
    patience: float = 0.0

    def url(self, outputs: dict[str, str]) -> str:
        """The page's address."""
        return self.public_url or outputs["SiteUrl"]

    def smoke_test(self, outputs: dict[str, str], interrupt: Interrupt) -> None:
        """Try the app through its public address, until Ctrl-C is pressed a second time."""
        token = smoke.export_token(self.cloud, self.settings)
        where = self.url(outputs), api_url(self.settings, outputs)
        smoke.smoke_test(*where, self.reporter, self.cloud, outputs, token, sleep=interrupt.sleep)


def release(target: Target, image_uri: str, command: str, only: frozenset[str] | None = None) -> dict[str, str]:
    """Bring stacks, service and site up to date, try them, and go back when they do not work.

    Args:
        target: where and how.
        image_uri: reference of the container image.
        command: what is being done, told to others who want to deploy meanwhile.
        only: short names of the stacks to change, the site being left alone then; None for everything.

    Returns:
        All outputs of all stacks.

    Raises:
        DeployError: it did not work out; says whether what ran before runs again.
    """
    code = lambdas.package()
    plan = plan_stage(target.settings, image_uri, code)
    with (
        ledger.deploying(target.cloud, command, target.patience),
        Interrupt(says_what_happens(target.reporter)) as pressed,
    ):
        before = current_image(target.cloud)
        receipt_keys.ensure(target.cloud)
        linked_role.ensure(target.cloud)
        work = Work(target.cloud, target.reporter, pressed, target.confirm)
        deployment = Deployment(work, plan, target.settings, code)
        change = SiteChange()
        try:
            outputs = deployment.run(only)
            if only is None and "SiteBucketName" in outputs:
                change = page.upload(target.cloud, target.settings, outputs, target.reporter)
            target.smoke_test(outputs, pressed)
        except (SmokeTestError, ServiceError) as error:
            raise _went_back(target, deployment, change, error) from error
        ledger.remember_image(target.cloud, image_uri, before)
    return outputs


def current_image(cloud: Cloud) -> str:
    """The image that the service stack is set to, "" when there is none."""
    found = [state.parameters["ImageUri"] for state in stacks.of_stage(cloud) if "ImageUri" in state.parameters]
    return found[0] if found else ""


def image_to_keep(cloud: Cloud) -> str:
    """The image that the service stack is set to, for whoever changes stacks alone.

    Raises:
        DeployError: there is none yet.
    """
    found = current_image(cloud)
    if not found:
        raise DeployError(
            f"No service of stage {cloud.stage} runs an image that could be kept.",
            f"Deploy everything once: `sentiment deploy --stage {cloud.stage}`.",
        )
    return found


def previous_image(cloud: Cloud) -> str:
    """The image that ran well before the one that is set now.

    Raises:
        DeployError: none is known.
    """
    now = current_image(cloud)
    known = ledger.images(cloud)
    older = known[known.index(now) + 1 :] if now in known else known
    if not older:
        raise DeployError(
            f"No image is known that ran before {now or 'this'}.", "Name one: `rollback --to REPOSITORY@sha256:...`."
        )
    return older[0]


def _went_back(target: Target, deployment: Deployment, change: SiteChange, error: DeployError) -> DeployError:
    target.reporter.warn(f"{error.message}\nGoing back to what ran before.")
    deployment.work.interrupt.forget()  # an earlier Ctrl-C meant the release, and would cancel the way back too
    outputs = {**collect_outputs(target.cloud), **deployment.outputs}
    try:
        restored = deployment.go_back()
        if change.uploaded or change.deleted:
            page.go_back(target.cloud, outputs, change)
            restored.append("the site")
    except DeployError as worse:
        return type(error)(
            f"{error.message}\nGoing back did not work either: {worse.message}", worse.next_step or error.next_step
        )
    if not restored:
        return type(error)(f"{error.message}\nNothing ran before, so everything stays as it is.", error.next_step)
    return type(error)(f"{error.message}\nWhat ran before runs again: {', '.join(restored)}.", error.next_step)
