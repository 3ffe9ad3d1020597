"""Writes a template as YAML in reading order, with CloudFormation's short forms. Decides nothing about content."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from troposphere import Template

BANNER = "# Generated from {source} by `make templates`; do not edit.\n"
SECTIONS = ("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Conditions", "Resources", "Outputs")
RESOURCE_KEYS = (
    "Type",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "DependsOn",
    "Metadata",
    "Properties",
)
PARAMETER_KEYS = ("Type", "Description", "Default")
OUTPUT_KEYS = ("Condition", "Description", "Value")
LONGEST_LINE = 118
LONGEST_LIST = 80
# PyYAML quotes whatever has a tag; these need no quotes.
QUOTED_NAME = re.compile(r"(!(?:Ref|GetAtt|Condition)) '([\w:.]+)'")


class _Dumper(yaml.SafeDumper):
    """YAML as written by hand: lists indented under their key, short forms, no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _mapping(dumper: yaml.SafeDumper, mapping: dict[str, Any]) -> yaml.Node:
    """A mapping, or the short form if it is an intrinsic function (``{"Ref": "Vpc"}`` becomes ``!Ref Vpc``)."""
    if len(mapping) == 1:
        name, value = next(iter(mapping.items()))
        if name == "Condition" and isinstance(value, str):
            return dumper.represent_scalar("!Condition", value)
        if name == "Fn::GetAtt":
            return dumper.represent_scalar("!GetAtt", ".".join(value))
        if name == "Ref" or name.startswith("Fn::"):
            return _function(dumper, "!" + name.removeprefix("Fn::"), value)
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items())


def _function(dumper: yaml.SafeDumper, tag: str, value: Any) -> yaml.Node:
    if isinstance(value, str):
        return dumper.represent_scalar(tag, value, style="|" if "\n" in value else None)
    if isinstance(value, dict):
        # YAML allows one tag on a node: a function of a function (such as Base64 of Sub) keeps its long form.
        return dumper.represent_mapping("tag:yaml.org,2002:map", [("Fn::" + tag[1:], value)])
    return dumper.represent_sequence(tag, value)


def _sequence(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    """Short lists of plain values in one line, the others with a line for each item."""
    plain = not any(isinstance(item, dict | list) for item in items)
    in_one_line = plain and len(json.dumps(items)) <= LONGEST_LIST
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=in_one_line)


_Dumper.add_representer(str, _string)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(dict, _mapping)


def _ordered(mapping: dict[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    """The mapping with the keys in ``first`` ahead, in that order, and the rest as they were."""
    keys = [key for key in first if key in mapping] + [key for key in mapping if key not in first]
    return {key: mapping[key] for key in keys}


def in_reading_order(template: Template) -> dict[str, Any]:
    """The template as plain data: sections, and what is in them, in reading order.

    Args:
        template: what a stack's ``build`` returns.
    """
    document = _ordered(json.loads(template.to_json(sort_keys=False)), SECTIONS)
    inner = {"Parameters": PARAMETER_KEYS, "Resources": RESOURCE_KEYS, "Outputs": OUTPUT_KEYS}
    for section, keys in inner.items():
        if section in document:
            document[section] = {name: _ordered(body, keys) for name, body in document[section].items()}
    return document


def to_yaml(source: str, template: Template) -> str:
    """Text of a template's file.

    Args:
        source: file of the stack's module, for the banner.
        template: what its ``build`` returns.
    """
    parts = [BANNER.format(source=source)]
    for section, body in in_reading_order(template).items():
        if section in ("Parameters", "Resources", "Outputs"):
            entries = [_indented(_dump({name: entry})) for name, entry in body.items()]
            parts.append(f"\n{section}:\n" + "\n".join(entries))
        else:
            parts.append(("" if section == "AWSTemplateFormatVersion" else "\n") + _dump({section: body}))
    return "".join(parts)


def _dump(data: dict[str, Any]) -> str:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=LONGEST_LINE, allow_unicode=True)
    return QUOTED_NAME.sub(r"\1 \2", text)


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
