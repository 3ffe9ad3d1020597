"""Change sets that tell values: what a property is before and after, where IncludePropertyValues asks for it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ministack.services.cloudformation import changesets, handlers
from ministack.services.cloudformation.helpers import CFN_NS

from scripts.local.extensions.changes import Version

VALUES = "Values"  # where the emulator's record of a detail keeps them; it does not know them itself
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"  # CloudFormation's word for a value that only the update can tell
_MEMBER = f"{{{CFN_NS}}}member"


def register() -> None:
    """Have DescribeChangeSet tell values."""
    describe = handlers._ACTION_HANDLERS["DescribeChangeSet"]

    def describe_with_values(parameters: dict[str, Any]) -> Any:
        status, headers, body = describe(parameters)
        if status != 200 or changesets._p(parameters, "IncludePropertyValues") != "true":
            return status, headers, body
        name, stack = (changesets._p(parameters, key) for key in ("ChangeSetName", "StackName"))
        return status, headers, _with_values(body, changesets._find_change_set(name, stack)[1])

    handlers._ACTION_HANDLERS["DescribeChangeSet"] = describe_with_values


def add(old: Version, new: Version, found: Mapping[str, dict[str, Any]]) -> None:
    """Note in the details of changes what their properties are before and after.

    Args:
        old: the stack's version.
        new: the one that was sent.
        found: changes by logical id.
    """
    for name, change in found.items():
        for detail in change.get("Details", []):
            if (key := detail["Target"].get("Name")) is None:
                continue
            before, after = (
                version.resources[name].properties.get(key) if name in version.resources else None
                for version in (old, new)
            )
            told = {"BeforeValue": _text(before), "AfterValue": LATER if before == after else _text(after)}
            detail[VALUES] = {kind: text for kind, text in told.items() if text is not None}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _with_values(body: bytes, change_set: Mapping[str, Any]) -> bytes:
    root = ElementTree.fromstring(body)  # noqa: S314 - the emulator's own
    details = root.iterfind(f".//{{{CFN_NS}}}Details/{_MEMBER}")
    noted = [detail for each in change_set["Changes"] for detail in each["ResourceChange"].get("Details", [])]
    for element, detail in zip(details, noted, strict=True):
        target = element.find(f"{{{CFN_NS}}}Target")
        assert target is not None  # noqa: S101
        for kind, text in detail.get(VALUES, {}).items():
            ElementTree.SubElement(target, f"{{{CFN_NS}}}{kind}").text = text
    return ElementTree.tostring(root)
