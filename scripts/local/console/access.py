"""Roles with their statements, and a simulator that names the statement that allows or denies a call.

IAM's simulator decides for each statement alone (SimulateCustomPolicy): so it is known which one it is. As on AWS, a
matching Deny wins, then an Allow is needed, in the role's policies and in its permissions boundary.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local.console.blocks import (
    BAD,
    BUSY,
    GOOD,
    IDLE,
    Block,
    Cell,
    code,
    form,
    last_part,
    link,
    table,
    toned,
    words,
)
from scripts.stage.session import Cloud

ALLOWS, DENIES, MAY_ALLOW, MAY_DENY, NO = "allows", "denies", "may allow", "may deny", ""
TONES = {ALLOWS: GOOD, DENIES: BAD, MAY_ALLOW: BUSY, MAY_DENY: BUSY}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes:
        policy: the policy's name.
        number: its place in the policy, from 1.
        document: as IAM has it.
        bounds: whether the policy is the role's permissions boundary, which allows nothing by itself.
    """

    policy: str
    number: int
    document: dict[str, Any]
    bounds: bool = False

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        sid = f" ({self.document['Sid']})" if self.document.get("Sid") else ""
        return f"statement {self.number}{sid} of {'the permissions boundary ' if self.bounds else ''}{self.policy}"

    @property
    def actions(self) -> list[str]:
        """The calls that it is about, if it lists them."""
        return _list(self.document.get("Action"))

    @property
    def resources(self) -> list[str]:
        """The resources that it is about, if it lists them."""
        return _list(self.document.get("Resource"))


@dataclass(frozen=True)
class Verdict:
    """What comes of a call: a sentence, its tone, and what each statement says of it."""

    text: str
    tone: str
    by: list[str]


def view(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """All roles, or one with its statements and what they say of a call.

    Args:
        cloud: where.
        query: ``of`` names a role; ``action`` and ``resource`` are what to simulate.
    """
    iam = cloud.client("iam")
    roles = {each["RoleName"]: each for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]}
    if not query.get("of"):
        rows = [
            [link(name, "roles", name), ", ".join(_trusted(role)), ", ".join(_attached(iam, name))]
            for name, role in sorted(roles.items())
        ]
        return [
            table(
                "Roles",
                ("Role", "Who may assume it", "Policies"),
                rows,
                "From ListRoles. Choose one to ask what it may do.",
            )
        ]
    if query["of"] not in roles:
        return [words("No such role", f"There is no role {query['of']} here.", BAD)]
    return _role(iam, query["of"], query.get("action", ""), query.get("resource", "") or "*")


def statements(iam: Any, role: str) -> list[Statement]:
    """All statements that decide what a role may do, its permissions boundary's last.

    Args:
        iam: boto3's client.
        role: the role's name.
    """
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found += _numbered(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for entry in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        found += _numbered(entry["PolicyName"], _managed(iam, entry["PolicyArn"]))
    if boundary := _boundary(iam, role):
        found += _numbered(last_part(boundary), _managed(iam, boundary), bounds=True)
    return found


def simulate(iam: Any, found: Iterable[Statement], action: str, resource: str) -> Verdict:
    """What a role's statements say of a call.

    Args:
        iam: boto3's client.
        found: the role's statements.
        action: such as ``dynamodb:PutItem``.
        resource: its ARN; ``*`` for any.
    """
    each = list(found)
    said = [_says(iam, statement, action, resource) for statement in each]
    pairs = list(zip(each, said, strict=True))
    return Verdict(*_decide(pairs, any(statement.bounds for statement in each)), said)


def _decide(pairs: list[tuple[Statement, str]], bounded: bool) -> tuple[str, str]:
    def first(*what: str, bounds: bool | None = None) -> Statement | None:
        fits = (s for s, said in pairs if said in what and bounds in (None, s.bounds))
        return next(fits, None)

    if denies := first(DENIES):
        return f"Denied: {denies.name} denies it.", BAD
    allows = first(ALLOWS, bounds=False) or first(MAY_ALLOW, bounds=False)
    if allows is None:
        return "Denied: no statement allows it.", BAD
    if bounded and first(ALLOWS, MAY_ALLOW, bounds=True) is None:
        return f"Denied: {allows.name} allows it, but no statement of the permissions boundary does.", BAD
    unsure = [s for s, said in pairs if said == MAY_DENY or (s is allows and said == MAY_ALLOW)]
    if unsure:
        condition = json.dumps(unsure[0].document.get("Condition"))
        return f"It depends: {allows.name} allows it; the condition of {unsure[0].name} decides: {condition}", BUSY
    return f"Allowed: {allows.name} allows it.", GOOD


def _says(iam: Any, statement: Statement, action: str, resource: str) -> str:
    """What one statement says of a call. A condition needs a real request: without it, the statement may apply."""
    document = statement.document
    alone = _decision(iam, document, action, resource)
    if alone == "implicitDeny" and "Condition" in document:
        without = {key: value for key, value in document.items() if key != "Condition"}
        kind = _decision(iam, without, action, resource)
        return {"allowed": MAY_ALLOW, "explicitDeny": MAY_DENY}.get(kind, NO)
    return {"allowed": ALLOWS, "explicitDeny": DENIES}.get(alone, NO)


def _decision(iam: Any, document: Mapping[str, Any], action: str, resource: str) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [document]})
    answer = iam.simulate_custom_policy(PolicyInputList=[policy], ActionNames=[action], ResourceArns=[resource])
    return str(answer["EvaluationResults"][0]["EvalDecision"])


def _role(iam: Any, role: str, action: str, resource: str) -> list[Block]:
    found = statements(iam, role)
    actions = sorted({each for statement in found for each in statement.actions})
    resources = sorted({each for statement in found for each in statement.resources})
    blocks = [
        form("roles", [("action", "Call", action, actions), ("resource", "On", resource, resources)], "May it?", role)
    ]
    said = [NO] * len(found)
    if action:
        verdict = simulate(iam, found, action, resource)
        said = verdict.by
        blocks.append(words(f"{action} on {resource}", verdict.text, verdict.tone))
    rows: list[list[Cell]] = [
        [
            f"{each.policy}{' (boundary)' if each.bounds else ''}",
            each.number,
            toned(words_, TONES.get(words_, IDLE)),
            each.document["Effect"],
            code("\n".join(each.actions) or _other(each.document, "NotAction")),
            code("\n".join(each.resources) or _other(each.document, "NotResource")),
            code(each.document.get("Condition", "")),
        ]
        for each, words_ in zip(found, said, strict=True)
    ]
    heads = ("Policy", "Statement", "This call", "Effect", "Calls", "On", "Where")
    note = (
        "From GetRolePolicy and GetPolicyVersion; each statement is tried alone with SimulateCustomPolicy. Policies "
        "of buckets and keys are no part of it."
    )
    return [*blocks, table(role, heads, rows, note)]


def _numbered(policy: str, document: Mapping[str, Any], bounds: bool = False) -> list[Statement]:
    entries = document.get("Statement", [])
    listed = entries if isinstance(entries, list) else [entries]
    return [Statement(policy, number, each, bounds) for number, each in enumerate(listed, 1)]


def _managed(iam: Any, arn: str) -> dict[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found: dict[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return found


def _boundary(iam: Any, role: str) -> str:
    found = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
    return str(found.get("PermissionsBoundaryArn", ""))


def _attached(iam: Any, role: str) -> list[str]:
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return [*iam.list_role_policies(RoleName=role)["PolicyNames"], *(each["PolicyName"] for each in attached)]


def _trusted(role: Mapping[str, Any]) -> list[str]:
    return [
        each
        for statement in role["AssumeRolePolicyDocument"].get("Statement", [])
        for kind in _values(statement.get("Principal", {}))
        for each in _list(kind)
    ]


def _values(principal: Any) -> list[Any]:
    return list(principal.values()) if isinstance(principal, dict) else [principal]


def _list(value: Any) -> list[str]:
    return [] if value is None else [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _other(document: Mapping[str, Any], key: str) -> str:
    return f"all but {', '.join(_list(document[key]))}" if key in document else ""
