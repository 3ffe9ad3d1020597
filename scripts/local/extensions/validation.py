"""CloudFormation's validation before a deployment: properties that a type does not have, and values that it refuses.

A template that is wrong by itself is refused at once. A change set with such a property fails, and DescribeEvents says
why; a stack made or updated without one rolls back before anything of it is made. The emulator does so for two of its
types; here it does for all in ``scripts.local.property_schemas``.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, stacks

from scripts.cloudformation import references
from scripts.local import property_schemas, template_format
from scripts.local.extensions.changes import Version
from scripts.local.extensions.updates import version

NAME = "PROPERTY_VALIDATION"
FAILED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
EVENTS = "_operation_events"  # where the emulator keeps those of a stack
OPERATION = "OperationId"  # of the events of a change set
KEPT = 1000  # events of a stack

Record = dict[str, Any]
Found = tuple[str, str, str, str, str]  # logical id, type, name of the validation, path in the template, reason


def register() -> None:
    """Put it into the emulator. After ``updates``, whose change sets it checks."""
    _check_format()
    _check_change_sets()
    _check_stacks()
    _tell_events_of_change_sets()


def _check_format() -> None:
    """Refuse a template that is wrong by itself, most of which the emulator lets pass."""
    check = engine._validate_template_statics

    def check_all(template: Record) -> None:
        if wrong := template_format.fault(template) or _unknown_attribute(template):
            raise ValueError(wrong)
        check(template)

    engine._validate_template_statics = check_all


def _unknown_attribute(template: Record) -> str:
    """What CloudFormation says of the first attribute that a resource does not have; "" if there is none."""
    resources = {} if template.get("Transform") else template.get("Resources") or {}
    for name, attribute in references.found([resources, template.get("Outputs")]):
        if attribute and name in resources and not property_schemas.supports(resources[name]["Type"], attribute):
            return f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
    return ""


def _problems(checked: Version) -> Iterator[Found]:
    for name, resource in checked.resources.items():
        for path, reason in property_schemas.problems(resource.type, resource.properties):
            yield name, resource.type, NAME, "/".join(("", "Resources", name, "Properties", *path)), reason


def _check_change_sets() -> None:
    make = handlers._ACTION_HANDLERS["CreateChangeSet"]

    def make_and_check(parameters: Record) -> Any:
        known = set(cloudformation._change_sets)
        answer = make(parameters)
        for made in set(cloudformation._change_sets) - known:
            change_set = cloudformation._change_sets[made]
            change_set[OPERATION] = new_uuid()
            if not change_set["_disable_validation"]:
                _check_change_set(change_set)
        return answer

    handlers._ACTION_HANDLERS["CreateChangeSet"] = make_and_check


def _check_change_set(change_set: Record) -> None:
    checked = version(change_set["_template"], change_set["_resolved_params"], change_set["StackName"])
    events = [
        stacks._operation_event(
            change_set["StackId"],
            change_set[OPERATION],
            "VALIDATION_ERROR",
            "CREATE_CHANGESET",
            LogicalResourceId=name,
            ResourceType=type_,
            ValidationFailureMode="FAIL",
            ValidationName=validation,
            ValidationStatus="FAILED",
            ValidationStatusReason=reason,
            ValidationPath=path,
        )
        for name, type_, validation, path, reason in _problems(checked)
    ]
    if events:
        change_set |= {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": FAILED}
        stack = cloudformation._stacks[change_set["StackName"]]
        stack[EVENTS] = [*(stack.get(EVENTS) or []), *events][-KEPT:]


def _check_stacks() -> None:
    """Check a stack that is made or updated without a change set."""
    errors_of = stacks._validation_errors

    def all_errors_of(
        resources: Record, ordered: Any, parameters: Record, conditions: Record, mappings: Any, stack: str, *more: Any
    ) -> list[Found]:
        found = list(errors_of(resources, ordered, parameters, conditions, mappings, stack, *more))
        decided = {name: {"Fn::Equals": ["true", str(holds).lower()]} for name, holds in conditions.items()}
        checked = version({"Resources": resources, "Conditions": decided}, parameters, stack)
        return found + [problem for problem in _problems(checked) if problem not in found]

    stacks._validation_errors = all_errors_of


def _tell_events_of_change_sets() -> None:
    describe = handlers._ACTION_HANDLERS["DescribeEvents"]

    def describe_by_operation(parameters: Record) -> Any:
        name = handlers._p(parameters, "ChangeSetName")
        if not name:
            return describe(parameters)
        _, change_set = changesets._find_change_set(name, handlers._p(parameters, "StackName"))
        if not change_set:
            return handlers._error("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
        others = {key: value for key, value in parameters.items() if key != "ChangeSetName"}
        return describe({**others, "StackName": [change_set["StackId"]], "OperationId": [change_set[OPERATION]]})

    handlers._ACTION_HANDLERS["DescribeEvents"] = describe_by_operation
