"""Which image the service runs, keeps or rolls back to. `scripts.image` builds and pushes images."""

from __future__ import annotations

from collections.abc import Mapping

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.cloudformation.stacks import StackState
from scripts.stage import history
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud

Found = Mapping[str, StackState]


def current(cloud: Cloud, found: Found | None = None) -> str:
    """The image that the service's stack is set to, "" when there is none.

    Args:
        cloud: the stage.
        found: the account's stacks by name; None to ask for them.
    """
    found = stacks.all_by_name(cloud) if found is None else found
    for declared in catalogue.STACKS:
        state = found.get(catalogue.stack_name(cloud.stage, declared.name))
        if declared.service and state and stacks.is_ours(cloud.stage, state):
            return state.parameters.get(declared.service.image, "")
    return ""


def to_keep(cloud: Cloud, found: Found | None = None) -> str:
    """The image that the service's stack is set to, for a change of stacks alone.

    Raises:
        DeployError: there is none yet.
    """
    image = current(cloud, found)
    if not image:
        raise DeployError(
            f"No service of stage {cloud.stage} runs an image to keep.",
            f"Deploy everything once: `sentiment deploy --stage {cloud.stage}`.",
        )
    return image


def previous(cloud: Cloud, found: Found | None = None) -> str:
    """The last image that worked before the present one.

    Raises:
        DeployError: none is known.
    """
    now = current(cloud, found)
    known = history.images(cloud)
    older = known[known.index(now) + 1 :] if now in known else known
    if not older:
        raise DeployError(
            f"No image is recorded as having worked before {now or 'this one'}.",
            f"Roll out another image first (`sentiment roll --stage {cloud.stage}`), or name the image to go back to: "
            f"`sentiment rollback --stage {cloud.stage} --to IMAGE`.",
        )
    return older[0]


def check_deployed(cloud: Cloud, found: Found) -> None:
    """Refuse to continue if nothing of the stage is deployed.

    Raises:
        DeployError: nothing is.
    """
    if not stacks.outputs_of(cloud.stage, found.values()):
        raise DeployError(
            f"Nothing of stage {cloud.stage} is deployed here.",
            f"`sentiment deploy --stage {cloud.stage}` deploys it.",
        )
