"""Rolls back a release that does not work: restores what was there before, leaves in place what was new."""

from __future__ import annotations

from dataclasses import replace

from generator.catalogue import CANARY
from scripts.app import page
from scripts.cloudformation import apply, stacks
from scripts.release.execution import Execution
from scripts.stage import history
from scripts.stage.errors import AWS_ERRORS, DeployError, explain

ON_CTRL_C = (
    "Ctrl-C: rolling back is finished first. Press Ctrl-C again to leave at once; the stage may then have stacks of "
    "both releases, until the next `sentiment deploy`."
)


def go_back(execution: Execution, error: DeployError) -> DeployError:
    """Undo a release.

    Args:
        execution: the release, and what it has changed.
        error: why it does not work.

    Returns:
        The error to raise: what failed, and what runs now.
    """
    if execution.release.first:
        return type(error)(f"{error.message}\n{execution.release.if_first_fails}", error.next_step)
    reporter, interrupt = execution.work.reporter, execution.work.interrupt
    reporter.warn(f"{error.message}\nRolling back to what ran before.")
    try:
        with interrupt.finishing(lambda: reporter.warn(ON_CTRL_C)):
            restored = _restore(execution)
    except (DeployError, *AWS_ERRORS) as worse:
        known = explain(worse) or error
        return type(error)(
            f"{error.message}\nRolling back failed too: {known.message}", known.next_step or error.next_step
        )
    return type(error)(f"{error.message}\n{_what_runs(execution, restored)}", error.next_step)


def _restore(execution: Execution) -> list[str]:
    """Restore every stack that was changed, the last first, then the page; return what was restored."""
    restored = []
    for entry in list(reversed(execution.changed)):
        if entry.before is not None:
            now = stacks.describe(execution.work.cloud, entry.step.name)
            step = apply.step_back(entry.step, entry.before, now)
            if step.fixed.get(CANARY.image):  # one that a killed command had left: nobody watches it any more
                step = replace(step, fixed={**step.fixed, CANARY.image: ""})
            execution.bring_up(step, now)
            restored.append(entry.step.stack)
    if execution.other_image:
        execution.keep_only([execution.release.image_before, *history.images(execution.work.cloud)])
    if page.go_back(execution.work.cloud, execution.outputs, execution.site):
        restored.append("the page")
    return restored


def _what_runs(execution: Execution, restored: list[str]) -> str:
    new = [entry.step.stack for entry in execution.changed if entry.before is None]
    words = []
    if restored:
        words.append(f"Restored to the previous state: {', '.join(restored)}.")
    if new:
        words.append(f"New, and left in place: {', '.join(new)}.")
    return " ".join(words) or "This release changed nothing, so there is nothing to roll back."
