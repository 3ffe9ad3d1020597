"""Brings one stack to what its template says, through a change set, and follows it to its end."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scripts.cloudformation import changesets, stacks
from scripts.cloudformation.changesets import Change, ChangeSet, Parameters
from scripts.cloudformation.plan import Step
from scripts.cloudformation.stacks import BUSY, FAILED, StackState
from scripts.stage.errors import (
    DataAtRiskError,
    InterruptedDeployError,
    StackBusyError,
    StackFailedError,
    code_of,
    message_of,
)
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud, tags

# Asked before a change that would lose data, given the stack's name and those changes; False refuses it.
Confirm = Callable[[str, Sequence[Change]], bool]


@dataclass
class Work:
    """What every stack of one deployment shares.

    Attributes:
        cloud: where.
        reporter: hears of progress.
        interrupt: whether to stop.
        confirm: asked before data would be lost.
    """

    cloud: Cloud
    reporter: Reporter
    interrupt: Interrupt
    confirm: Confirm = lambda _name, _changes: False


@contextlib.contextmanager
def telling_failure(work: Work, stack: str) -> Iterator[None]:
    """Show a stack as failed when AWS refuses a call about it; what a stack itself does is told by who follows it."""
    try:
        yield
    except (BotoCoreError, ClientError):
        work.reporter.stack(stack, "failed")
        raise


@dataclass(frozen=True)
class Before:
    """What a stack was made of before a change: enough to make it so again."""

    body: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of bringing up a stack.

    Attributes:
        outputs: its outputs.
        changed: whether anything was changed.
        before: what it was made of; None when it was not changed, or not there.
    """

    outputs: dict[str, str]
    changed: bool
    before: Before | None = None


def bring_up(work: Work, step: Step, parameters: Parameters, bucket: str | None) -> Outcome:
    """Create or update a stack, whatever state an earlier attempt left it in.

    Args:
        work: where and how.
        step: the stack.
        parameters: values of its parameters; None for the value that the stack has.
        bucket: name of the artifacts bucket, for a template that is too large to send; None while there is none.

    Returns:
        The stack's outputs, and whether anything was changed.

    Raises:
        ForeignStackError: a stack of that name is not ours.
        StackFailedError: CloudFormation could not do it.
        StackBusyError: the stack is being deleted.
        DataAtRiskError: data would be lost, and ``work.confirm`` refused that.
        InterruptedDeployError: Ctrl-C.
    """
    work.reporter.stack(step.stack, "working")
    state = ready(work, step)
    if state is not None and _is_so_already(work.cloud, step, parameters, state):
        return Outcome(state.outputs, changed=False)
    source = template_source(work.cloud, step, bucket)
    creates = changesets.creates(state)
    change_set = changesets.make(work.cloud, step.name, step.template, parameters, source, creates)
    if change_set is None:
        return Outcome(state.outputs if state else {}, changed=False)
    _ask(work, step, change_set)
    if work.interrupt.stopping:
        changesets.discard(work.cloud, change_set)
        work.reporter.stack(step.stack, "unchanged")
        raise InterruptedDeployError(
            f"{step.name}: stopped before anything was changed in it.", "Run the same command again to go on."
        )
    before = None if creates or state is None else remember(work.cloud, state)
    return Outcome(execute(work, step, change_set).outputs, changed=True, before=before)


def back_to(before: Before, now: StackState | None) -> Parameters:
    """Parameters that make a stack what it was.

    Those that did not change are left as they are: where one names an SSM parameter, what is described may be what
    that holds.
    """
    have = now.parameters if now else {}
    return {key: None if have.get(key) == value else value for key, value in before.parameters.items()}


def remember(cloud: Cloud, state: StackState) -> Before:
    """What a stack is made of now."""
    answer = cloud.client("cloudformation").get_template(StackName=state.id, TemplateStage="Original")
    return Before(str(answer["TemplateBody"]), state.parameters)


def execute(work: Work, step: Step, change_set: ChangeSet) -> StackState:
    """Do what a change set says, and wait until it is done.

    Raises:
        StackFailedError: CloudFormation could not do it.
        InterruptedDeployError: Ctrl-C.
    """
    marker = stacks.latest_event_id(work.cloud, change_set.stack_id)
    work.cloud.client("cloudformation").execute_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    return follow(work, step, change_set.stack_id, marker)


def ready(work: Work, step: Step) -> StackState | None:
    """Bring a stack into a state from which it can be changed: finish, repair or clear away what was begun.

    Returns:
        The stack as it is now; None when there is none.
    """
    state = stacks.describe(work.cloud, step.name)
    if state is None:
        return None
    stacks.check_ours(work.cloud.stage, state)
    if state.kind == BUSY:
        work.reporter.note(f"{step.name} is in {state.status}: following it to its end first")
        state = _settle(work, step, state)
    if state.status == "UPDATE_ROLLBACK_FAILED":
        state = _continue_rollback(work, step, state)
    if state.status in stacks.NEVER_CREATED:
        work.reporter.note(f"{step.name} was left in {state.status} by an earlier attempt: deleting it first")
        marker = stacks.latest_event_id(work.cloud, state.id)
        work.cloud.client("cloudformation").delete_stack(StackName=state.id)
        follow(work, step, state.id, marker)
        return None
    stacks.check_whole(work.cloud.stage, state)
    return None if state.status == "DELETE_COMPLETE" else state


def follow(work: Work, step: Step, stack_id: str, marker: str | None) -> StackState:
    """Watch an operation to its end and report what happens.

    Args:
        work: where and how.
        step: the stack.
        stack_id: its id.
        marker: id of the last event before the operation; None to find the operation's beginning.

    Returns:
        The stack at the end.

    Raises:
        StackFailedError: it ended badly; says the first real reason.
        InterruptedDeployError: Ctrl-C.
    """
    seen: set[str] = set()
    cancelled = False
    while True:
        state = stacks.describe(work.cloud, stack_id)
        events = stacks.events_since(work.cloud, stack_id, marker)
        for event in events:
            if event.id not in seen and not event.is_stack:
                work.reporter.resource(
                    step.stack, event.logical_id, event.status, step.template.purpose(event.logical_id)
                )
            seen.add(event.id)
        # The stack's own last event and its description may disagree for a moment after a change set is executed.
        ends = [event.status for event in events if event.is_stack]
        if state and ends and ends[-1] == state.status and state.kind != BUSY:
            break
        if work.interrupt.stopping and not cancelled and state and state.status == "UPDATE_IN_PROGRESS":
            cancelled = True
            _cancel(work, state)
        work.interrupt.sleep(work.cloud.poll_seconds)
    if state.kind == FAILED:
        work.reporter.stack(step.stack, "failed", state.status)
        if cancelled:
            raise InterruptedDeployError(
                f"{step.name}: the update was cancelled; the stack is as it was before ({state.status}).",
                "Run the same command again to go on.",
            )
        raise _failure(step, state, events)
    return state


def template_source(cloud: Cloud, step: Step, bucket: str | None) -> dict[str, str]:
    """How the template is handed over: as it is, or from the artifacts bucket when it is too large for that.

    Raises:
        StackFailedError: it is too large and there is no bucket yet.
    """
    body = step.template.body.encode()
    if len(body) <= changesets.MAX_TEMPLATE_BYTES:
        return {"TemplateBody": step.template.body}
    if bucket is None:
        raise StackFailedError(f"The template of {step.name} has {len(body)} bytes, and there is no bucket for it yet.")
    key = f"templates/{step.stack}-{hashlib.sha256(body).hexdigest()[:16]}.yaml"
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/yaml")
    return {"TemplateURL": cloud.object_url(bucket, key)}


def _is_so_already(cloud: Cloud, step: Step, parameters: Parameters, state: StackState) -> bool:
    """Whether a stack has this template, these parameters and our tags, so that a change set could only say the same.

    Each change set takes CloudFormation seconds. The CDK leaves them out likewise; where something is looked up in the
    parameter store, only a change set can tell.
    """
    if state.kind != stacks.GOOD or changesets.creates(state) or step.template.looks_up:
        return False
    given = {name: state.parameters.get(name) if value is None else value for name, value in parameters.items()}
    if state.parameters != {**step.template.parameters, **given} or state.tags != tags(cloud.stage):
        return False
    return remember(cloud, state).body == step.template.body


def _ask(work: Work, step: Step, change_set: ChangeSet) -> None:
    at_risk = [change for change in change_set.changes if change.risks_data]
    if at_risk and not work.confirm(step.name, at_risk):
        changesets.discard(work.cloud, change_set)
        work.reporter.stack(step.stack, "failed", "data at risk")
        names = ", ".join(f"{change.logical_id} ({change.type})" for change in at_risk)
        raise DataAtRiskError(
            f"{step.name}: the change would replace or remove what holds data: {names}.",
            "Nothing was changed in it. Save the data (`export`), then pass --allow-data-loss if you mean it.",
        )


def _settle(work: Work, step: Step, state: StackState) -> StackState:
    if state.status == "DELETE_IN_PROGRESS":
        raise StackBusyError(f"{step.name} is being deleted.", "Wait until it is gone, then run the same command.")
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
            "Put right what it names, or skip that resource: `aws cloudformation continue-update-rollback "
            f"--stack-name {step.name} --resources-to-skip ...`; then run the same command again.",
        ) from error


def _cancel(work: Work, state: StackState) -> None:
    try:
        work.cloud.client("cloudformation").cancel_update_stack(StackName=state.id)
    except ClientError as error:  # it came to its end in the meantime
        if code_of(error) != "ValidationError" or "cannot be called" not in message_of(error).lower():
            raise


def _failure(step: Step, state: StackState, events: list[stacks.Event]) -> StackFailedError:
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
    if "not authorized" in words or "accessdenied" in words or "access denied" in words:
        hint = "Add that permission to the user or role you deploy with"
    elif "circuit breaker" in words or "did not become steady" in words:  # AWS's words, and the laptop's
        look = f"`sentiment status --stage {state.tags.get('stage', '')}`"
        hint = f"{look} tells why its last task stopped, `logs` what it said; correct it"
    elif "already exists" in words:
        hint = "Delete or rename what is in the way"
    else:
        hint = "Correct the cause"
    if state.status in stacks.NEVER_CREATED:
        return f"{hint}, then run the same command: it clears away the half-made stack by itself."
    return f"{hint}, then run the same command. The stack is in {state.status}."
