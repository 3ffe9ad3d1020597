"""The stage's own repository of images (ECR), for stages that have one: its address, and Docker logged in to it."""

from __future__ import annotations

from dataclasses import replace

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.image import build, content, login
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

# What `image_repository` says for the stage's own repository.
OWN = "ecr"
STACK = next(stack for stack in catalogue.STACKS if stack.registry)


def chosen(settings: Settings, stack: catalogue.Stack) -> bool:
    """Whether a stage deploys a stack: the registry only if the stage has its own.

    Args:
        settings: the stage's settings.
        stack: what is declared of the stack.
    """
    return not stack.registry or settings.image_repository == OWN


def reference(cloud: Cloud, settings: Settings) -> str:
    """Name the image of this checkout without building it, or deploying anything.

    Raises:
        ImageError: no repository is set, Docker is missing, or the registry does not answer.
    """
    if settings.image_repository == OWN:
        state = stacks.describe(cloud, catalogue.stack_name(cloud.stage, STACK.name))
        if state is None or STACK.registry not in state.outputs:
            return f"{content.NAME}:{content.tag(architecture=settings.architecture)}"  # nothing more is known yet
        settings = signed_in(cloud, settings, state.outputs[STACK.registry])
    return build.reference(settings)


def signed_in(cloud: Cloud, settings: Settings, uri: str) -> Settings:
    """Log Docker in to the repository.

    Args:
        cloud: the stage.
        settings: its settings.
        uri: the repository's address.

    Returns:
        The settings with that address.

    Raises:
        ImageError: Docker is missing, or could not log in.
    """
    build.check_docker()
    login.login(cloud, uri)
    return replace(settings, values={**settings.values, "image_repository": uri})
