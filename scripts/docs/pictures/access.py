"""Who may do what: every role, bucket policy and permission of the templates, as rows of plain data and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from scripts.cloudformation.templates import Resource
from scripts.docs import model
from scripts.docs.svg import SMALL, Drawing, width_of, wrapped

COLUMNS = (("Who", 260.0), ("may", 300.0), ("on what", 330.0))
LEFT, LINE, PAD = 16.0, 15.0, 9.0
MANY = 6  # calls that a row of the picture names one by one


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


def draw(stacks: Container[str]) -> Drawing:
    """The table, of the grants that stand in some stacks."""
    drawing = Drawing("Who may do what: every role, policy and permission of the templates")
    y = 34.0
    for name, x in zip((name for name, _ in COLUMNS), _lefts(), strict=True):
        drawing.text(name, x, y, "heading", 15)
    y += 12
    last = ""
    for grant in (each for each in grants() if each.stack in stacks):
        y = _row(drawing, grant, y, shows_who=grant.who + grant.whose != last)
        last = grant.who + grant.whose
    return drawing


def _row(drawing: Drawing, grant: Grant, y: float, shows_who: bool) -> float:
    """Draw a row under y; where the next one begins."""
    first = COLUMNS[0][1] - PAD
    bold = first / 1.08  # bold letters are wider
    who = [_cut(line, bold) for line in wrapped(grant.who, bold)] if shows_who else []
    whose = wrapped(f"{grant.whose} ({grant.stack})", first, SMALL) if shows_who else []
    calls = [f"not {call}" if grant.denied and not call.startswith("if ") else call for call in _in_short(grant.calls)]
    cells = [_lines(calls, COLUMNS[1][1]), _lines(list(grant.on), COLUMNS[2][1])]
    left, *others = _lefts()
    drawing.rule(LEFT if shows_who else others[0], y, LEFT + sum(width for _, width in COLUMNS), y)
    for number, line in enumerate(who):
        drawing.text(line, left, y + LINE * (number + 1), "title")
    for number, line in enumerate(whose):
        drawing.text(line, left, y + LINE * (len(who) + number + 1), "soft", SMALL)
    for x, lines in zip(others, cells, strict=True):
        for number, line in enumerate(lines):
            drawing.text(line, x, y + LINE * (number + 1))
    return y + LINE * max(len(who) + len(whose), *map(len, cells)) + PAD


def _in_short(calls: tuple[str, ...]) -> list[str]:
    """Calls one by one, or how many of each service where they are many: the stack's page has them all."""
    tests = [call for call in calls if call.startswith("if ")]
    made = [call for call in calls if call not in tests]
    if len(made) <= MANY:
        return [*made, *tests]
    services = Counter(call.split(":")[0] for call in made)
    return [f"{service}: {count} calls" for service, count in services.items()] + tests


def _lefts() -> list[float]:
    lefts = [LEFT]
    for _, width in COLUMNS:
        lefts.append(lefts[-1] + width)
    return lefts[:-1]


def _lines(items: list[str], width: float) -> list[str]:
    """Items one a line, or more where they are short; a long name is cut in its middle."""
    lines: list[str] = []
    for item in items:
        if lines and not item.startswith("if ") and width_of(f"{lines[-1]}, {item}") <= width - PAD:
            lines[-1] += f", {item}"
        else:
            lines.append(_cut(item, width - PAD))
    return lines


def _cut(text: str, width: float) -> str:
    while width_of(text) > width:
        middle = len(text) // 2
        text = f"{text[: middle - 2].rstrip('…')}…{text[middle + 2 :].lstrip('…')}"
    return text


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
        return "everything"
    if text.startswith("arn:"):
        _, _, service, _, _, rest = text.replace("${AWS::", "").split(":", 5)
        text = f"{service} {rest.replace('parameter$', 'parameter $')}"
    text = text.replace("${", "").replace("}", "").replace(".Arn", "")
    name, slash, tail = text.partition("/")
    makers = model.makers_of_outputs()
    return (makers[name][1] or name if name in makers else name) + slash + tail


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
