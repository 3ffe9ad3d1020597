"""Which properties and attributes a resource of each type has: names at every depth, types, enums, what is required.

``property_schemas.json`` has the facts for the types in templates/, in short form. They come from the types' own
schemas, which cfn-lint carries; as only developers have that, `make schemas` writes them down. A schema is

- the name of a JSON type, or "any";
- "#Name" for a definition of the same type of resource;
- a list with one schema, that of each item;
- {"enum": values};
- {"has": schemas by property name, "needs": names of the required ones}.

Patterns, lengths and alternatives are left out. https://json-schema.org/draft-07 and
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from scripts.local.update_behaviors import schemas

FILE = Path(__file__).with_name("property_schemas.json")
ANY = "any"
ATTRIBUTES = "@"  # beside the definitions: a list of names
SCALARS = {"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean"}
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")

Problem = tuple[tuple[str, ...], str]  # where, below the resource's properties, and CloudFormation's words


@cache
def known() -> dict[str, dict[str, Any]]:
    """The file: by type, its definitions by name; the one with the name "" is the resource itself."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def problems(type_: str, properties: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a resource's properties.

    Args:
        type_: the resource's type; nothing is wrong with one that the file does not have.
        properties: functions in their long form where their values are not known yet, which are not looked into.
    """
    definitions = known().get(type_)
    return list(_problems(definitions[""], properties, (), definitions)) if definitions else []


def supports(type_: str, attribute: str) -> bool:
    """Whether Fn::GetAtt knows an attribute of a type; of one that the file does not have, it may.

    Args:
        type_: the resource's type.
        attribute: its name, with dots where it is nested.
    """
    if type_ not in known():
        return True
    return any(f"{attribute}.".startswith(f"{each}.") for each in known()[type_][ATTRIBUTES])


def _problems(schema: Any, value: Any, path: tuple[str, ...], definitions: Mapping[str, Any]) -> Iterator[Problem]:
    if isinstance(schema, str) and schema.startswith("#"):
        schema = definitions[schema[1:]]
    if schema == ANY or _is_unknown(value):
        return
    if isinstance(schema, str):
        if not _is_a(value, schema):
            yield path, _mistyped(path, schema, value)
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield path, _mistyped(path, "array", value)
            return
        for number, each in enumerate(value):
            yield from _problems(schema[0], each, (*path, str(number)), definitions)
    elif "enum" in schema:
        if isinstance(value, dict | list):
            yield path, _mistyped(path, "string", value)
        elif _text(value) not in map(_text, schema["enum"]):
            values = ", ".join(map(_text, schema["enum"]))
            yield path, f"{_text(value)} is not a valid enum value. Supported values: [{values}]"
    elif not isinstance(value, dict):
        yield path, _mistyped(path, "object", value)
    else:
        yield from _problems_of_object(schema, value, path, definitions)


def _problems_of_object(
    schema: Mapping[str, Any], value: Mapping[str, Any], path: tuple[str, ...], definitions: Mapping[str, Any]
) -> Iterator[Problem]:
    for name in schema.get("needs", ()):
        if name not in value:
            yield path, f"Required property [{name}] not found"
    for name, each in value.items():
        if name in schema["has"]:
            yield from _problems(schema["has"][name], each, (*path, name), definitions)
        elif not name.startswith("Fn::"):
            yield path, f"Unsupported property [{name}]"


def _is_unknown(value: Any) -> bool:
    """Whether only the deployment itself can tell the value: of a function, or a dynamic reference."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value
        return name == "Ref" or str(name).startswith("Fn::")
    return value is None or (isinstance(value, str) and "{{resolve:" in value)


def _is_a(value: Any, type_: str) -> bool:
    """Whether a value has a type; the values of parameters are strings, so CloudFormation converts strings."""
    match type_:
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "string":
            return not isinstance(value, dict | list)
        case "boolean":
            return _text(value).lower() in ("true", "false")
        case "integer" | "number":
            found = NUMBER.fullmatch(_text(value).strip())
            return found is not None and not (type_ == "integer" and float(found[0]) % 1)
    return True


def _mistyped(path: tuple[str, ...], type_: str, value: Any) -> str:
    found = "JSONArray" if isinstance(value, list) else "JSONObject" if isinstance(value, dict) else "String"
    expected = SCALARS.get(type_) or f"JSON{type_.capitalize()}"
    return f"Property [{path[-1]}] expected type: {expected}, found: {found}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def from_schemas() -> str:
    """What the file should say, out of the schemas of cfn-lint."""
    lines = []
    for type_, found in schemas():
        schema = found.schema
        definitions = {"": schema, **schema.get("definitions", {})}
        short = {name: _short(each) for name, each in sorted(definitions.items())}
        short[ATTRIBUTES] = sorted(found.get_atts)
        lines.append(f"  {json.dumps(type_)}: {json.dumps(short, separators=(',', ':'))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _short(schema: Any) -> Any:
    """A JSON schema in the file's short form."""
    if not isinstance(schema, dict):
        return ANY
    if "$ref" in schema:
        return "#" + schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return {"enum": schema["enum"]}
    if "properties" in schema and schema.get("additionalProperties") is False and "patternProperties" not in schema:
        has = {name: _short(each) for name, each in sorted(schema["properties"].items())}
        return {"has": has, **({"needs": schema["required"]} if schema.get("required") else {})}
    type_ = schema.get("type", ANY)
    if type_ == "array" and "items" in schema:
        return [_short(schema["items"])]
    return type_ if isinstance(type_, str) else ANY


if __name__ == "__main__":
    FILE.write_text(from_schemas(), encoding="utf-8")
