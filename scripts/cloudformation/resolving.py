"""A template with the values of its Parameters: which Conditions hold, which resources exist, what functions return.

Values known only after deployment (an id, an ARN, another stack's output) stay as the template has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scripts.cloudformation import templates
from scripts.cloudformation.references import SUBSTITUTED
from scripts.cloudformation.templates import Resource, Template
from scripts.stage.errors import TemplateError

NO_VALUE = object()  # what AWS::NoValue resolves to; where it is a property or an item, that goes


class Resolver:
    """One template and the values of its Parameters. A subclass may know more than a deployment's settings.

    Args:
        template: the template.
        values: values by Parameter name; the others have their Default, or none. Of pseudo parameters, such as
            ``AWS::Region``, those have one that are among them.

    Attributes:
        template: the template.
        values: every Parameter's value; None where nothing gives it one.
    """

    def __init__(self, template: Template, values: Mapping[str, Any]) -> None:
        self.template = template
        self.values: dict[str, Any] = {name: values.get(name, default) for name, default in template.parameters.items()}
        self.values |= {name: value for name, value in values.items() if name.startswith("AWS::")}

    def resources(self) -> list[Resource]:
        """The resources whose conditions hold, with their properties resolved."""
        found = (each for each in self.template.resources.values() if not each.condition or self.holds(each.condition))
        return [replace(each, properties=self.resolve(each.properties)) for each in found]

    def holds(self, condition: str) -> bool:
        """Whether a Condition of the template holds.

        Args:
            condition: its name.

        Raises:
            TemplateError: it depends on a value that is not known, or on a function not allowed in Conditions.
        """
        return self._is_true({"Condition": condition})

    def resolve(self, tree: Any) -> Any:
        """A piece of the template with every function that has a value replaced by it.

        Args:
            tree: plain data, functions in their long form.

        Returns:
            The piece; ``NO_VALUE`` where the whole of it is ``AWS::NoValue``.
        """
        if isinstance(tree, list):
            return [value for each in tree if (value := self.resolve(each)) is not NO_VALUE]
        if not isinstance(tree, dict):
            return tree
        if len(tree) == 1:
            ((name, value),) = tree.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._called(name, value)
        pairs = {key: self.resolve(value) for key, value in tree.items()}
        return {key: value for key, value in pairs.items() if value is not NO_VALUE}

    def reference(self, name: str) -> Any:
        """Value of a Ref; the Ref itself where it has none."""
        value = self.values.get(name)
        return {"Ref": name} if value is None else value

    def attribute(self, resource: str, name: str) -> Any:
        """Value of an attribute of a resource; the function itself where it has none."""
        return {"Fn::GetAtt": [resource, name]}

    def function(self, name: str, value: Any) -> Any:
        """Value of a function that only a deployment can call, such as Fn::GetAZs; the function itself otherwise."""
        return {name: value}

    def _called(self, name: str, value: Any) -> Any:
        match name:
            case "Ref":
                return NO_VALUE if value == "AWS::NoValue" else self.reference(value)
            case "Fn::GetAtt":
                return self.attribute(*value)
            case "Fn::If":
                return self.resolve(value[1] if self.holds(value[0]) else value[2])
            case "Fn::Sub":
                return self._substituted(value)
            case "Fn::Join":
                separator, parts = value[0], self.resolve(value[1])
                if isinstance(parts, list) and all(map(_is_plain, parts)):
                    return separator.join(map(templates.text, parts))
                return {name: [separator, parts]}
        return self.function(name, self.resolve(value))

    def _substituted(self, value: str | list[Any]) -> Any:
        text, given = (value, {}) if isinstance(value, str) else (value[0], self.resolve(value[1]))
        left = {}

        def fill(found: Any) -> str:
            name, dot, attribute = found[1].partition(".")
            if found[1] in given:
                known = given[found[1]]
            else:
                known = self.attribute(name, attribute) if dot else self.reference(name)
            if _is_plain(known):
                return templates.text(known)
            if found[1] in given:
                left[found[1]] = known
            return str(found[0])

        filled = SUBSTITUTED.sub(fill, text)
        if SUBSTITUTED.search(filled):
            return {"Fn::Sub": [filled, left] if left else filled}
        return filled.replace("${!", "${")

    def _is_true(self, condition: Mapping[str, Any]) -> bool:
        ((name, value),) = condition.items()
        match name:
            case "Condition":
                return self._is_true(self.template.conditions[value])
            case "Fn::Equals":
                first, second = (self._compared(each) for each in value)
                return first == second
            case "Fn::Not":
                return not self._is_true(value[0])
            case "Fn::And":
                return all(map(self._is_true, value))
            case "Fn::Or":
                return any(map(self._is_true, value))
        raise TemplateError(
            f"{self.template.stack}.yaml: {name} is not a function for Conditions.",
            "Use Condition, Fn::And, Fn::Equals, Fn::Not or Fn::Or.",
        )

    def _compared(self, tree: Any) -> str:
        value = self.resolve(tree)
        if not _is_plain(value):
            raise TemplateError(
                f"{self.template.stack}.yaml: a Condition depends on {value}, whose value is not known.",
                "Give the Parameter a Default, or a setting in scripts/stages.toml.",
            )
        return templates.text(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)
