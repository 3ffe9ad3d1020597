"""IAM: what policies and their conditions see of a request to the laptop cloud."""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator

BY_PATH = "AmazonSSM.GetParametersByPath"
TOGETHER = "AmazonSSM.GetParameters"
PUBLIC = "/aws/service/"
BETWEEN = ", "  # the ARNs of several parameters


def register() -> None:
    """See requests as AWS's IAM does."""
    _count_loopback_as_encrypted()
    _name_parameters()
    _check_each_parameter()


def _count_loopback_as_encrypted() -> None:
    """Treat requests over loopback as encrypted: nobody can listen there, which is what TLS ensures.

    Without this, the bucket policies, which refuse plain HTTP, would refuse every request.
    """
    pin_origin = app.pin_request_origin

    def pin_origin_as_encrypted(source_ip: str, encrypted: bool) -> None:
        pin_origin(source_ip, True)

    app.pin_request_origin = pin_origin_as_encrypted


def _name_parameters() -> None:
    """Name the resources of parameters: a path's, of several asked for together, and AWS's public ones.

    ministack knows those that are asked for one by one. A public parameter's ARN has no account.
    """
    resource_of = iam_actions.extract_resource_arn

    def resource_or_path(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        target = headers.get("x-amz-target") if service == "ssm" else None
        if target == BY_PATH:
            asked = json.loads(body).get("Path", "")
            return f"arn:aws:ssm:{region}:{account_id}:parameter{asked}"
        if target == TOGETHER and (names := json.loads(body).get("Names", [])):
            accounts = ["" if name.startswith(PUBLIC) else account_id for name in names]
            return BETWEEN.join(
                f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
                for account, name in zip(accounts, names, strict=True)
            )
        return str(resource_of(service, method, path, headers, body, query_params, region, account_id))

    iam_actions.extract_resource_arn = resource_or_path


def _check_each_parameter() -> None:
    """Of several parameters that are asked for together, each must be allowed."""
    enforce = iam_evaluator.enforce

    def enforce_each(access_key: str, action: str, service: str, region: str, **more: Any) -> Any:
        together = more.pop("resource_arn", "*")
        for arn in together.split(BETWEEN) if service == "ssm" else [together]:
            if denied := enforce(access_key, action, service, region, resource_arn=arn, **more):
                return denied
        return None

    iam_evaluator.enforce = enforce_each
