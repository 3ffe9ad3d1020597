"""The generated templates as the orchestrator needs them: parameters, outputs, purposes. Reads files, asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from generator import catalogue
from scripts import ROOT
from scripts.stage.errors import TemplateError

TEMPLATES_DIR = ROOT / "templates"

# Resource types whose loss is the loss of what people did.
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
    """One resource of a template: its type, and in one line what it is for."""

    type: str
    purpose: str
    deletion_policy: str


@dataclass(frozen=True)
class Template:
    """One stack's template.

    Attributes:
        stack: short name of the stack, such as ``network``.
        body: the file's text.
        parameters: each Parameter's name and its Default; None when it has none.
        outputs: names of the Outputs.
        resources: by logical id.
    """

    stack: str
    body: str
    parameters: dict[str, str | None]
    outputs: tuple[str, ...]
    resources: dict[str, Resource]

    @property
    def capabilities(self) -> list[str]:
        """What CloudFormation wants said aloud: that IAM resources are made."""
        makes_iam = any(resource.type.startswith("AWS::IAM::") for resource in self.resources.values())
        return ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"] if makes_iam else []

    @property
    def looks_up(self) -> bool:
        """Whether what it makes depends on something else too: on what the parameter store holds at that moment."""
        return "AWS::SSM::Parameter::Value<" in self.body or "{{resolve:" in self.body

    def purpose(self, logical_id: str) -> str:
        """What a resource is for, "" when the template (no longer) has it."""
        resource = self.resources.get(logical_id)
        return resource.purpose if resource else ""


# libyaml's loader is ten times as fast, and in every wheel of PyYAML.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):
    """YAML with CloudFormation's short tags (``!Ref``), whose meaning does not matter here."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)


def load_all(folder: Path = TEMPLATES_DIR) -> list[Template]:
    """Read every template of a folder, in the catalogue's order and then by name.

    Raises:
        TemplateError: the folder has none, or one cannot be read.
    """
    order = {stack.name: number for number, stack in enumerate(catalogue.STACKS)}
    apart = {stack.name for stack in catalogue.STACKS if stack.apart}
    found = [file for file in folder.glob("*.yaml") if file.stem not in apart]
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
        TemplateError: there is none, or it is no template.
    """
    file = folder / f"{stack}.yaml"
    if not file.exists():
        raise TemplateError(f"There is no template {file}.", "Run `make templates`.")
    return parse(stack, file.read_text(encoding="utf-8"))


def parse(stack: str, body: str) -> Template:
    """Understand one template.

    Args:
        stack: short name of the stack.
        body: YAML text.

    Raises:
        TemplateError: it is no YAML, or no template.
    """
    found = document(stack, body)
    return Template(
        stack=stack,
        body=body,
        parameters={name: _default(entry) for name, entry in (found.get("Parameters") or {}).items()},
        outputs=tuple(found.get("Outputs") or {}),
        resources={logical_id: _resource(entry) for logical_id, entry in found["Resources"].items()},
    )


def document(stack: str, body: str) -> dict[str, Any]:
    """A template as plain data; short forms of functions come as mappings of their name (``{"Ref": "Vpc"}``).

    Args:
        stack: short name of the stack.
        body: YAML text.

    Raises:
        TemplateError: it is no YAML, or no template.
    """
    try:
        found = yaml.load(body, Loader=_Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    except yaml.YAMLError as error:
        raise TemplateError(f"{stack}.yaml is no valid YAML: {error}", "Run `make templates`.") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise TemplateError(
            f"{stack}.yaml is no CloudFormation template: it has no Resources.", "Run `make templates`."
        )
    return found


def _default(entry: dict[str, Any]) -> str | None:
    return str(entry["Default"]) if "Default" in entry else None


def _resource(entry: dict[str, Any]) -> Resource:
    metadata = entry.get("Metadata") or {}
    return Resource(
        type=str(entry.get("Type", "")),
        purpose=str(metadata.get("Purpose", "")),
        deletion_policy=str(entry.get("DeletionPolicy", "Delete")),
    )
