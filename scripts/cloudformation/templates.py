"""The one reader of templates: files as parameters, conditions, resources and outputs. Calls nothing on the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from generator import catalogue, paths
from scripts.cloudformation import references
from scripts.stage.errors import TemplateError

TEMPLATES_DIR = paths.TEMPLATES

# Resource types that hold users' data.
DATA_TYPES = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
    }
)


@dataclass(frozen=True)
class Resource:
    """One resource of a template.

    Attributes:
        stack: short name of its stack.
        id: logical id.
        type: such as ``AWS::S3::Bucket``.
        purpose: in one line, what it is for.
        condition: name of the Condition that it is made under, "" for always.
        deletion_policy: what happens to it when the stack is deleted, such as ``Retain``.
        properties: as in the template, functions in their long form.
        depends_on: resources that it names in DependsOn.
    """

    stack: str
    id: str
    type: str
    purpose: str = ""
    condition: str = ""
    deletion_policy: str = "Delete"
    properties: dict[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """The AWS service of the type: ``S3``."""
        return self.type.split("::")[1]

    @property
    def refers_to(self) -> tuple[str, ...]:
        """Resources and Parameters of the same template that its properties name, each once."""
        return tuple(dict.fromkeys(name for name in references.names(self.properties) if name != self.id))


@dataclass(frozen=True)
class Template:
    """One stack's template.

    Attributes:
        stack: short name of the stack, such as ``network``.
        body: the file's text.
        document: the whole of it as plain data, functions in their long form: ``{"Ref": "Vpc"}``.
        parameters: each Parameter's name and its Default; None when it has none.
        conditions: by name.
        resources: by logical id.
        outputs: each Output's name and definition.
    """

    stack: str
    body: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str | None] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """What the stack is for."""
        return str(self.document.get("Description", ""))

    def of_type(self, type_: str) -> list[Resource]:
        """Its resources of a type, in order."""
        return [resource for resource in self.resources.values() if resource.type == type_]

    @property
    def capabilities(self) -> list[str]:
        """The capabilities to acknowledge: whether the template creates IAM resources."""
        makes_iam = any(resource.type.startswith("AWS::IAM::") for resource in self.resources.values())
        return ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"] if makes_iam else []

    @property
    def looked_up(self) -> dict[str, str]:
        """Parameters whose values are looked up in the parameter store, each with the Output that shows what was found.

        The Output is "" where none does.
        """
        entries = (self.document.get("Parameters") or {}).items()
        shown = {str(body.get("Value")): output for output, body in self.outputs.items()}
        return {
            name: shown.get(str({"Ref": name}), "")
            for name, entry in entries
            if str(entry.get("Type", "")).startswith("AWS::SSM::Parameter::Value<")
        }

    @property
    def resolves(self) -> bool:
        """Whether the result also depends on what a dynamic reference finds at that moment."""
        return "{{resolve:" in self.body

    def purpose(self, logical_id: str) -> str:
        """What a resource is for, "" if the template does not (or no longer) have it."""
        resource = self.resources.get(logical_id)
        return resource.purpose if resource else ""


# libyaml's loader is ten times as fast, and in every wheel of PyYAML.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):
    """YAML with CloudFormation's short tags (``!Ref``), which are read as the long forms that they stand for."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)
# CloudFormation has no dates: 2010-09-09 is text, quoted or not.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def load_all(folder: Path = TEMPLATES_DIR) -> list[Template]:
    """Read every template of a folder, in the catalogue's order and then by name.

    Raises:
        TemplateError: the folder has none, or one cannot be read.
    """
    order = {stack.name: number for number, stack in enumerate(catalogue.STACKS)}
    found = [file for file in folder.glob("*.yaml") if not catalogue.stack(file.stem).apart]
    files = sorted(found, key=lambda file: (order.get(file.stem, len(order)), file.stem))
    if not files:
        raise TemplateError(f"There are no templates in {folder}.", "Run `make templates`.")
    return [parse(file.stem, file.read_text(encoding="utf-8")) for file in files]


def load(stack: str, folder: Path = TEMPLATES_DIR) -> Template:
    """Read the template of one stack.

    Args:
        stack: short name of the stack.
        folder: where the YAML files are.

    Raises:
        TemplateError: there is none, or it is not a template.
    """
    file = folder / f"{stack}.yaml"
    if not file.exists():
        raise TemplateError(f"There is no template {file}.", "Run `make templates`.")
    return parse(stack, file.read_text(encoding="utf-8"))


def parse(stack: str, body: str) -> Template:
    """Parse one template.

    Args:
        stack: short name of the stack.
        body: YAML text.

    Raises:
        TemplateError: it is not YAML, or not a template.
    """
    return from_document(stack, _document(stack, body), body)


def from_document(stack: str, document: dict[str, Any], body: str = "") -> Template:
    """A template out of plain data.

    Args:
        stack: short name of the stack.
        document: what the YAML says, functions in their long form.
        body: the YAML text.
    """
    return Template(
        stack=stack,
        body=body,
        document=document,
        parameters={name: _default(entry) for name, entry in (document.get("Parameters") or {}).items()},
        conditions=document.get("Conditions") or {},
        resources={
            logical_id: _resource(stack, logical_id, entry)
            for logical_id, entry in (document.get("Resources") or {}).items()
        },
        outputs=document.get("Outputs") or {},
    )


def _document(stack: str, body: str) -> dict[str, Any]:
    try:
        found = yaml.load(body, Loader=_Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    except yaml.YAMLError as error:
        why = str(error).replace('in "<unicode string>", ', "in ")
        raise TemplateError(f"{stack}.yaml is not valid YAML: {why}", "Run `make templates`.") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise TemplateError(
            f"{stack}.yaml is not a CloudFormation template: it has no Resources.", "Run `make templates`."
        )
    return found


def text(value: str | float) -> str:
    """A value as CloudFormation takes it: Parameters are text, and so are what Conditions compare."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _default(entry: dict[str, Any]) -> str | None:
    return text(entry["Default"]) if "Default" in entry else None


def _resource(stack: str, logical_id: str, entry: dict[str, Any]) -> Resource:
    metadata, depends_on = entry.get("Metadata") or {}, entry.get("DependsOn") or []
    return Resource(
        stack=stack,
        id=logical_id,
        type=str(entry.get("Type", "")),
        purpose=str(metadata.get("Purpose", "")),
        condition=str(entry.get("Condition", "")),
        deletion_policy=str(entry.get("DeletionPolicy", "Delete")),
        properties=entry.get("Properties") or {},
        depends_on=tuple([depends_on] if isinstance(depends_on, str) else depends_on),
    )
