"""What a deployment would change, from change sets that are deleted afterwards. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scripts.cloudformation import changesets, stacks
from scripts.cloudformation.apply import is_so_already
from scripts.cloudformation.changesets import Change
from scripts.cloudformation.plan import Plan, Step
from scripts.cloudformation.stacks import BUSY, StackState
from scripts.stage.errors import InterruptedDeployError, StackBusyError, StackFailedError
from scripts.stage.interrupt import Interrupt
from scripts.stage.session import Cloud

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}


@dataclass(frozen=True)
class StackPreview:
    """What would happen to one stack.

    Attributes:
        stack: its short name.
        name: its name in CloudFormation.
        creates: whether it does not exist yet.
        changes: what would happen to its resources.
        other: whether something other than resources would change: outputs, tags.
    """

    stack: str
    name: str
    creates: bool
    changes: tuple[Change, ...]
    other: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything would happen."""
        return self.creates or self.other or bool(self.changes)


def preview(cloud: Cloud, plan: Plan, interrupt: Interrupt) -> list[StackPreview]:
    """Preview every stack of a plan.

    A stack whose inputs do not exist yet is shown as its template has it. Only a stack that may change needs a
    change set, as in a deployment.

    Args:
        cloud: where.
        plan: the stacks.
        interrupt: Ctrl-C; change sets are deleted before it takes effect.

    Raises:
        ForeignStackError: a stack lacks our tags.
        StackBusyError: an operation on a stack is in progress.
        StackFailedError: CloudFormation rejects a template, or a stack is stuck.
        InterruptedDeployError: Ctrl-C.
    """
    found = []
    for step in plan.steps:
        if interrupt.stopping:
            raise InterruptedDeployError("Stopped by Ctrl-C; all change sets of this plan were deleted.")
        state = plan.found.get(step.name)
        if state:
            _check(cloud, state)
        found.append(_one(cloud, plan, step, state))
    return found


def as_text(previews: Sequence[StackPreview]) -> str:
    """The changes as a table: sign, resource, type, replacement, purpose."""
    changes = [change for entry in previews for change in entry.changes]
    widths = [max(map(len, column)) for column in zip(*map(_cells, changes), strict=True)]
    lines: list[str] = []
    for entry in previews:
        lines.append(entry.stack + _summary(entry))
        for change in entry.changes:
            cells = [f"{cell:{width}}" for cell, width in zip(_cells(change), widths, strict=True)]
            lines.append("  " + "  ".join(cells).rstrip())
    at_risk = [f"{entry.stack}: {each.logical_id}" for entry in previews for each in entry.changes if each.risks_data]
    if at_risk:
        lines += ["", f"DATA AT RISK: {', '.join(at_risk)}. `sentiment deploy` asks before making such a change."]
    return "\n".join([*lines, "", _total(previews)])


def as_json(previews: Sequence[StackPreview]) -> list[dict[str, Any]]:
    """The changes for machines."""
    return [
        {
            "stack": entry.name,
            "creates": entry.creates,
            "changed": entry.changed,
            "changes": [{**asdict(change), "risks_data": change.risks_data} for change in entry.changes],
        }
        for entry in previews
    ]


def _check(cloud: Cloud, state: StackState) -> None:
    stacks.check_ours(cloud.stage, state)
    stacks.check_whole(cloud.stage, state)
    if state.kind == BUSY:
        raise StackBusyError(
            f"{state.name} is in {state.status}.", "Wait until that operation ends, then run plan again."
        )
    if state.status == "UPDATE_ROLLBACK_FAILED":
        raise StackFailedError(
            f"{state.name} is stuck in {state.status}, in which CloudFormation accepts no change set.",
            f"`sentiment deploy --stage {cloud.stage}` continues the rollback, or says what blocks it.",
        )


def _one(cloud: Cloud, plan: Plan, step: Step, state: StackState | None) -> StackPreview:
    outputs, creates = plan.outputs, changesets.creates(state)
    ready = all(name in outputs for name in step.from_outputs)
    dead = state is not None and state.status in stacks.NEVER_CREATED
    if creates and (dead or not ready):
        return StackPreview(step.stack, step.name, True, _additions(step))
    parameters = step.parameters(outputs)
    if is_so_already(cloud, step, parameters, state):
        return StackPreview(step.stack, step.name, False, ())
    change_set = changesets.make(cloud, step, parameters, plan.bucket(outputs), creates)
    if change_set is None:
        return StackPreview(step.stack, step.name, False, ())
    changesets.discard(cloud, change_set)
    return StackPreview(step.stack, step.name, creates, change_set.changes, other=not change_set.changes)


def _additions(step: Step) -> tuple[Change, ...]:
    """The resources of a stack that does not exist yet."""
    resources = step.template.resources.items()
    return tuple(Change("Add", logical_id, each.type, "", each.purpose) for logical_id, each in resources)


def _cells(change: Change) -> tuple[str, ...]:
    replacement = {"True": "REPLACE", "Conditional": "may replace"}.get(change.replacement, "")
    return SIGNS.get(change.action, "?"), change.logical_id, change.type, replacement, change.purpose


def _summary(entry: StackPreview) -> str:
    if entry.creates:
        return ": new stack"
    if entry.changes:
        return ""
    return ": only outputs or tags" if entry.other else ": no change"


def _total(previews: Sequence[StackPreview]) -> str:
    if not any(entry.changed for entry in previews):
        return "No change."
    signs = [SIGNS.get(change.action) for entry in previews for change in entry.changes]
    return f"{signs.count('+')} to add, {signs.count('~')} to change, {signs.count('-')} to remove"
