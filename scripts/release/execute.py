"""Executes a release, from `deploy` to the laptop's first start; nothing else changes a stage's stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scripts.cloudformation.work import Work
from scripts.release import back
from scripts.release.execution import Execution
from scripts.release.plans import Release
from scripts.stage.errors import ServiceError, SmokeTestError


def execute(
    work: Work, release: Release, deployed: Callable[[Mapping[str, str]], None] = lambda _outputs: None
) -> dict[str, str]:
    """Execute a release, and roll back if the result does not work.

    Args:
        work: where and how.
        release: what to do.
        deployed: called with all outputs once stacks and page are deployed, before the smoke test.

    Returns:
        All outputs of the stage's stacks.

    Raises:
        DeployError: it failed; the message says what runs now.
    """
    execution = Execution(work, release)
    try:
        execution.run()
        deployed(execution.outputs)
        worked = execution.try_out()
    except (SmokeTestError, ServiceError) as error:
        raise back.go_back(execution, error) from error
    if release.image and worked:
        execution.remember()
    return execution.outputs
