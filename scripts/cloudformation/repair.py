"""Brings a stack into a state in which it can be changed: finishes, repairs or deletes what was started."""

from __future__ import annotations

from scripts.cloudformation import stacks
from scripts.cloudformation.follow import follow
from scripts.cloudformation.plan import Step
from scripts.cloudformation.stacks import BUSY, StackState
from scripts.cloudformation.work import Work
from scripts.stage.errors import StackBusyError, StackFailedError


def ready(work: Work, step: Step, state: StackState | None) -> StackState | None:
    """Make sure that a stack can be changed.

    Args:
        work: where and how.
        step: the stack.
        state: the stack as it was found; None when there is none.

    Returns:
        The stack as it is now; None when there is none.

    Raises:
        ForeignStackError: a stack of that name is not ours.
        StackBusyError: it is being deleted.
        StackFailedError: it is half deleted, or its rollback cannot be finished.
        InterruptedDeployError: Ctrl-C.
    """
    if state is None:
        return None
    stacks.check_ours(work.cloud.stage, state)
    if state.kind == BUSY:
        work.reporter.note(f"{step.name} is in {state.status}: waiting for that to end first")
        state = _settle(work, step, state)
    if state.status == "UPDATE_ROLLBACK_FAILED":
        state = _continue_rollback(work, step, state)
    if state.status in stacks.NEVER_CREATED:
        work.reporter.note(f"{step.name} is in {state.status} after a failed attempt: deleting it first")
        marker = stacks.latest_event_id(work.cloud, state.id)
        work.cloud.client("cloudformation").delete_stack(StackName=state.id)
        follow(work, step, state.id, marker)
        return None
    stacks.check_whole(work.cloud.stage, state)
    return None if state.status == "DELETE_COMPLETE" else state


def _settle(work: Work, step: Step, state: StackState) -> StackState:
    if state.status == "DELETE_IN_PROGRESS":
        raise StackBusyError(
            f"{step.name} is being deleted.", "Wait until it is deleted, then run the same command again."
        )
    try:
        return follow(work, step, state.id, None)
    except StackFailedError:
        settled = stacks.describe(work.cloud, step.name)
        if settled is None:
            raise
        return settled


def _continue_rollback(work: Work, step: Step, state: StackState) -> StackState:
    work.reporter.note(f"{step.name} is stuck in UPDATE_ROLLBACK_FAILED: continuing the rollback first")
    marker = stacks.latest_event_id(work.cloud, state.id)
    work.cloud.client("cloudformation").continue_update_rollback(StackName=state.id)
    try:
        return follow(work, step, state.id, marker)
    except StackFailedError as error:
        settled = stacks.describe(work.cloud, step.name)
        if settled and settled.status == "UPDATE_ROLLBACK_COMPLETE":
            return settled
        raise StackFailedError(
            f"{error.message} The stack {step.name} stays in UPDATE_ROLLBACK_FAILED.",
            "Fix the cause, or skip that resource: `aws cloudformation continue-update-rollback "
            f"--stack-name {step.name} --resources-to-skip ...`; then run the same command again.",
        ) from error
