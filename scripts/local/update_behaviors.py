"""What an update does to a resource of each type: which changed properties replace it.

``update_behaviors.json`` has the facts for the types in templates/. They come from the types' own schemas, which
cfn-lint carries; as only developers have that, `make schemas` writes them down, and `make templates` for a new type:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from scripts.cloudformation import templates

FILE = Path(__file__).with_name("update_behaviors.json")
# Values of RequiresRecreation, as change sets have them.
ALWAYS, CONDITIONALLY, NEVER = "Always", "Conditionally", "Never"
SCHEMA_KEYS = {ALWAYS: "createOnlyProperties", CONDITIONALLY: "conditionalCreateOnlyProperties"}
REGION = "us-east-1"
LEARNED = {"AWS::SSM::Parameter"}  # types of what learners deploy that templates/ does not have (lesson B)

PropertyPath = tuple[str, ...]  # such as ("Budget", "BudgetName")


@cache
def known() -> dict[str, dict[PropertyPath, str]]:
    """The file: by type, what a change of a property requires; any other property's change, nothing."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        type_: {tuple(path.split("/")): requires for requires, paths in behaviors.items() for path in paths}
        for type_, behaviors in found.items()
    }


def recreating(type_: str, name: str) -> dict[PropertyPath, str]:
    """Which parts of a property require a new resource when they change, and how surely.

    Args:
        type_: the resource's type.
        name: the property's name.

    Returns:
        By path below the property, "Always" or "Conditionally"; the empty path is the property as a whole. Tags
        never do; of a type that the file does not have, any other change may replace the resource.
    """
    if name == "Tags":
        return {}
    if type_ not in known():
        return {(): CONDITIONALLY}
    return {path[1:]: requires for path, requires in known()[type_].items() if path[0] == name}


def replaces(type_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an update has to make a new resource.

    Args:
        type_: the resource's type; one that the file has.
        old: its properties until now.
        new: its properties from now on.
    """
    always = [path for path, requires in known()[type_].items() if requires == ALWAYS]
    return any(at(old, path) != at(new, path) for path in always)


def at(tree: Any, path: PropertyPath) -> Any:
    """What lies at a path of a property; None for nothing."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def used() -> set[str]:
    """The types in templates/, and those that learners deploy."""
    files = templates.TEMPLATES_DIR.glob("*.yaml")
    return {each.type for file in files for each in templates.load(file.stem).resources.values()} | LEARNED


def schemas() -> Iterator[tuple[str, Any]]:
    """cfn-lint's schemas of the types in templates/, and of those that learners deploy, sorted by type."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    for type_ in sorted(used()):
        yield type_, PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type_)


def from_schemas() -> str:
    """What the file should say, out of the schemas of cfn-lint."""
    lines = []
    for type_, found in schemas():
        behaviors = {
            requires: sorted(path.removeprefix("/properties/") for path in found.schema[key])
            for requires, key in SCHEMA_KEYS.items()
            if found.schema.get(key)
        }
        lines.append(f"  {json.dumps(type_)}: {json.dumps(behaviors)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(words: list[str]) -> int:
    """Write the file; with ``--known``, only see whether it has every type that is used: the exit code."""
    if words == ["--known"]:
        return int(not used() <= known().keys())
    FILE.write_text(from_schemas(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
