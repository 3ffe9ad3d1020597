"""Brings one stack to what its template says, through a change set, and back to its previous state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.cloudformation import changesets, stacks, templates
from scripts.cloudformation.changesets import ChangeSet
from scripts.cloudformation.follow import follow
from scripts.cloudformation.plan import Parameters, Step
from scripts.cloudformation.repair import ready
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.work import Work
from scripts.stage.errors import DataAtRiskError, InterruptedDeployError
from scripts.stage.session import Cloud, tags


@dataclass(frozen=True)
class Before:
    """What a stack was made of before a change: enough to restore it."""

    body: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """The result of updating a stack.

    Attributes:
        outputs: its outputs.
        changed: whether anything was changed.
        before: what it was made of; None if it was not changed or did not exist.
    """

    outputs: dict[str, str]
    changed: bool
    before: Before | None = None


def is_so_already(cloud: Cloud, step: Step, parameters: Parameters, state: StackState | None) -> bool:
    """Whether a stack has this template, these parameters and our tags, so that a change set would be empty.

    A change set takes CloudFormation several seconds; the CDK skips it in this case too. Where a parameter is looked up
    in the parameter store, an Output has to show what was found there; without one, only a change set can tell.

    Args:
        cloud: where.
        step: the stack.
        parameters: values of its parameters; None for the value that the stack has.
        state: the stack as it was found; None if it does not exist.
    """
    if state is None or state.kind != stacks.GOOD or changesets.creates(state) or step.template.resolves:
        return False
    given = {name: state.parameters.get(name) if value is None else value for name, value in parameters.items()}
    wanted = {**step.template.parameters, **given}
    found = {output: state.outputs.get(output) for output in step.template.looked_up.values()}
    # AWS describes the name that is looked up, the laptop cloud what is found there.
    looked_up = step.template.looked_up.items()
    names = {name: wanted[name] for name, output in looked_up if state.parameters.get(name) == found[output]}
    if {**state.parameters, **names} != wanted or state.tags != tags(cloud.stage):
        return False
    if remember(cloud, state).body != step.template.body:
        return False
    return all(output and found[output] == _stored(cloud, wanted[name]) for name, output in looked_up)


def bring_up(work: Work, step: Step, parameters: Parameters, bucket: str | None, state: StackState | None) -> Outcome:
    """Create or update a stack, whatever state an earlier attempt left it in.

    Args:
        work: where and how.
        step: the stack.
        parameters: values of its parameters; None for the value that the stack has.
        bucket: name of the artifacts bucket, for a template that is too large to send; None while there is none.
        state: the stack as it was found; None if it does not exist.

    Returns:
        The stack's outputs, and whether anything was changed.

    Raises:
        ForeignStackError: a stack of that name is not ours.
        StackFailedError: CloudFormation could not do it.
        StackBusyError: the stack is being deleted.
        DataAtRiskError: data would be lost, and ``work.confirm`` refused that.
        InterruptedDeployError: Ctrl-C was pressed.
    """
    state = ready(work, step, state)
    change_set = changesets.make(work.cloud, step, parameters, bucket, changesets.creates(state))
    if change_set is None:
        return Outcome(state.outputs if state else {}, changed=False)
    _check(work, step, change_set)
    before = None if change_set.creates or state is None else remember(work.cloud, state)
    return Outcome(_execute(work, step, change_set).outputs, changed=True, before=before)


def remember(cloud: Cloud, state: StackState) -> Before:
    """What a stack is made of now."""
    answer = cloud.client("cloudformation").get_template(StackName=state.id, TemplateStage="Original")
    return Before(str(answer["TemplateBody"]), state.parameters)


def other_parameters(cloud: Cloud, stack: str, state: StackState, values: Mapping[str, str], role: str) -> Step:
    """The step that changes parameters of a stack and nothing else: its template stays the one that it has.

    Args:
        cloud: where.
        stack: its short name.
        state: the stack.
        values: the new values, by parameter.
        role: ARN of the role that CloudFormation deploys it with, "" for the one that it has.
    """
    body = remember(cloud, state).body
    return Step(templates.parse(stack, body), state.name, {}, {**dict.fromkeys(state.parameters), **values}, role)


def step_back(step: Step, before: Before, now: StackState | None) -> Step:
    """The step that restores a stack.

    Parameters that did not change are left as they are: where one names an SSM parameter, what is described may be
    what that holds.
    """
    have = now.parameters if now else {}
    parameters = {key: None if have.get(key) == value else value for key, value in before.parameters.items()}
    return Step(templates.parse(step.stack, before.body), step.name, {}, parameters, step.role)


def _stored(cloud: Cloud, name: str | None) -> str:
    """What the parameter store has under a name, asked as CloudFormation asks; "" for nothing."""
    found = cloud.client("ssm").get_parameters(Names=[name])["Parameters"]
    return str(found[0]["Value"]) if found else ""


def _check(work: Work, step: Step, change_set: ChangeSet) -> None:
    """Refuse a change set that would lose data without consent, or that comes after Ctrl-C."""
    at_risk = [change for change in change_set.changes if change.risks_data]
    if at_risk and not work.confirm(step.name, at_risk):
        changesets.discard(work.cloud, change_set)
        work.reporter.stack(step.stack, "failed", "data at risk")
        names = ", ".join(f"{change.logical_id} ({change.type})" for change in at_risk)
        raise DataAtRiskError(
            f"{step.name}: the change would replace or remove resources that hold data: {names}.",
            "The stack was not changed. Save the data (`sentiment export`), then pass --allow-data-loss to continue.",
        )
    if work.interrupt.stopping:
        changesets.discard(work.cloud, change_set)
        work.reporter.stack(step.stack, "unchanged")
        raise InterruptedDeployError(
            f"{step.name}: stopped before the stack was changed.", "Run the same command again to continue."
        )


def _execute(work: Work, step: Step, change_set: ChangeSet) -> StackState:
    marker = stacks.latest_event_id(work.cloud, change_set.stack_id)
    work.cloud.client("cloudformation").execute_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    return follow(work, step, change_set.stack_id, marker)
