"""IAM for pipelines: identity providers, boundaries, CloudFormation's role, conditions on DynamoDB partition keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb, iam
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Made, Properties, add, check

ROLE = "AWS::IAM::Role"
LEADING_KEYS = "dynamodb:LeadingKeys"
PASSED_ROLE = "cloudformation:RoleArn"
TO_CLOUDFORMATION = {"iam:PassedToService": "cloudformation.amazonaws.com"}
KEY_IS = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def register() -> None:
    """Add identity providers and boundaries to the emulator's CloudFormation, and leading keys to its IAM."""
    add("AWS::IAM::OIDCProvider", _create_provider, _delete_provider, _update_provider)
    _keep_boundaries()
    _tell_leading_keys()
    _tell_boundaries()
    _ask_for_roles_that_are_passed()


def _create_provider(logical_id: str, properties: Properties, stack: str) -> Made:
    clients = {f"ClientIDList.member.{n}": [each] for n, each in enumerate(properties.get("ClientIdList", []), 1)}
    check(iam._create_oidc_provider({"Url": [properties["Url"]], **clients}))
    host = properties["Url"].partition("://")[2].rstrip("/")
    arn = next(arn for arn in iam._oidc_providers if arn.endswith(f":oidc-provider/{host}"))
    return arn, {"Arn": arn}


def _update_provider(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    iam._oidc_providers[physical_id]["ClientIDList"] = list(new.get("ClientIdList", []))
    return physical_id, {}


def _delete_provider(physical_id: str, properties: Properties) -> None:
    iam._delete_oidc_provider({"OpenIDConnectProviderArn": [physical_id]})


def _keep_boundaries() -> None:
    """Keep a role's PermissionsBoundary, which the emulator drops when CloudFormation creates or changes the role."""
    handler = provisioners._RESOURCE_HANDLERS[ROLE]

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = handler["create"](logical_id, properties, stack)
        iam._roles[made[0]]["PermissionsBoundary"] = properties.get("PermissionsBoundary", "")
        return made

    def update(physical_id: str, old: Properties, new: Properties, stack: str, *more: Any) -> Made:
        made: Made = handler["update"](physical_id, old, new, stack, *more)
        iam._roles[made[0]]["PermissionsBoundary"] = new.get("PermissionsBoundary", "")
        return made

    provisioners._RESOURCE_HANDLERS[ROLE] = {**handler, "create": create, "update": update}


def _tell_boundaries() -> None:
    """Let conditions see the boundary in a request, or of the role."""
    context_of = iam_actions.request_tag_context

    def context_with_boundary(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        if service == "cloudformation" and iam._p(parameters, "RoleARN"):
            return {**context, PASSED_ROLE: iam._p(parameters, "RoleARN")}
        if service != "iam":
            return context
        role = iam._roles.get(iam._p(parameters, "RoleName")) or {}
        keys = {
            "iam:PermissionsBoundary": iam._p(parameters, "PermissionsBoundary") or role.get("PermissionsBoundary"),
            "iam:PolicyARN": iam._p(parameters, "PolicyArn"),
        }
        return {**context, **{key: value for key, value in keys.items() if value}}

    iam_actions.request_tag_context = context_with_boundary


def _ask_for_roles_that_are_passed() -> None:
    """Ask for ``iam:PassRole`` when CloudFormation is handed a role, which the emulator takes from everybody."""
    enforce = iam_evaluator.enforce

    def enforce_with_role(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        denied = enforce(
            access_key, action, service, region, resource_arn=resource_arn, service_context=service_context
        )
        role = (service_context or {}).get(PASSED_ROLE)
        if denied or not role:
            return denied
        return enforce(access_key, "iam:PassRole", "iam", region, resource_arn=role, service_context=TO_CLOUDFORMATION)

    iam_evaluator.enforce = enforce_with_role


def _tell_leading_keys() -> None:
    """Let conditions see a request's partition keys, for each table its own."""
    context_of, enforce = iam_actions.dynamodb_service_context, iam_evaluator.enforce

    def context_with_keys(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        try:
            return {**context, LEADING_KEYS: _keys_by_table(json.loads(body or b"{}"))}
        except (ValueError, AttributeError, KeyError, TypeError):
            return context  # the service itself refuses it

    def enforce_with_keys(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        if service_context and LEADING_KEYS in service_context:
            keys = service_context[LEADING_KEYS].get(resource_arn.partition(":table/")[2].partition("/")[0])
            others = {name: value for name, value in service_context.items() if name != LEADING_KEYS}
            service_context = {**others, LEADING_KEYS: keys} if keys else others
        return enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=service_context)

    iam_actions.dynamodb_service_context = context_with_keys
    iam_evaluator.enforce = enforce_with_keys


def _keys_by_table(request: dict[str, Any]) -> dict[str, list[str]]:
    """Table name to the partition keys that a request names in it."""
    found: dict[str, list[str]] = {}
    for entry in request.get("TransactItems", []):
        for part in entry.values():
            found.setdefault(part["TableName"], []).extend(_keys_in(part))
    if "TableName" in request:
        found[request["TableName"]] = list(_keys_in(request))
    return found


def _keys_in(part: dict[str, Any]) -> Iterator[str]:
    table = dynamodb._tables.get(part["TableName"])
    if not table:
        return
    item = part.get("Key") or part.get("Item") or {}
    if table["pk_name"] in item:
        yield from item[table["pk_name"]].values()
    names, values = part.get("ExpressionAttributeNames", {}), part.get("ExpressionAttributeValues", {})
    for name, value in KEY_IS.findall(part.get("KeyConditionExpression", "")):
        if names.get(name, name) == table["pk_name"]:
            yield from values[value].values()
