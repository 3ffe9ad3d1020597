"""Whether a stage has private subnets: the condition, shared by whatever is placed in them."""

from __future__ import annotations

from troposphere import Equals, Ref, Template

from generator.parameters import parameter

WITH = "WithPrivateNetwork"


def condition(template: Template) -> str:
    """Name of the condition that the stage has a private network, added to a template.

    Args:
        template: the template.
    """
    template.add_condition(WITH, Equals(Ref(parameter(template, "PrivateNetwork")), "true"))
    return WITH
