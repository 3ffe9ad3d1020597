"""Follows a CloudFormation operation until it ends, and reports why it failed."""

from __future__ import annotations

from botocore.exceptions import ClientError

from scripts.cloudformation import stacks
from scripts.cloudformation.plan import Step
from scripts.cloudformation.stacks import BUSY, FAILED, Event, StackState
from scripts.cloudformation.work import Work
from scripts.stage.errors import InterruptedDeployError, StackFailedError, advice, code_of, message_of


def follow(work: Work, step: Step, stack_id: str, marker: str | None) -> StackState:
    """Watch an operation until it ends and report progress.

    Args:
        work: where and how.
        step: the stack.
        stack_id: its id.
        marker: id of the last event before the operation; None to find the operation's beginning.

    Returns:
        The stack at the end.

    Raises:
        StackFailedError: it failed; the message has the root cause.
        InterruptedDeployError: Ctrl-C was pressed.
    """
    told: set[str] = set()
    cancelled = False
    while True:
        state = stacks.describe(work.cloud, stack_id)
        events = stacks.events_since(work.cloud, stack_id, marker)
        _report(work, step, [event for event in events if event.id not in told])
        told.update(event.id for event in events)
        if state and _ended(state, events):
            break
        if work.interrupt.stopping and not cancelled and state and state.status == "UPDATE_IN_PROGRESS":
            cancelled = True
            _cancel(work, state)
        work.interrupt.sleep(work.cloud.poll_seconds)
    if state.kind == FAILED:
        work.reporter.stack(step.stack, "failed", state.status)
        raise _cancelled(step, state) if cancelled else _failure(step, state, events)
    return state


def _report(work: Work, step: Step, events: list[Event]) -> None:
    for event in events:
        if not event.is_stack:
            purpose = step.template.purpose(event.logical_id)
            work.reporter.resource(step.stack, event.logical_id, event.status, purpose)


def _ended(state: StackState, events: list[Event]) -> bool:
    """Whether the operation is over.

    The stack's own last event and its description may disagree for a moment after a change set is executed.
    """
    of_stack = [event.status for event in events if event.is_stack]
    return bool(of_stack) and of_stack[-1] == state.status and state.kind != BUSY


def _cancel(work: Work, state: StackState) -> None:
    try:
        work.cloud.client("cloudformation").cancel_update_stack(StackName=state.id)
    except ClientError as error:  # it ended in the meantime
        if code_of(error) != "ValidationError" or "cannot be called" not in message_of(error).lower():
            raise


def _cancelled(step: Step, state: StackState) -> InterruptedDeployError:
    return InterruptedDeployError(
        f"{step.name}: the update was cancelled; the stack is back in its previous state ({state.status}).",
        "Run the same command again to continue.",
    )


def _failure(step: Step, state: StackState, events: list[Event]) -> StackFailedError:
    event = stacks.first_failure(events)
    if event is None or event.is_stack:
        reason = (event and event.reason) or state.reason or "CloudFormation gives no reason"
        return StackFailedError(f"{step.name}: {reason} ({state.status})", _next_step(state, reason))
    purpose = step.template.purpose(event.logical_id)
    what = f"{event.logical_id} ({event.type}{': ' + purpose if purpose else ''})"
    return StackFailedError(
        f"{step.name}: {what} {event.status}: {event.reason or 'no reason given'}", _next_step(state, event.reason)
    )


def _next_step(state: StackState, reason: str) -> str:
    words = reason.lower()
    if known := advice(words):
        hint = known
    elif "not authorized" in words or "accessdenied" in words or "access denied" in words:
        hint = "Add that permission to the user or role you deploy with"
    elif "circuit breaker" in words or "did not become steady" in words:  # AWS's words, and the laptop's
        stage = f"--stage {state.tags.get('stage', '')}"
        hint = f"`sentiment status {stage}` shows why its last task stopped, `sentiment logs {stage}` what it logged"
        hint += "; fix the cause"
    elif "already exists" in words:
        hint = "Delete or rename the conflicting resource"
    else:
        hint = "Fix the cause"
    if state.status in stacks.NEVER_CREATED:
        return f"{hint}, then run the same command again: it deletes the half-created stack first."
    return f"{hint}, then run the same command again. The stack is in {state.status}."
