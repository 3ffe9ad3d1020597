"""Attaches the stage's permissions boundary to a role. ``stacks.pipeline`` defines what the boundary allows."""

from __future__ import annotations

from troposphere import AWS_NO_VALUE, Equals, If, Not, Ref, Sub, Template

from generator.building import account_name
from generator.parameters import parameter

BOUNDED = "Bounded"


def of_roles(template: Template) -> If:
    """A role's permissions boundary: the stage's, if pipelines deploy the stage; otherwise none.

    Args:
        template: template that has the role.
    """
    repository = parameter(template, "PipelineRepository")
    if BOUNDED not in template.conditions:
        template.add_condition(BOUNDED, Not(Equals(Ref(repository), "")))
    return If(BOUNDED, arn(), Ref(AWS_NO_VALUE))


def arn() -> Sub:
    """ARN of the boundary; its name is the stage's, so that every stack knows it."""
    return Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{name().data['Fn::Sub']}")


def name() -> Sub:
    """Name of the boundary."""
    return account_name("boundary")
