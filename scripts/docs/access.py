"""Who may do what: every role, bucket policy and permission of the templates, as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.cloudformation.templates import Resource
from scripts.docs import model

HEADS = ("Who", "May", "On what")
EVERYTHING = "everything"


@dataclass(frozen=True)
class Grant:
    """One statement: who may (or may not) make which calls on what, and where that stands."""

    who: str
    whose: str
    calls: tuple[str, ...]
    on: tuple[str, ...]
    stack: str
    denied: bool = False


def grants() -> list[Grant]:
    """Every grant of the templates, in their order."""
    found = []
    for stack in model.stacks().values():
        for resource in stack.resources.values():
            found += _of(resource)
    return found


def row(grant: Grant) -> tuple[str, str, str]:
    """A grant as a row below ``HEADS``."""
    calls = ", ".join(call if call.startswith(("if ", "policy ")) else f"`{call}`" for call in grant.calls)
    on = ", ".join(each if each == EVERYTHING else f"`{each}`" for each in grant.on)  # or * would make it italic
    return f"{grant.who} ({grant.whose})", ("**not** " if grant.denied else "") + calls, on


def _of(resource: Resource) -> list[Grant]:
    properties = resource.properties
    if resource.type == "AWS::IAM::Role":
        whose = "assumed by " + ", ".join(_principals(properties["AssumeRolePolicyDocument"]["Statement"]))
        switch, carried, _ = properties.get("ManagedPolicyArns", {"Fn::If": ["", [], []]})["Fn::If"]
        makers = model.makers_of_outputs()
        found = [
            Grant(
                resource.id,
                f"{whose}, {model.only(switch)}",
                (f"what {makers[arn['Ref']][1]} says",),
                (f"stack {makers[arn['Ref']][0]}",),
                resource.stack,
            )
            for arn in carried
        ]
        for policy in properties.get("Policies", []):
            condition, policy = policy["Fn::If"][:2] if "Fn::If" in policy else ("", policy)
            only = f"{whose}, {model.only(condition)}" if condition else whose
            found += _statements(resource, resource.id, only, policy["PolicyDocument"])
        return found
    if resource.type in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        roles = [model.as_text(role) for role in properties.get("Roles", [])] or [resource.id]
        only = model.only(resource.condition) or f"by {resource.id}"
        return [grant for role in roles for grant in _statements(resource, role, only, properties["PolicyDocument"])]
    if resource.type == "AWS::Lambda::Permission":
        call, function = properties["Action"], model.as_text(properties["FunctionName"])
        return [Grant(properties["Principal"], resource.id, (call,), (function,), resource.stack)]
    return [
        grant
        for only, document in _documents(resource.condition, properties.get("PolicyDocument"))
        for grant in _statements(resource, "", f"by {resource.id}{only}", document)
    ]


def _documents(condition: str, document: Any) -> list[tuple[str, Any]]:
    """What a policy says, and under which condition; one that is made by a condition says two things."""
    if document and "Fn::If" in document:
        switch, first, second = document["Fn::If"]
        return [(f", {model.only(switch)}", first), (f", {model.otherwise(switch)}", second)]
    return [(f", {model.only(condition)}" if condition else "", document)] if document else []


def _statements(resource: Resource, who: str, whose: str, document: dict[str, Any]) -> list[Grant]:
    return [
        Grant(
            who=who or ", ".join(_principals([statement])),
            whose=whose,
            calls=tuple(_calls(statement)),
            on=tuple(dict.fromkeys(_thing(each) for each in _list(statement.get("Resource", "*")))),
            stack=resource.stack,
            denied=statement["Effect"] == "Deny",
        )
        for statement in _list(document["Statement"])
    ]


def _calls(statement: dict[str, Any]) -> list[str]:
    calls = [str(call) for call in _list(statement.get("Action") or statement.get("NotAction"))]
    for test in statement.get("Condition", {}).values():
        calls += [f"if {key} is {' or '.join(map(_thing, _list(value)))}" for key, value in test.items()]
    return calls


def _principals(statements: list[dict[str, Any]]) -> list[str]:
    found = []
    for statement in _list(statements):
        principal = statement.get("Principal", "*")
        values = [principal] if isinstance(principal, str) else list(principal.values())
        words = [model.as_text(value) for value in values]
        found += ["anyone" if word == "*" else _thing(word) for word in words]
    return found


def _thing(value: Any) -> str:
    """An ARN as people say it: what it names, without partition, region and account."""
    text = model.as_text(value).replace("${AWS::Partition}", "aws")
    if text == "*":
        return EVERYTHING
    if text.startswith("arn:"):
        _, _, service, _, _, rest = text.replace("${AWS::", "").split(":", 5)
        text = f"{service} {rest.replace('parameter$', 'parameter $')}"
    text = text.replace("${", "").replace("}", "").replace(".Arn", "")
    name, slash, tail = text.partition("/")
    makers = model.makers_of_outputs()
    return (makers[name][1] or name if name in makers else name) + slash + tail


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
