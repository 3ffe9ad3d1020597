"""Texts with ``<``, ``>`` or ``&`` in answers of XML: escaped, as AWS does.

The emulator writes most XML by f-strings that escape nothing, so that one role whose description has an ``&`` makes
every list of roles unreadable. Such texts are marked where they come in, and escape themselves in an f-string; wherever
else, they are the strings that they were. Others are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb, autoscaling, ec2, iam, sns
from ministack.services.cloudformation import stacks

SERVICES = (alb, autoscaling, ec2, iam, sns)
TYPES = ("AWS::AutoScaling::", "AWS::EC2::", "AWS::ElasticLoadBalancingV2::", "AWS::IAM::", "AWS::SNS::")


# What XML 1.0 cannot hold, not even escaped: https://www.w3.org/TR/xml/#charsets
IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Text(str):
    """A text that an f-string escapes for XML."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """The text, escaped."""
        return escaped(super().__format__(spec))

    def __str__(self) -> str:
        """The text itself, still marked."""
        return self


def escaped(text: str) -> str:
    """A text as XML has it."""
    return escape(IMPOSSIBLE.sub("\ufffd", text))


def register() -> None:
    """Mark the texts of requests and templates. After what else handles resources."""
    for service in SERVICES:
        service._p = _marking(service._p)
    stacks._provision_resource = _marking_properties(stacks._provision_resource, (2,))
    stacks._update_resource = _marking_properties(stacks._update_resource, (2, 3))


def marked(value: Any) -> Any:
    """A value with its texts marked, at every depth."""
    if isinstance(value, dict):
        return {key: marked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [marked(each) for each in value]
    return Text(value) if isinstance(value, str) and escaped(value) != value else value


def _marking(read: Callable[..., Any]) -> Callable[..., Any]:
    def read_and_mark(*arguments: Any, **options: Any) -> Any:
        return marked(read(*arguments, **options))

    return read_and_mark


def _marking_properties(make: Callable[..., Any], places: tuple[int, ...]) -> Callable[..., Any]:
    """Mark the properties among a handler's arguments; the first of which is the type."""

    def mark_and_make(type_: str, *arguments: Any) -> Any:
        if type_.startswith(TYPES):
            arguments = tuple(marked(each) if place + 1 in places else each for place, each in enumerate(arguments))
        return make(type_, *arguments)

    return mark_and_make
