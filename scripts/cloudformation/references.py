"""What a piece of a template refers to. The one walker of Ref, Fn::GetAtt and Fn::Sub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# A name in the text of Fn::Sub, such as ${Vpc} or ${Vpc.CidrBlock}; ${!Name} stands for the text ${Name}.
SUBSTITUTED = re.compile(r"\$\{([^!}]+)\}")


def names(tree: Any) -> Iterator[str]:
    """Parameters and resources that are referred to, in order, as often as they are; no pseudo parameters.

    Args:
        tree: plain data with functions in their long form.
    """
    if isinstance(tree, list):
        for item in tree:
            yield from names(item)
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if key == "Ref":
            yield from _own([value])
        elif key == "Fn::GetAtt":
            yield from _own([value[0]])
        elif key == "Fn::Sub":
            text, given = (value, {}) if isinstance(value, str) else value
            yield from _own(name for found in SUBSTITUTED.findall(text) if (name := found.split(".")[0]) not in given)
            yield from names(given)
        else:
            yield from names(value)


def _own(found: Iterator[str] | list[str]) -> Iterator[str]:
    return (name for name in found if not name.startswith("AWS::"))
