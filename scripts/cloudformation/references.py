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
    return (name for name, _ in found(tree))


def found(tree: Any) -> Iterator[tuple[str, str]]:
    """The same with the attribute that each reference asks for; "" for that of a Ref.

    Args:
        tree: plain data with functions in their long form.
    """
    if isinstance(tree, list):
        for item in tree:
            yield from found(item)
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if key == "Ref":
            yield from _own((value, ""))
        elif key == "Fn::GetAtt":
            name, attribute = value.split(".", 1) if isinstance(value, str) else value
            yield from _own((name, attribute))
        elif key == "Fn::Sub":
            text, given = (value, {}) if isinstance(value, str) else value
            for variable in SUBSTITUTED.findall(text):
                name, _, attribute = variable.partition(".")
                if variable not in given:
                    yield from _own((name, attribute))
            yield from found(given)
        else:
            yield from found(value)


def _own(reference: tuple[str, str]) -> Iterator[tuple[str, str]]:
    if not reference[0].startswith("AWS::"):
        yield reference
