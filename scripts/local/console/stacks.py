"""Stacks with their events, and change sets with what they would do and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.cloudformation import stacks
from scripts.local.console.blocks import (
    BAD,
    BUSY,
    GOOD,
    IDLE,
    Block,
    Cell,
    code,
    link,
    moment,
    table,
    toned,
    words,
)
from scripts.stage.session import Cloud

EVENTS = 60  # the newest ones of a stack
SETS = 12  # the newest change sets
TONES = {stacks.GOOD: GOOD, stacks.BUSY: BUSY, stacks.FAILED: BAD}
AWAITED = "AVAILABLE"  # execution status of a change set that waits for somebody to execute it
REPLACED = {"True": "is replaced", "Conditional": "may be replaced", "False": "changes in place"}


def view(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """All stacks, or one of them.

    Args:
        cloud: where.
        query: ``of`` names a stack.
    """
    return _one(cloud, query["of"]) if query.get("of") else _all(cloud)


def changes(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """The newest change sets, or one of them with before and after.

    Args:
        cloud: where.
        query: ``of`` names a change set, ``stack`` its stack.
    """
    return _change_set(cloud, query["of"], query.get("stack", "")) if query.get("of") else _change_sets(cloud)


def _all(cloud: Cloud) -> list[Block]:
    rows: list[list[Cell]] = []
    newest: list[tuple[Any, str, dict[str, Any]]] = []
    for state in stacks.all_by_name(cloud).values():
        events = _events(cloud, state.name)
        rows.append(
            [
                link(state.name, "stacks", state.name),
                toned(state.status, TONES[state.kind]),
                moment(events[0]["Timestamp"]) if events else "",
                state.reason,
            ]
        )
        newest += [(event["Timestamp"], state.name, event) for event in events]
    newest.sort(key=lambda entry: entry[0], reverse=True)
    return [
        table("All stacks", ("Stack", "Status", "Last event (UTC)", "Reason"), rows, "From DescribeStacks."),
        table(
            "Newest events of all stacks",
            ("Time (UTC)", "Stack", "Resource", "Status", "Reason"),
            [[moment(when), name, *_event(event)] for when, name, event in newest[:EVENTS]],
            "From DescribeStackEvents, newest first. They appear here as they come.",
        ),
    ]


def _one(cloud: Cloud, name: str) -> list[Block]:
    state = stacks.describe(cloud, name)
    if state is None:
        return [words("No such stack", f"There is no stack {name} here.", BAD)]
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [
        [
            each["LogicalResourceId"],
            each["ResourceType"],
            code(each.get("PhysicalResourceId", "")),
            _status(each["ResourceStatus"]),
        ]
        for page in pages
        for each in page["StackResourceSummaries"]
    ]
    events = [[moment(event["Timestamp"]), *_event(event)] for event in _events(cloud, name)]
    return [
        words(name, f"{state.status}. {state.reason}".strip(), TONES[state.kind]),
        table("Events", ("Time (UTC)", "Resource", "Status", "Reason"), events, "Newest first."),
        table("Resources", ("Logical id", "Type", "Physical id", "Status"), resources, "From ListStackResources."),
        table("Parameters", ("Name", "Value"), [[key, code(value)] for key, value in sorted(state.parameters.items())]),
        table(
            "Outputs",
            ("Name", "Value"),
            [[key, code(value)] for key, value in sorted(state.outputs.items())],
            "Other stacks get them as Parameters of the same name.",
        ),
    ]


def _events(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    page = cloud.client("cloudformation").describe_stack_events(StackName=name)
    events: list[dict[str, Any]] = page["StackEvents"][:EVENTS]
    return events


def _event(event: Mapping[str, Any]) -> list[Cell]:
    return [event["LogicalResourceId"], _status(event["ResourceStatus"]), event.get("ResourceStatusReason", "")]


def _status(status: str) -> Cell:
    if "FAILED" in status or "ROLLBACK" in status:
        return toned(status, BAD)
    return toned(status, BUSY if status.endswith("IN_PROGRESS") else GOOD)


# --- change sets -------------------------------------------------------------------------------------------------


def _change_sets(cloud: Cloud) -> list[Block]:
    client = cloud.client("cloudformation")
    found = [
        each
        for state in stacks.all_by_name(cloud).values()
        for page in client.get_paginator("list_change_sets").paginate(StackName=state.name)
        for each in page["Summaries"]
    ]
    found.sort(key=lambda each: each["CreationTime"], reverse=True)
    rows = [
        [
            moment(each["CreationTime"]),
            each["StackName"],
            link(each["ChangeSetName"], "changes", each["ChangeSetName"], stack=each["StackName"]),
            toned(*_execution(each)),
        ]
        for each in found[:SETS]
    ]
    return [
        table(
            "Change sets",
            ("Created (UTC)", "Stack", "Change set", "Execution"),
            rows,
            "What a deployment would change, before it does. `sentiment plan` makes them and deletes them again; "
            "`sentiment deploy` makes them and executes them. From ListChangeSets.",
        )
    ]


def _execution(each: Mapping[str, Any]) -> tuple[str, str]:
    status = each.get("ExecutionStatus", "")
    if status == AWAITED:
        return "AVAILABLE: waits for its execution", BUSY
    return status, GOOD if status == "EXECUTE_COMPLETE" else BAD if "FAILED" in status else IDLE


def _change_set(cloud: Cloud, name: str, stack: str) -> list[Block]:
    found = cloud.client("cloudformation").describe_change_set(
        ChangeSetName=name, StackName=stack, IncludePropertyValues=True
    )
    heads, details = [], []
    for each in (entry["ResourceChange"] for entry in found["Changes"]):
        heads.append([*_head(each)])
        details += [[each["LogicalResourceId"], *_detail(detail)] for detail in each.get("Details", [])]
    status = f"{found['Status']}, execution {found['ExecutionStatus']}. {found.get('StatusReason', '')}".strip()
    return [
        words(f"{found['StackName']}: {name}", status),
        table("Resources", ("Resource", "Type", "What happens", "The old one"), heads, "From DescribeChangeSet."),
        table(
            "Properties",
            ("Resource", "Property", "Before", "After", "Why", "Replaces the resource"),
            details,
            "Before and after as DescribeChangeSet tells them with IncludePropertyValues.",
        ),
    ]


def _head(change: Mapping[str, Any]) -> list[Cell]:
    action, replacement = change["Action"], change.get("Replacement", "")
    if action == "Modify":
        tone = BAD if replacement == "True" else BUSY if replacement == "Conditional" else GOOD
        what = toned(REPLACED.get(replacement, "changes"), tone)
    else:
        what = toned(
            {"Add": "is created", "Remove": "is removed"}.get(action, action), BAD if action == "Remove" else GOOD
        )
    return [change["LogicalResourceId"], change["ResourceType"], what, change.get("PolicyAction", "")]


def _detail(detail: Mapping[str, Any]) -> list[Cell]:
    target = detail["Target"]
    source, cause = detail.get("ChangeSource", ""), detail.get("CausingEntity", "")
    why = {
        "DirectModification": "the template is different",
        "ParameterReference": f"the Parameter {cause} has another value",
        "ResourceReference": f"{cause}, which it refers to, is another resource",
        "ResourceAttribute": f"{cause}, which it refers to, may be different",
    }.get(source, source)
    recreation = target.get("RequiresRecreation", "Never")
    tone = {"Always": BAD, "Conditionally": BUSY}.get(recreation, GOOD)
    return [
        target.get("Name") or target["Attribute"],
        code(target.get("BeforeValue", "")),
        code(target.get("AfterValue", "")),
        why,
        toned({"Always": "yes", "Conditionally": "it depends"}.get(recreation, "no"), tone),
    ]
