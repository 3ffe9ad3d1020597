"""The templates as the pictures and pages take them: all at once, and in words. Draws nothing and writes nothing."""

from __future__ import annotations

import functools
import re
from typing import Any

from generator import catalogue
from scripts.cloudformation import references, templates
from scripts.cloudformation.templates import Resource, Template

# Conditions of the templates as people say them; those that are not here are said by the words of their names.
_WORDS = {
    "Asleep": "while the stage sleeps",
    "Bounded": "for stages with pipelines",
    "BurstableInstances": "with burstable instances",
    "ClosesApi": "with a limit on traffic's cost",
    "HasCanary": "while there is a canary",
    "HasRetrainSchedule": "with a schedule for retraining",
    "LogsReachBucket": "where CloudFront's logs reach a bucket",
    "MakesProvider": "where the account has no identity provider yet",
    "PrivateExport": "where the CSV is private",
    "RegionHasBudgets": "where AWS offers budgets",
    "WithCloudFront": "with CloudFront",
    "WithFlowLogs": "with flow logs",
    "WithMail": "with an address for alarms",
    "WithOwnDomain": "with a domain of its own",
    "WithOwnKey": "with a key of its own",
    "WithPrivateNetwork": "with a private network",
    "WithShareOfConcurrency": "with a share of the concurrency",
    "WithWebAcl": "with a web ACL",
    "WithoutCloudFront": "without CloudFront",
}


def only(condition: str) -> str:
    """A condition in words: when there is what it decides about; "" for always.

    Args:
        condition: its name in a template.
    """
    return f"only {_said(condition)}" if condition else ""


def otherwise(condition: str) -> str:
    """The opposite of a condition in words.

    Args:
        condition: its name in a template.
    """
    said = _said(condition)
    return f"only {said.replace('with ', 'without ', 1)}" if said.startswith("with ") else f"not {said}"


def _said(condition: str) -> str:
    return _WORDS.get(condition) or "if " + re.sub(r"(?<!^)(?=[A-Z])", " ", condition).lower()


@functools.cache
def stacks() -> dict[str, Template]:
    """Every stack's template by its short name, in teaching order."""
    return {stack.name: templates.load(stack.name) for stack in catalogue.STACKS}


def all_of(type_: str) -> list[Resource]:
    """All stacks' resources of a type."""
    return [resource for stack in stacks().values() for resource in stack.of_type(type_)]


def makers_of_outputs() -> dict[str, tuple[str, str]]:
    """Name of an Output -> its stack, and the resource that its value comes from ("" if from none)."""
    found = {}
    for stack in stacks().values():
        for name, output in stack.outputs.items():
            sources = [each for each in references.names(output["Value"]) if each in stack.resources]
            found[name] = (stack.stack, sources[0] if sources else "")
    return found


def short_type(type_: str) -> str:
    """``AWS::EC2::SecurityGroup`` as people say it: ``EC2 SecurityGroup``."""
    return (
        " ".join(type_.split("::")[1:]).replace("ElasticLoadBalancingV2", "ELB").replace("ApiGatewayV2", "API Gateway")
    )


def as_text(value: Any) -> str:
    """A value of a template in a few words: what it is, or the name of where it comes from."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key == "Ref":
            return str(inner)
        if key == "Fn::GetAtt":
            return ".".join(inner)
        if key == "Fn::Sub":
            return str(inner if isinstance(inner, str) else inner[0])
        if key == "Fn::If":
            return f"{as_text(inner[1])} or {as_text(inner[2])}"
        if key == "Fn::Join":
            return str(inner[0]).join(as_text(item) for item in inner[1])
        if key == "Fn::Select":
            return f"{as_text(inner[1])}[{inner[0]}]"
        return key.removeprefix("Fn::")
    if isinstance(value, list):
        return ", ".join(as_text(item) for item in value)
    return str(value)
