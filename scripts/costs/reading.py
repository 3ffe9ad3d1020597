"""The resources that a stage's settings make of the templates: conditions decided, references to settings filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.cloudformation import templates
from scripts.cloudformation.templates import Template
from scripts.stage.errors import TemplateError


@dataclass(frozen=True)
class Resource:
    """One resource that there would be: its stack, logical id, type, purpose and properties."""

    stack: str
    id: str
    type: str
    purpose: str
    properties: dict[str, Any]


def resources(found: list[Template], settings: Mapping[str, str]) -> list[Resource]:
    """Every resource that the settings make.

    Args:
        found: the templates.
        settings: values by Parameter name; the others keep their Defaults.
    """
    made = []
    for template in found:
        document = templates.document(template.stack, template.body)
        known = {name: settings.get(name, default) for name, default in template.parameters.items()}
        conditions = document.get("Conditions", {})
        for logical_id, body in document["Resources"].items():
            if "Condition" not in body or _holds({"Condition": body["Condition"]}, conditions, known):
                properties = _filled(body.get("Properties", {}), conditions, known)
                made.append(
                    Resource(template.stack, logical_id, body["Type"], template.purpose(logical_id), properties)
                )
    return made


def _holds(condition: Any, conditions: Mapping[str, Any], known: Mapping[str, str | None]) -> bool:
    (name, value), *_ = condition.items()
    match name.removeprefix("Fn::"):
        case "Condition":
            return _holds(conditions[value], conditions, known)
        case "Equals":
            left, right = (_filled(each, conditions, known) for each in value)
            return str(left) == str(right)
        case "Not":
            return not _holds(value[0], conditions, known)
        case "And":
            return all(_holds(each, conditions, known) for each in value)
        case "Or":
            return any(_holds(each, conditions, known) for each in value)
    raise TemplateError(f"The condition function {name} is not understood.", "Teach it to scripts/costs/reading.py.")


def _filled(value: Any, conditions: Mapping[str, Any], known: Mapping[str, str | None]) -> Any:
    """A value with settings in place of references to them, and one side of each choice."""
    if isinstance(value, list):
        return [_filled(each, conditions, known) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and known.get(value["Ref"]) is not None:
        return known[value["Ref"]]
    if len(value) == 1 and next(iter(value)).removeprefix("Fn::") == "If":
        condition, then, otherwise = next(iter(value.values()))
        return _filled(then if _holds({"Condition": condition}, conditions, known) else otherwise, conditions, known)
    return {key: _filled(each, conditions, known) for key, each in value.items()}
