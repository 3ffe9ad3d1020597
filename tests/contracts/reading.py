"""Reads templates and settings as plain data for the contract tests. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator import paths
from scripts.cloudformation import templates
from scripts.stage import settings

TEMPLATES: dict[str, dict[str, Any]] = {
    path.stem: templates.load(path.stem).document for path in sorted(paths.TEMPLATES.glob("*.yaml"))
}
STAGES = settings.tables()
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
