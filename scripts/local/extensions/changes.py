"""What an update changes, as CloudFormation's change sets tell it. Knows templates, and nothing of the emulator.

Compared are two templates, each with its parameters' values; what refers to a resource has another value only where
the resource is another one. The rules, out of CloudFormation's API reference:

- A property that differs is a DirectModification. A reference in it to a parameter whose value differs is a
  ParameterReference. One to a resource that is new or replaced is a ResourceReference (Ref) or a ResourceAttribute
  (Fn::GetAtt). One to an attribute of a resource that changes in place may get another value, which only the update
  itself can tell: its evaluation is Dynamic.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
- A detail that requires recreation Always replaces the resource if it is Static; what may be so is Conditional.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
- Which properties require recreation says ``scripts.local.update_behaviors``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.cloudformation import references
from scripts.cloudformation.resolving import Resolver
from scripts.cloudformation.templates import Resource, Template
from scripts.local import update_behaviors
from scripts.local.update_behaviors import ALWAYS, CONDITIONALLY, NEVER, at

# What a resource has beside its properties (API reference, ResourceTargetDefinition).
ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")
STATIC, DYNAMIC = "Static", "Dynamic"
# What becomes of the physical resource (API reference, ResourceChange, PolicyAction).
POLICY_ACTIONS = {"Retain": "Retain", "RetainExceptOnCreate": "Retain", "Snapshot": "Snapshot"}
# Effects on a resource that others may refer to; beside NEW they are the values of Replacement.
NEW, REPLACED, PERHAPS_REPLACED, IN_PLACE = "New", "True", "Conditional", "False"

Detail = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """A template with the values of its parameters.

    Attributes:
        template: the template.
        values: by the parameter's name; those of pseudo parameters, such as ``AWS::Region``, among them.
    """

    template: Template
    values: Mapping[str, Any]

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources that there are, by logical id; of references in their properties, those to resources stay."""
        return {each.id: each for each in self._resolver.resources()}

    @cached_property
    def references(self) -> dict[str, dict[str, Any]]:
        """Properties of each of them with all references left in, those to parameters too."""
        resolver = _Referring(self._resolver)
        return {name: resolver.resolve(self.template.resources[name].properties) for name in self.resources}

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """What the stack puts out."""
        present = {
            name: output
            for name, output in self.template.outputs.items()
            if "Condition" not in output or self._resolver.holds(output["Condition"])
        }
        return dict(self._resolver.resolve(present))

    def attribute(self, logical_id: str, name: str) -> Any:
        """What a resource has beside its properties, such as its DeletionPolicy; None for nothing."""
        return self._resolver.resolve(self.template.document["Resources"][logical_id].get(name))

    @cached_property
    def _resolver(self) -> Resolver:
        resolver = Resolver(self.template, self.values)
        resolver.values = dict(self.values)
        return resolver


class _Referring(Resolver):
    """Decides Conditions by values, and keeps every reference."""

    def __init__(self, decided: Resolver) -> None:
        super().__init__(decided.template, {})
        self._decided = decided

    def holds(self, condition: str) -> bool:
        return self._decided.holds(condition)

    def reference(self, name: str) -> Any:
        return {"Ref": name}


def between(before: Version, after: Version) -> list[dict[str, Any]]:
    """What leads from one version to another.

    Returns:
        A ResourceChange of the API for each resource that changes, by logical id; physical ids are not known here.
    """
    kept = before.resources.keys() & after.resources.keys()
    felt = added = dict.fromkeys(after.resources.keys() - before.resources.keys(), NEW)
    while True:  # a resource that changes may change those that refer to it, and these others
        details = {name: list(_details(before, after, name, felt)) for name in kept}
        effects = {name: effect for name in kept if (effect := _effect(details[name]))}
        found = added | {name: effect for name, effect in effects.items() if _is_felt(details[name])}
        if found == felt:
            break
        felt = found
    effects |= added
    names = sorted(before.resources.keys() - after.resources.keys() | effects.keys())
    return [_change(before, after, name, effects.get(name), details.get(name, [])) for name in names]


def _change(before: Version, after: Version, name: str, effect: str | None, details: list[Detail]) -> dict[str, Any]:
    resource = (after if effect else before).resources[name]
    change: dict[str, Any] = {"LogicalResourceId": name, "ResourceType": resource.type, "Scope": [], "Details": []}
    if effect == NEW:
        return change | {"Action": "Add"}
    if effect is None:
        return change | {"Action": "Remove", "PolicyAction": _policy_action(before.attribute(name, "DeletionPolicy"))}
    change |= {"Action": "Modify", "Replacement": effect, "Details": details}
    change["Scope"] = list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details))
    if effect == REPLACED:
        change["PolicyAction"] = "ReplaceAnd" + _policy_action(after.attribute(name, "UpdateReplacePolicy"))
    return change


def _policy_action(policy: Any) -> str:
    return POLICY_ACTIONS.get(str(policy), "Delete")


def _effect(details: Iterable[Detail]) -> str | None:
    """What the details do to a resource; None when there are none."""
    found = {(detail["Target"]["RequiresRecreation"], detail["Evaluation"]) for detail in details}
    if (ALWAYS, STATIC) in found:
        return REPLACED
    if any(requires != NEVER for requires, _ in found):
        return PERHAPS_REPLACED
    return IN_PLACE if found else None


def _is_felt(details: Iterable[Detail]) -> bool:
    """Whether those that refer to a resource may notice: not of its tags, its metadata or its policies."""
    return any(detail["Target"]["Attribute"] == "Properties" for detail in details)


def _details(before: Version, after: Version, name: str, effects: Mapping[str, str]) -> Iterator[Detail]:
    old, new = before.resources[name], after.resources[name]
    for key in sorted(old.properties.keys() | new.properties.keys()):
        was, is_, refers = old.properties.get(key), new.properties.get(key), after.references[name].get(key)
        behaviors = update_behaviors.recreating(new.type, key).items()
        causes = list(_causes(before, after, refers, was != is_, effects))
        if was != is_:
            requires = _most(requires for path, requires in behaviors if at(was, path) != at(is_, path))
            yield _detail(key, requires, DYNAMIC if causes else STATIC, "DirectModification")
        for reference, source, evaluation in causes:
            requires = _most(requires for path, requires in behaviors if _is_in(reference, at(refers, path)))
            yield _detail(key, requires, evaluation, source) | {"CausingEntity": ".".join(filter(None, reference))}
    for attribute in ATTRIBUTES:
        if before.attribute(name, attribute) != after.attribute(name, attribute):
            yield _detail(attribute, NEVER, STATIC, "DirectModification", attribute)


def _causes(
    before: Version, after: Version, refers: Any, differs: bool, effects: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], str, str]]:
    """References by which a property changes: each with its ChangeSource and its Evaluation."""
    for reference in dict.fromkeys(references.found(refers)):
        entity, attribute = reference
        effect = effects.get(entity)
        if entity in after.template.parameters:
            if differs and before.values.get(entity) != after.values.get(entity):
                yield reference, "ParameterReference", STATIC
        elif effect and (attribute or effect != IN_PLACE):
            source = "ResourceAttribute" if attribute else "ResourceReference"
            yield reference, source, STATIC if effect in (NEW, REPLACED) else DYNAMIC


def _is_in(reference: tuple[str, str], tree: Any) -> bool:
    return reference in references.found(tree)


def _most(requirements: Iterable[str]) -> str:
    found = set(requirements)
    return next((each for each in (ALWAYS, CONDITIONALLY) if each in found), NEVER)


def _detail(key: str, requires: str, evaluation: str, source: str, attribute: str = "") -> Detail:
    if not attribute:
        attribute = "Tags" if key == "Tags" else "Properties"
    target = {"Attribute": attribute, "RequiresRecreation": requires}
    if attribute == "Properties":
        target["Name"] = key
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": source}
