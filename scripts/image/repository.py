"""The stage's own repository of images (ECR), for stages that have one: its stack brought up, Docker logged in."""

from __future__ import annotations

from dataclasses import replace

from generator import catalogue
from scripts.cloudformation import apply, stacks, templates
from scripts.cloudformation.apply import Work
from scripts.cloudformation.plan import Step
from scripts.cloudformation.templates import Template
from scripts.image import build, content, login
from scripts.stage import ledger
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

STACK = "registry"
# What `image_repository` says for the stage's own repository.
OWN = "ecr"


def chosen(settings: Settings, found: list[Template]) -> list[Template]:
    """The templates that a stage deploys: that of the registry only where it has its own."""
    return [template for template in found if template.stack != STACK or settings.image_repository == OWN]


def ready(cloud: Cloud, settings: Settings, reporter: Reporter) -> Settings:
    """Make sure that images can be pushed.

    Args:
        cloud: the stage.
        settings: its settings.
        reporter: hears what is done.

    Returns:
        The settings with the registry's address; as they are where the stage has no registry of its own.

    Raises:
        DeployError: the stack could not be brought up, or Docker could not sign in.
    """
    if settings.image_repository != OWN:
        return settings
    template = templates.load(STACK)
    step = Step(template, catalogue.stack_name(cloud.stage, STACK), {}, {"Stage": cloud.stage})
    with ledger.deploying(cloud, "image"), Interrupt() as interrupt:
        outcome = apply.bring_up(Work(cloud, reporter, interrupt), step, step.parameters({}), None)
    reporter.stack(STACK, "done" if outcome.changed else "unchanged")
    return _signed_in(cloud, settings, outcome.outputs["RepositoryUri"])


def reference(cloud: Cloud, settings: Settings) -> str:
    """Name the image of this checkout without building it, or bringing anything up.

    Raises:
        ImageError: no repository is set, Docker is missing, or the registry does not answer.
    """
    if settings.image_repository == OWN:
        state = stacks.describe(cloud, catalogue.stack_name(cloud.stage, STACK))
        if state is None or "RepositoryUri" not in state.outputs:
            return f"{content.NAME}:{content.tag()}"  # there is no more to know yet
        settings = _signed_in(cloud, settings, state.outputs["RepositoryUri"])
    return build.reference(settings)


def _signed_in(cloud: Cloud, settings: Settings, uri: str) -> Settings:
    build.check_docker()
    login.login(cloud, uri)
    return replace(settings, values={**settings.values, "image_repository": uri})
