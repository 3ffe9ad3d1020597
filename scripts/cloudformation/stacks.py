"""CloudFormation's stacks as they are: statuses, descriptions, events, root causes of failures. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from scripts.stage.errors import ForeignStackError, StackFailedError, message_of
from scripts.stage.session import Cloud, tags

# Every status of a stack (API reference, "Stack", StackStatus) and what it means here.
# UPDATE_ROLLBACK_COMPLETE is consistent again, but the last update failed.
BUSY, GOOD, FAILED = "busy", "good", "failed"
STATUSES = {
    "CREATE_IN_PROGRESS": BUSY,
    "CREATE_COMPLETE": GOOD,
    "CREATE_FAILED": FAILED,
    "ROLLBACK_IN_PROGRESS": BUSY,
    "ROLLBACK_COMPLETE": FAILED,
    "ROLLBACK_FAILED": FAILED,
    "UPDATE_IN_PROGRESS": BUSY,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": BUSY,
    "UPDATE_COMPLETE": GOOD,
    "UPDATE_FAILED": FAILED,
    "UPDATE_ROLLBACK_IN_PROGRESS": BUSY,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": BUSY,
    "UPDATE_ROLLBACK_COMPLETE": FAILED,
    "UPDATE_ROLLBACK_FAILED": FAILED,
    "DELETE_IN_PROGRESS": BUSY,
    "DELETE_COMPLETE": GOOD,
    "DELETE_FAILED": FAILED,
    "REVIEW_IN_PROGRESS": GOOD,  # empty: its change set was not executed
    "IMPORT_IN_PROGRESS": BUSY,
    "IMPORT_COMPLETE": GOOD,
    "IMPORT_ROLLBACK_IN_PROGRESS": BUSY,
    "IMPORT_ROLLBACK_COMPLETE": FAILED,
    "IMPORT_ROLLBACK_FAILED": FAILED,
}
# Statuses in which a stack can only be deleted and created again.
NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
STACK_TYPE = "AWS::CloudFormation::Stack"
# CloudFormation's reasons for what it stopped because something else had failed.
NOISE = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")


@dataclass(frozen=True)
class StackState:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    protected: bool = False

    @property
    def kind(self) -> str:
        """BUSY, GOOD or FAILED; a status that AWS adds later counts by its ending."""
        if self.status in STATUSES:
            return STATUSES[self.status]
        return BUSY if self.status.endswith("_IN_PROGRESS") else FAILED

    @property
    def was_complete(self) -> bool:
        """Whether it has been created, so that something may run in it."""
        return self.status == "CREATE_COMPLETE" or self.status.startswith(("UPDATE_", "IMPORT_COMPLETE"))


@dataclass(frozen=True)
class Event:
    """One thing that happened to one resource of a stack."""

    id: str
    logical_id: str
    type: str
    status: str
    reason: str
    is_stack: bool

    @property
    def failed(self) -> bool:
        """Whether it is a failure of its own, not the consequence of another."""
        words = self.reason.lower()
        return self.status.endswith("_FAILED") and not any(noise in words for noise in NOISE)


def describe(cloud: Cloud, name: str) -> StackState | None:
    """A stack by its name or id; None when there is none."""
    try:
        answer = cloud.client("cloudformation").describe_stacks(StackName=name)
    except ClientError as error:
        if "does not exist" in message_of(error):
            return None
        raise
    state = _state(answer["Stacks"][0])
    return None if state.status == "DELETE_COMPLETE" and state.id != name else state


def all_by_name(cloud: Cloud) -> dict[str, StackState]:
    """Every stack of the account and region, whoever owns it; deleted ones are left out."""
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    states = [_state(entry) for page in pages for entry in page["Stacks"]]
    return {state.name: state for state in states if state.status != "DELETE_COMPLETE"}


def of_stage(cloud: Cloud) -> list[StackState]:
    """All stacks of the stage, found by their tags, whatever templates there are now."""
    return [state for state in all_by_name(cloud).values() if is_ours(cloud.stage, state)]


def outputs_of(stage: str, states: Iterable[StackState]) -> dict[str, str]:
    """All outputs of the stacks that belong to the stage."""
    return {key: value for state in states if is_ours(stage, state) for key, value in state.outputs.items()}


def collect_outputs(cloud: Cloud) -> dict[str, str]:
    """All outputs of the stage's stacks as they are now; none when nothing is deployed."""
    return outputs_of(cloud.stage, of_stage(cloud))


def is_ours(stage: str, state: StackState) -> bool:
    """Whether a stack carries our tags."""
    return tags(stage).items() <= state.tags.items()


def check_ours(stage: str, state: StackState) -> None:
    """Refuse to touch a stack that is not ours.

    A stack in REVIEW_IN_PROGRESS holds no resources, and may show no tags before its first change set is executed.

    Raises:
        ForeignStackError: the stack lacks our tags.
    """
    if is_ours(stage, state) or (state.status == "REVIEW_IN_PROGRESS" and not state.tags):
        return
    wanted = ", ".join(f"{key}={value}" for key, value in tags(stage).items())
    raise ForeignStackError(
        f"The stack {state.name} exists, but does not belong to this app: it lacks the tags {wanted}.",
        "Nothing was changed. Deploy another stage or to another region, or delete or tag that stack yourself.",
    )


def check_whole(stage: str, state: StackState) -> None:
    """Refuse to continue with a half-deleted stack.

    Raises:
        StackFailedError: it is half deleted; the message says how to finish the deletion.
    """
    if state.status == "DELETE_FAILED":
        raise StackFailedError(
            f"{state.name} is half deleted: {state.reason or 'no reason given'}",
            f"Finish that first: `sentiment destroy --stage {stage}`, then deploy again.",
        )


def latest_event_id(cloud: Cloud, stack_id: str) -> str:
    """Id of the newest event, "" if there is none yet."""
    answer = cloud.client("cloudformation").describe_stack_events(StackName=stack_id)
    return str(answer["StackEvents"][0]["EventId"]) if answer["StackEvents"] else ""


def events_since(cloud: Cloud, stack_id: str, marker: str | None) -> list[Event]:
    """What happened after an event, oldest first.

    Args:
        cloud: where.
        stack_id: id rather than name, so that a deleted stack still answers.
        marker: id of the last event known; "" for all there are; None for those of the operation under way.

    Returns:
        Events in the order in which they happened, each once.
    """
    found: dict[str, tuple[Any, int, Event]] = {}
    for number, raw in enumerate(_raw_events(cloud, stack_id)):
        event = _event(raw)
        if event.id == marker:
            break
        found.setdefault(event.id, (raw["Timestamp"], -number, event))
        if marker is None and _starts_operation(event):
            break
    # The API gives the newest first, mostly; the time stamps decide, and its order where they are equal.
    return [event for _, _, event in sorted(found.values(), key=lambda entry: entry[:2])]


def first_failure(events: list[Event]) -> Event | None:
    """The event that explains why an operation failed: the first resource that failed by itself."""
    failures = [event for event in events if event.failed]
    return next((event for event in failures if not event.is_stack), failures[0] if failures else None)


def _raw_events(cloud: Cloud, stack_id: str) -> Iterator[dict[str, Any]]:
    pages = cloud.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for page in pages:
        yield from page["StackEvents"]


def _starts_operation(event: Event) -> bool:
    return event.is_stack and event.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}


def _event(raw: dict[str, Any]) -> Event:
    return Event(
        id=raw["EventId"],
        logical_id=raw.get("LogicalResourceId", ""),
        type=raw.get("ResourceType", ""),
        status=raw.get("ResourceStatus", ""),
        reason=raw.get("ResourceStatusReason", ""),
        is_stack=raw.get("ResourceType") == STACK_TYPE and raw.get("PhysicalResourceId") in {"", None, raw["StackId"]},
    )


def _state(raw: dict[str, Any]) -> StackState:
    return StackState(
        name=raw["StackName"],
        id=raw["StackId"],
        status=raw["StackStatus"],
        reason=raw.get("StackStatusReason", ""),
        outputs={entry["OutputKey"]: entry["OutputValue"] for entry in raw.get("Outputs", [])},
        parameters={entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in raw.get("Parameters", [])},
        tags={entry["Key"]: entry["Value"] for entry in raw.get("Tags", [])},
        protected=raw.get("EnableTerminationProtection", False),
    )
