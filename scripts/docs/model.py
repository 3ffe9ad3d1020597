"""The templates as plain data, and what refers to what in them. Draws nothing and writes nothing."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from generator import catalogue
from generator.rendering import in_reading_order
from generator.stacks import BUILDERS

_SUB_NAME = re.compile(r"\$\{([^!}]+)\}")


@dataclass(frozen=True)
class Resource:
    """One resource of a template.

    Attributes:
        stack: short name of its stack.
        id: logical id.
        type: such as ``AWS::S3::Bucket``.
        purpose: its one line.
        condition: name of the Condition it is made under, "" for always.
        properties: as in the template, functions in their long form.
        refers_to: names of resources and parameters of the same template that it uses.
        waits_for: resources it names in DependsOn.
    """

    stack: str
    id: str
    type: str
    purpose: str
    condition: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    refers_to: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The type in two words: ``S3 Bucket``."""
        return short_type(self.type)

    @property
    def service(self) -> str:
        """The AWS service of the type: ``S3``."""
        return self.type.split("::")[1]


@dataclass(frozen=True)
class Stack:
    """One template: parameters and outputs by name as they are in it, resources by logical id in its order."""

    name: str
    purpose: str
    parameters: dict[str, dict[str, Any]]
    resources: dict[str, Resource]
    outputs: dict[str, dict[str, Any]]
    conditions: dict[str, Any]

    def of_type(self, type_: str) -> list[Resource]:
        """The stack's resources of a type, in order."""
        return [resource for resource in self.resources.values() if resource.type == type_]


@functools.cache
def stacks() -> dict[str, Stack]:
    """Every stack by its short name, in teaching order."""
    return {name: _stack(name, in_reading_order(build())) for name, build in BUILDERS.items()}


def all_of(type_: str) -> list[Resource]:
    """All stacks' resources of a type."""
    return [resource for stack in stacks().values() for resource in stack.of_type(type_)]


def makers_of_outputs() -> dict[str, tuple[str, str]]:
    """Name of an Output -> its stack, and the resource that its value comes from ("" if from none)."""
    found = {}
    for stack in stacks().values():
        for name, output in stack.outputs.items():
            sources = [each for each in names_in(output["Value"]) if each in stack.resources]
            found[name] = (stack.name, sources[0] if sources else "")
    return found


def names_in(tree: Any) -> Iterator[str]:
    """Names that a piece of a template refers to by Ref, GetAtt or Sub, AWS's own (``AWS::Region``) left out."""
    if isinstance(tree, list):
        for item in tree:
            yield from names_in(item)
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if key == "Ref":
            found = [value]
        elif key == "Fn::GetAtt":
            found = [value.split(".")[0] if isinstance(value, str) else value[0]]
        elif key == "Fn::Sub":
            text = value if isinstance(value, str) else value[0]
            found = [name.split(".")[0] for name in _SUB_NAME.findall(text)]
        else:
            found = list(names_in(value))
        yield from (name for name in found if not name.startswith("AWS::"))


def short_type(type_: str) -> str:
    """``AWS::EC2::SecurityGroup`` as people say it: ``EC2 SecurityGroup``."""
    return (
        " ".join(type_.split("::")[1:]).replace("ElasticLoadBalancingV2", "ELB").replace("ApiGatewayV2", "API Gateway")
    )


def as_text(value: Any) -> str:
    """A value of a template in a few words: what it is, or the name of where it comes from."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key == "Ref":
            return str(inner)
        if key == "Fn::GetAtt":
            return inner if isinstance(inner, str) else ".".join(inner)
        if key == "Fn::Sub":
            return str(inner if isinstance(inner, str) else inner[0])
        if key == "Fn::If":
            return f"{as_text(inner[1])} or {as_text(inner[2])}"
        if key == "Fn::Join":
            return str(inner[0]).join(as_text(item) for item in inner[1])
        if key == "Fn::Select":
            return f"{as_text(inner[1])}[{inner[0]}]"
        return key.removeprefix("Fn::")
    if isinstance(value, list):
        return ", ".join(as_text(item) for item in value)
    return str(value)


def _stack(name: str, document: dict[str, Any]) -> Stack:
    own = document["Resources"].keys() | document.get("Parameters", {}).keys()
    return Stack(
        name=name,
        purpose=next(stack.purpose for stack in catalogue.STACKS if stack.name == name),
        parameters=document.get("Parameters", {}),
        resources={id_: _resource(name, id_, body, own) for id_, body in document["Resources"].items()},
        outputs=document.get("Outputs", {}),
        conditions=document.get("Conditions", {}),
    )


def _resource(stack: str, id_: str, body: dict[str, Any], own: set[str]) -> Resource:
    waits = body.get("DependsOn", [])
    properties = body.get("Properties", {})
    return Resource(
        stack=stack,
        id=id_,
        type=body["Type"],
        purpose=body.get("Metadata", {}).get("Purpose", ""),
        condition=body.get("Condition", ""),
        properties=properties,
        refers_to=tuple(dict.fromkeys(name for name in names_in(properties) if name in own and name != id_)),
        waits_for=tuple([waits] if isinstance(waits, str) else waits),
    )
