"""What is wrong with a template by itself, in the words in which CloudFormation refuses it. Knows nothing of types.

Templates with a Transform are not looked at: a macro may change anything in them.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.cloudformation import references

SECTIONS = {
    *("AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs"),
    *("Parameters", "Resources", "Rules"),
}
MEMBERS = {
    *("Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type"),
    *("UpdatePolicy", "UpdateReplacePolicy"),
}
OUTPUT = {"Condition", "Description", "Export", "Value"}
POLICIES = {"DeletionPolicy": {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}}
POLICIES["UpdateReplacePolicy"] = POLICIES["DeletionPolicy"] - {"RetainExceptOnCreate"}
FUNCTIONS = [
    *("Fn::And", "Fn::Base64", "Fn::Cidr", "Fn::Equals", "Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt", "Fn::If"),
    *("Fn::ImportValue", "Fn::Join", "Fn::Not", "Fn::Or", "Fn::Select", "Fn::Split", "Fn::Sub", "Fn::Transform"),
]
FORMAT = "Template format error:"


def fault(template: Mapping[str, Any]) -> str:
    """The first thing that is wrong with a template; "" if nothing is.

    Args:
        template: plain data, functions in their long form.
    """
    return "" if template.get("Transform") else next(_faults(template), "")


def _faults(template: Mapping[str, Any]) -> Iterator[str]:
    if unknown := [name for name in template if name not in SECTIONS]:
        yield f"Invalid template property or properties [{', '.join(unknown)}]"
    resources = template.get("Resources") or {}
    for name, resource in resources.items():
        yield from _faults_of(name, resource)
    for name, output in (template.get("Outputs") or {}).items():
        if not isinstance(output, dict) or "Value" not in output or not output.keys() <= OUTPUT:
            yield f"{FORMAT} Output {name} is malformed!"
    for section in ("Resources", "Outputs"):
        tree = template.get(section) or {}
        yield from _faults_of_functions(tree)
        for condition in _conditions(tree):
            if condition not in (template.get("Conditions") or {}):
                yield f"{FORMAT} Unresolved condition dependency {condition} in the {section} block of the template"
        referred = list(references.found(tree))
        for name, attribute in referred:
            if attribute and name not in resources:
                yield f"Template error: instance of Fn::GetAtt references undefined resource {name}"
        known = {*resources, *(template.get("Parameters") or {})}
        wanted = {name for name, _ in referred} | (set(_depended_on(tree)) if section == "Resources" else set())
        if unresolved := sorted(wanted - known):
            names = ", ".join(unresolved)
            yield f"{FORMAT} Unresolved resource dependencies [{names}] in the {section} block of the template"


def _faults_of(name: str, resource: Any) -> Iterator[str]:
    where = f"{FORMAT} [/Resources/{name}"
    if not isinstance(resource, dict):
        yield f"{where}] resource definition is malformed"
        return
    if "Type" not in resource:
        yield f"{where}] Every Resources object must contain a Type member."
    for member in resource:
        if member not in MEMBERS:
            yield f"Invalid template resource property '{member}'"
    for member, allowed in POLICIES.items():
        if isinstance(resource.get(member), str) and resource[member] not in allowed:
            yield f"{FORMAT} Unrecognized {member} {resource[member]} for resource {name}"
    if not isinstance(resource.get("Properties", {}), dict):
        yield f"{where}/Properties] Any Properties member must be a JSON object."
    for path in _nulls(resource, ""):
        yield f"{where}{path}] 'null' values are not allowed in templates"


def _nulls(tree: Any, path: str) -> Iterator[str]:
    if tree is None:
        yield path
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield from _nulls(value, f"{path}/{key}")


def _faults_of_functions(tree: Any) -> Iterator[str]:
    for key, value in _pairs(tree):
        if key.startswith("Fn::") and key not in FUNCTIONS:
            supported = ", ".join(FUNCTIONS)
            yield f"Template error: Encountered unsupported function: {key} Supported functions are: [{supported}]"
        if key == "Fn::Sub" and not isinstance(value, str | list):
            yield "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments."


def _conditions(tree: Mapping[str, Any]) -> Iterator[str]:
    """Names of conditions that resources, outputs and Fn::If refer to."""
    yield from (each["Condition"] for each in tree.values() if isinstance(each, dict) and "Condition" in each)
    yield from (value[0] for key, value in _pairs(tree) if key == "Fn::If" and isinstance(value, list) and value)


def _depended_on(resources: Mapping[str, Any]) -> Iterator[str]:
    for resource in resources.values():
        named = resource.get("DependsOn", []) if isinstance(resource, dict) else []
        yield from [named] if isinstance(named, str) else named


def _pairs(tree: Any) -> Iterator[tuple[str, Any]]:
    """Each key with its value, at every depth."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key), value
            yield from _pairs(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _pairs(value)
