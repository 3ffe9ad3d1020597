"""The stack of the stage's own image repository, deployed before the image and so before everything else."""

from __future__ import annotations

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.cloudformation.work import changing
from scripts.image import repository
from scripts.release import plans, zones
from scripts.release.execute import execute
from scripts.release.plans import Release
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings


def ready(cloud: Cloud, settings: Settings, reporter: Reporter) -> Settings:
    """Make sure that images can be pushed.

    Args:
        cloud: the stage.
        settings: its settings.
        reporter: told what is done.

    Returns:
        The settings with the registry's address; unchanged if the stage has no registry of its own.

    Raises:
        DeployError: the stack could not be deployed, or Docker could not log in.
    """
    if settings.image_repository != repository.OWN:
        return settings
    outputs: dict[str, str] = {}
    state = stacks.describe(cloud, catalogue.stack_name(cloud.stage, repository.STACK.name))
    if state and state.kind == stacks.GOOD and stacks.is_ours(cloud.stage, state):
        outputs = state.outputs  # a change of its template is deployed with all other stacks
    if repository.STACK.registry not in outputs:
        zones.check_region(cloud)
        with changing(cloud, reporter, "image") as work:
            outputs = execute(work, plan(cloud, settings))
    return repository.signed_in(cloud, settings, outputs[repository.STACK.registry])


def plan(cloud: Cloud, settings: Settings) -> Release:
    """The registry's stack alone."""
    whole = plans.wired(settings, found=stacks.all_by_name(cloud))
    return Release(settings, whole.only(lambda declared: bool(declared.registry)))
