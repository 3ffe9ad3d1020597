"""Every internal of ministack that the laptop cloud reaches into: after an upgrade, this says what has moved."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
import tomllib
from typing import Any

import pytest

from scripts import ROOT

MINISTACK = "ministack"
FUNCTIONS = {
    "app._credential_failure": ["service", "iam_action", "request_id", "denied", "headers"],
    "app.app": ["scope", "receive", "send"],
    "app.detect_service": ["method", "path", "headers", "query_params"],
    "app.main": [],
    "app.pin_request_origin": ["source_ip", "secure_transport"],
    "core.iam_actions.dynamodb_service_context": ["body"],
    "core.iam_actions.extract_resource_arn": [
        "service", "method", "path", "headers", "body", "query_params", "region", "account_id",
    ],
    "core.iam_actions.request_tag_context": ["service", "iam_action", "body", "params"],
    "core.iam_evaluator.enforce": [
        "access_key_id", "iam_action", "service", "region", "resource_arn", "service_context",
    ],
    "core.iam_evaluator.find_iam_access_key_account": ["access_key_id"],
    "core.iam_evaluator.is_root_access_key": ["access_key_id"],
    "core.iam_evaluator.resolve_credential": ["access_key_id", "account_id", "session_token"],
    "core.lambda_runtime.Worker.invoke": [
        "self", "event", "request_id", "trace_id", "depth", "durable", "invoked_function_arn",
    ],
    "core.lambda_runtime.execution_credentials": ["config"],
    "core.lambda_runtime.invalidate_worker": ["func_name", "qualifier", "account", "region"],
    "core.lambda_runtime.kill_workers": ["workers"],
    "core.lambda_runtime.release_worker": ["worker"],
    "core.responses._account_from_sts_session": ["access_key_id"],
    "services.alb._p": ["params", "key", "default"],
    "services.alb._proxy_http_target": ["target", "tg"],
    "services.alb.dispatch_request": ["lb", "method", "path", "headers", "body", "query_params", "port"],
    "services.apigateway._cors_response_headers": ["cors_cfg", "origin"],
    "services.apigateway._handle_execute_in_scope": ["api_id", "stage", "path", "method", "headers", "body"],
    "services.apigateway._invoke_http_proxy": [
        "integration", "path", "method", "headers", "body", "query_params",
    ],
    "services.apigateway.new_uuid": [],
    "services.cloudformation.changesets._create_change_set": ["params"],
    "services.cloudformation.changesets._diff_resources": [
        "old_template", "new_template", "resources", "template", "changed_params", "retag",
    ],
    "services.cloudformation.changesets._resolve_props_for_diff": ["template", "params", "stack_name", "stack_id"],
    "services.cloudformation.engine._validate_template_statics": ["template"],
    "services.cloudformation.engine._has_dynamic_references": ["template"],
    "services.cloudformation.changesets._find_change_set": ["cs_name", "stack_name"],
    "services.cloudformation.handlers._error": ["code", "message"],
    "services.cloudformation.handlers._p": ["params", "key", "default"],
    "services.cloudformation.handlers._stack_has_no_updates": [
        "stack", "template", "param_values", "tags", "use_previous_template", "tags_given",
    ],
    "services.cloudformation.provisioners._cw_metric_alarm_record": ["name", "props"],
    "services.cloudformation.provisioners._replacing_change": ["resource_type", "old_props", "new_props"],
    "services.cloudformation.provisioners._update_resource": [
        "resource_type", "physical_id", "old_props", "new_props", "stack_name", "logical_id", "old_attrs",
    ],
    "services.cloudformation.stacks._add_event": [
        "stack_id", "stack_name", "logical_id", "resource_type", "status", "reason", "physical_id", "detailed_status",
    ],
    "services.cloudformation.stacks._delete_resource": [
        "resource_type", "physical_id", "props", "stack_name", "logical_id",
    ],
    "services.cloudformation.stacks._operation_event": [
        "stack_id", "operation_id", "event_type", "operation_type", "fields",
    ],
    "services.cloudformation.stacks._provision_resource": ["resource_type", "logical_id", "props", "stack_name"],
    "services.cloudformation.stacks._runs_on_worker_thread": ["resource_type"],
    "services.cloudformation.stacks._stack_tags_changed": ["stack", "tags", "tags_given"],
    "services.cloudformation.stacks._validation_errors": [
        "resources_defs", "ordered", "param_values", "conditions", "mappings", "stack_name", "stack_id",
        "owned_buckets",
    ],
    "core.responses.error_response_json": ["code", "message", "status"],
    "services.cloudwatch_logs._append_log_events": ["stream", "events"],
    "services.cloudwatch_logs._compile_insights_filter": ["stage"],
    "services.cloudwatch_logs._public_log_record": ["record"],
    "services.cloudwatch_logs._split_insights_pipes": ["query_string"],
    "services.cloudwatch_logs._start_query": ["data"],
    "services.dynamodb._extract_key_val": ["attr"],
    "services.dynamodb._normalize_table_name": ["value"],
    "services.dynamodb._paginate_evaluated_items": ["items", "limit", "table"],
    "services.dynamodb._remove_item": ["table", "pk_val", "sk_val"],
    "services.dynamodb._scan": ["data"],
    "services.dynamodb._set_item": ["table", "pk_val", "sk_val", "item"],
    "services.dynamodb._update_continuous_backups": ["data"],
    "services.dynamodb._update_ttl": ["data"],
    "services.dynamodb.handle_request": ["method", "path", "headers", "body", "query_params"],
    "services.autoscaling._p": ["params", "key"],
    "services.budgets._create_budget": ["data"],
    "services.budgets._delete_budget": ["data"],
    "services.budgets._update_budget": ["data"],
    "services.ec2._allocate_address": ["p"],
    "services.ec2._authorize_sg_ingress": ["p"],
    "services.ec2._az_id_for_zone_name": ["zone_name"],
    "services.ec2._create_flow_logs": ["params"],
    "services.ec2._create_nat_gateway": ["params"],
    "services.ec2._delete_flow_logs": ["params"],
    "services.ec2._delete_nat_gateway": ["params"],
    "services.ec2._p": ["params", "key", "default"],
    "services.ec2._parse_filters": ["params"],
    "services.ec2._release_address": ["p"],
    "services.ec2._revoke_sg_ingress": ["p"],
    "services.ecs._build_run_kwargs": ["cdef"],
    "services.ecs._create_capacity_provider": ["data"],
    "services.ecs._delete_capacity_provider": ["data"],
    "services.ecs._get_docker": [],
    "services.ecs._make_deployment": ["task_definition", "desired_count"],
    "services.ecs._primary_deployment": ["svc"],
    "services.iam._create_oidc_provider": ["p"],
    "services.iam._delete_oidc_provider": ["p"],
    "services.iam._p": ["params", "key", "default"],
    "services.lambda_svc.execution_credentials": ["config"],
    "services.lambda_svc.release_worker": ["worker"],
    "services.ecs._put_cluster_capacity_providers": ["data"],
    "services.cloudformation.provisioners._normalize_container_defs": ["cdefs"],
    "services.sns._p": ["params", "key", "default"],
    "services.ssm.resolve_parameter_value": ["name_or_arn", "version", "decrypt"],
    "services.ecs._update_service": ["data"],
}  # fmt: skip
VALUES = {
    "app._MAIN_LOOP": type(None),
    "core.lambda_runtime._lock": object,
    "core.lambda_runtime._workers": dict,
    "services.alb._lbs": object,
    "services.alb._listeners": object,
    "services.alb._targets": object,
    "services.alb._tgs": object,
    "services.apigateway._apis": object,
    "services.apigateway._stages": object,
    "services.cloudwatch_logs._log_events_lock": object,
    "services.cloudwatch_logs._log_groups._data": dict,
    "services.cloudwatch_logs._log_records._data": dict,
    "services.dynamodb._tables": object,
    "services.ec2._ACTION_MAP": dict,
    "services.ec2._addresses": object,
    "services.ec2._vpcs": object,
    "services.cloudformation._change_sets": object,
    "services.cloudformation._stacks": object,
    "services.cloudformation.handlers._ACTION_HANDLERS": dict,
    "services.ecs._ECS_DEPLOYMENT_STEADY_DELAY": float,
    "services.ecs._services": object,
    "services.ecs._task_defs": object,
    "services.ecs._tasks": object,
    "services.iam._oidc_providers": object,
    "services.iam._roles": object,
    "services.ssm._PUBLIC_AMI_PARAMETERS": dict,
    "services.sts._sessions": dict,
}
HANDLERS = {
    # for each type: whether its update takes the logical id too
    "AWS::ApiGatewayV2::Api": True,
    "AWS::ApiGatewayV2::Integration": True,
    "AWS::DynamoDB::Table": True,
    "AWS::EC2::VPC": True,
    "AWS::ECS::Service": False,
    "AWS::IAM::Role": True,
    "AWS::Lambda::Function": True,
}
MISSING = [
    "AWS::ApiGatewayV2::VpcLink",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::IAM::OIDCProvider",
]


def internal(path: str) -> Any:
    package, module, *names = path.split(".")
    if package == "app":
        module, names = "", [module, *names]
    found = importlib.import_module(".".join(filter(None, (MINISTACK, package, module))))
    return functools.reduce(getattr, names, found)


def handlers() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = internal("services.cloudformation.provisioners._RESOURCE_HANDLERS")
    return found


def test_it_is_the_version_that_was_measured() -> None:
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["local"]

    assert f"{MINISTACK}=={importlib.metadata.version(MINISTACK)}" in pinned


@pytest.mark.parametrize(("path", "parameters"), FUNCTIONS.items())
def test_functions_take_what_we_give_them(path: str, parameters: list[str]) -> None:
    assert list(inspect.signature(internal(path)).parameters)[: len(parameters)] == parameters


@pytest.mark.parametrize(("path", "kind"), VALUES.items())
def test_values_are_there(path: str, kind: type) -> None:
    assert isinstance(internal(path), kind)


@pytest.mark.parametrize(("name", "with_logical_id"), HANDLERS.items())
def test_handlers_that_we_wrap_are_called_as_we_expect(name: str, with_logical_id: bool) -> None:
    handler = handlers()[name]
    update = list(inspect.signature(handler["update"]).parameters)

    assert list(inspect.signature(handler["create"]).parameters) == ["logical_id", "props", "stack_name"]
    assert update[:4] == ["physical_id", "old_props", "new_props", "stack_name"]
    assert (len(update) == 5) == with_logical_id == handler.get("update_with_logical_id", False)
    assert list(inspect.signature(handler["delete"]).parameters)[:2] == ["physical_id", "props"]


@pytest.mark.parametrize("name", MISSING)
def test_types_that_we_add_are_still_missing(name: str) -> None:
    assert name not in handlers(), f"{name} has come to ministack: drop ours"


def test_its_tables_are_as_the_journal_expects() -> None:
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    dynamodb = importlib.import_module("ministack.services.dynamodb")
    keys = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}]
    name, _ = provisioners._ddb_create("Table", {"KeySchema": keys}, "contract-test")
    try:
        table = dynamodb._tables[name]
        assert (table["pk_name"], table["sk_name"]) == ("id", "n")
        assert name in table["TableArn"]
        item = {"id": {"S": "x"}, "n": {"N": "1"}}
        dynamodb._set_item(table, "x", "1", item)
        assert table["items"]["x"]["1"] == item
        assert dynamodb._remove_item(table, "x", "1") == item
    finally:
        provisioners._ddb_delete(name, {})


@pytest.mark.parametrize(
    "name", ["_put_item", "_update_item", "_delete_item", "_batch_write_item", "_transact_write_items"]
)
def test_every_write_goes_through_the_two_places_that_we_watch(name: str) -> None:
    source = inspect.getsource(internal(f"services.dynamodb.{name}"))

    assert "_set_item(" in source or "_remove_item(" in source
    assert '["items"][' not in source.replace(' = table["items"][', "")


def test_what_cors_and_its_settings_are_called() -> None:
    cors = {"allowOrigins": ["http://page"], "exposeHeaders": ["x"]}
    headers = internal("services.apigateway._cors_response_headers")(cors, "http://page")

    assert headers["Access-Control-Allow-Origin"] == "http://page"
    assert internal("services.apigateway._cors_response_headers")(cors, "http://other") == {}
