"""CloudFormation's updates: change sets tell what changes, what must be replaced is, and events are of that alone.

The emulator calls most changes a possible replacement, and tells of an update of every resource of a stack. What
changes is worked out by ``scripts.local.extensions.changes``; making, changing and deleting stays the emulator's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from scripts.cloudformation import templates
from scripts.local import update_behaviors
from scripts.local.extensions import changes, values
from scripts.local.extensions.changes import IN_PLACE, Version
from scripts.local.update_behaviors import NEVER

STACK = "AWS::CloudFormation::Stack"
CLEANING_UP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"

OTHER_TYPES = (
    "Update of resource type is not permitted. The new template modifies resource type of the following resources"
)

Record = dict[str, Any]  # the emulator's of a stack, a change set or a resource


def register() -> None:
    """Put it into the emulator."""
    _tell_changes()
    _replace_as_documented()
    Events().register()


# --- what changes ----------------------------------------------------------------------------------------------


def _tell_changes() -> None:
    make, has_no_updates = changesets._create_change_set, handlers._stack_has_no_updates

    def make_change_set(parameters: Record) -> Any:
        known = set(cloudformation._change_sets)
        answer = make(parameters)
        for made in set(cloudformation._change_sets) - known:
            change_set = cloudformation._change_sets[made]
            if other := _of_another_type(change_set):
                del cloudformation._change_sets[made]
                return handlers._error("ValidationError", f"{OTHER_TYPES}: [{', '.join(other)}]")
            _let_outputs_change(change_set)
        return answer

    def nothing_to_update(stack: Record, template: Record, values: Record, tags: Any, *more: Any) -> bool:
        if has_no_updates(stack, template, values, tags, *more):
            return True
        if engine._has_dynamic_references(template) or stacks._stack_tags_changed(stack, tags, more[-1]):
            return False
        old = version(stack["_template"], stack["_resolved_params"], stack["StackName"])
        new = version(template, values, stack["StackName"])
        return not changes.between(old, new) and old.outputs == new.outputs

    changesets._resolve_props_for_diff = version
    changesets._diff_resources = _resource_changes
    handlers._ACTION_HANDLERS["CreateChangeSet"] = make_change_set
    values.register()
    handlers._stack_has_no_updates = nothing_to_update


def version(template: Record, parameters: Record, stack: str, stack_id: str = "") -> Version:
    """A stack's template with its parameters' values.

    Args:
        template: as the emulator parsed it; empty when there is none yet.
        parameters: as the emulator resolved them.
        stack: the stack's name.
        stack_id: its ARN.
    """
    pseudo = {"AWS::Region": get_region(), "AWS::AccountId": get_account_id(), "AWS::StackName": stack}
    values = {name: _value(entry["Value"], entry.get("Type", "")) for name, entry in parameters.items()}
    return Version(templates.from_document(stack, template), {**pseudo, **values})


def _value(value: Any, type_: str) -> Any:
    """A parameter's value as a reference to it has it: the items of a list, which are sent as one string."""
    if "List" in type_ and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


def _resource_changes(
    old: Version, new: Version, resources: Record | None, template: Record, parameters: Any, retagged: Any
) -> list[Record]:
    """The changes of a change set, as the emulator keeps them.

    Args:
        old: the stack's version.
        new: the one that was sent.
        resources: the stack's resources.
        template: what was sent.
        parameters: names of the parameters whose values change.
        retagged: logical ids of the resources that get other tags of the stack.
    """
    found = {change["LogicalResourceId"]: change for change in changes.between(old, new)}
    for name in retagged:
        if name in new.resources and not new.resources[name].type.startswith("Custom::"):
            type_ = new.resources[name].type
            change = {"LogicalResourceId": name, "ResourceType": type_, "Action": "Modify", "Replacement": IN_PLACE}
            change |= found.get(name, {"Scope": [], "Details": []})
            detail = {"Target": {"Attribute": "Tags", "RequiresRecreation": NEVER}, "Evaluation": "Static"}
            change["Details"] = [detail, *change["Details"]]
            change["Scope"] = list(dict.fromkeys([*change["Scope"], "Tags"]))
            found[name] = change
    values.add(old, new, found)
    for name, change in found.items():
        if name in (resources or {}):
            change["PhysicalResourceId"] = (resources or {})[name]["PhysicalResourceId"]
    return [{"ResourceChange": found[name]} for name in sorted(found)]


def _of_another_type(change_set: Record) -> list[str]:
    """Logical ids of resources of the stack that would be of another type."""
    old = cloudformation._stacks[change_set["StackName"]]["_template"].get("Resources", {})
    new = change_set["_template"].get("Resources", {})
    return [name for name in new if name in old and new[name].get("Type") != old[name].get("Type")]


def _let_outputs_change(change_set: Record) -> None:
    """Other outputs alone are a change as well, though of no resource; the emulator calls the change set failed."""
    stack = cloudformation._stacks[change_set["StackName"]]
    if change_set["Status"] != "FAILED" or change_set["Changes"] or change_set["ChangeSetType"] != "UPDATE":
        return
    old = version(stack["_template"], stack["_resolved_params"], stack["StackName"])
    new = version(change_set["_template"], change_set["_resolved_params"], stack["StackName"])
    if old.outputs != new.outputs:
        change_set |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}


def _replace_as_documented() -> None:
    """Replace a resource where its type's schema says so, and nowhere else; keep what Fn::GetAtt knows otherwise."""
    replacing, update = provisioners._replacing_change, provisioners._update_resource

    def replacing_change(type_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        if type_ not in update_behaviors.known():
            return bool(replacing(type_, old, new))
        return update_behaviors.replaces(type_, old, new)

    def update_resource(
        type_: str, physical_id: str, old: Record, new: Record, stack: str,
        logical_id: str | None = None, attributes: Record | None = None,
    ) -> tuple[str, Record]:  # fmt: skip
        new_id, known = update(type_, physical_id, old, new, stack, logical_id, attributes)
        return new_id, {**(attributes or {}), **known} if new_id == physical_id else known

    for module in (provisioners, stacks):
        module._replacing_change = replacing_change
    stacks._update_resource = update_resource


# --- what is told ----------------------------------------------------------------------------------------------


@dataclass
class Events:
    """A stack's events during an update, and the status of its resources.

    The emulator says "in progress" of each resource before it knows whether anything of it changes. That is held back
    until something is really made or changed, and forgotten if nothing is.
    """

    _held: dict[tuple[str, str], Record | None] = field(default_factory=dict)  # stack, logical id -> as it was
    _new: set[tuple[str, str]] = field(default_factory=set)
    _cleaning_up: set[str] = field(default_factory=set)  # stacks

    def register(self) -> None:
        """Listen to what the emulator tells and does."""
        self._add = stacks._add_event
        self._make, self._change, self._delete = (
            stacks._provision_resource, stacks._update_resource, stacks._delete_resource,
        )  # fmt: skip
        stacks._add_event = self._event
        stacks._provision_resource = self._provision
        stacks._update_resource = self._update
        stacks._delete_resource = self._remove

    def _event(
        self, stack_id: str, stack: str, logical_id: str, type_: str, status: str,
        reason: str = "", physical_id: str = "", *more: Any, **others: Any,
    ) -> None:  # fmt: skip
        key, record = (stack, logical_id), cloudformation._stacks[stack]
        if type_ == STACK and logical_id == stack:
            if status == "UPDATE_COMPLETE":
                self._clean_up(record)
            self._held = {each: was for each, was in self._held.items() if each[0] != stack}
            self._new = {each for each in self._new if each[0] != stack}
            self._cleaning_up.discard(stack)
        elif record["StackStatus"] in {"UPDATE_IN_PROGRESS", CLEANING_UP}:
            if status == "UPDATE_IN_PROGRESS" and not physical_id:
                self._held[key] = record["_resources"].get(logical_id)
                return
            if status == "UPDATE_COMPLETE" and key in self._held:
                self._as_it_was(record["_resources"][logical_id], self._held.pop(key))
                return
            if status == "UPDATE_FAILED":
                self._begin(record, logical_id, type_)
            if status == "DELETE_SKIPPED":
                self._clean_up(record)
            self._held.pop(key, None)
            if key in self._new:
                status = status.replace("UPDATE_", "CREATE_")
                record["_resources"].get(logical_id, {})["ResourceStatus"] = status
        self._add(stack_id, stack, logical_id, type_, status, reason, physical_id, *more, **others)

    def _provision(self, type_: str, logical_id: str, properties: Record, stack: str) -> Any:
        if (stack, logical_id) in self._held:
            self._new.add((stack, logical_id))
            self._begin(cloudformation._stacks[stack], logical_id, type_)
        return self._make(type_, logical_id, properties, stack)

    def _update(
        self, type_: str, physical_id: str, old: Record, new: Record, stack: str, logical_id: str, *more: Any
    ) -> Any:
        if old != new:
            self._begin(cloudformation._stacks[stack], logical_id, type_, physical_id)
        return self._change(type_, physical_id, old, new, stack, logical_id, *more)

    def _remove(self, type_: str, physical_id: str, properties: Record, stack: str, logical_id: str) -> None:
        record = cloudformation._stacks[stack]
        if record["StackStatus"] not in {"UPDATE_IN_PROGRESS", CLEANING_UP}:
            self._delete(type_, physical_id, properties, stack, logical_id)
            return
        self._clean_up(record)
        about = record["StackId"], stack, logical_id, type_
        self._add(*about, "DELETE_IN_PROGRESS", physical_id=physical_id)
        self._delete(type_, physical_id, properties, stack, logical_id)
        self._add(*about, "DELETE_COMPLETE", physical_id=physical_id)

    def _begin(self, record: Record, logical_id: str, type_: str, physical_id: str = "") -> None:
        """Say what was held back."""
        stack = record["StackName"]
        if (stack, logical_id) in self._held:
            del self._held[stack, logical_id]
            status = "CREATE_IN_PROGRESS" if (stack, logical_id) in self._new else "UPDATE_IN_PROGRESS"
            self._add(record["StackId"], stack, logical_id, type_, status, physical_id=physical_id)

    def _clean_up(self, record: Record) -> None:
        """After an update, what was replaced or removed is deleted, under a status of its own."""
        stack = record["StackName"]
        if stack not in self._cleaning_up:
            self._cleaning_up.add(stack)
            self._add(record["StackId"], stack, stack, STACK, CLEANING_UP, physical_id=record["StackId"])
        if record["StackStatus"] == "UPDATE_IN_PROGRESS":
            record["StackStatus"] = CLEANING_UP

    @staticmethod
    def _as_it_was(now: Record, before: Record | None) -> None:
        for key in ("ResourceStatus", "Timestamp"):
            if before and key in before:
                now[key] = before[key]
