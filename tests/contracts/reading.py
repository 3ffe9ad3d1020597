"""Reads templates and settings as plain data for the contract tests. Judges nothing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfn_flip

ROOT = Path(__file__).parents[2]
# Short and long forms of functions alike come as long ones: {"Ref": "Vpc"}.
TEMPLATES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(cfn_flip.to_json(path.read_text())) for path in sorted((ROOT / "templates").glob("*.yaml"))
}
STAGES: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "scripts" / "stages.toml").read_text())
RESOURCES = [
    (stack, name, body) for stack, template in TEMPLATES.items() for name, body in template["Resources"].items()
]


def resource(stack: str, name: str) -> dict[str, Any]:
    """Properties of one resource."""
    return TEMPLATES[stack]["Resources"][name]["Properties"]


def resources_of(stack: str, type_: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of all resources of a type."""
    return {
        name: body.get("Properties", {})
        for name, body in TEMPLATES[stack]["Resources"].items()
        if body["Type"] == type_
    }


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a piece of a template."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def references(tree: Any) -> set[str]:
    """Names that a piece of a template refers to, by Ref, GetAtt or Sub; without AWS's own (AWS::Region)."""
    found = set()
    for node in nodes(tree):
        if isinstance(node.get("Ref"), str):
            found.add(node["Ref"])
        if "Fn::GetAtt" in node:
            found.add(node["Fn::GetAtt"][0])
        if "Fn::Sub" in node:
            text = node["Fn::Sub"] if isinstance(node["Fn::Sub"], str) else node["Fn::Sub"][0]
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
    return {name for name in found if not name.startswith("AWS::")}
