"""The parts of API Gateway that are ours: throttling, CORS on every answer, the translation of keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ministack.services import alb, apigateway

from scripts.local.extensions import gateway
from scripts.local.extensions.cloudformation import lower_keys
from scripts.local.extensions.gateway import MAX_BODY_BYTES, Bucket

CORS = {"allowOrigins": ["http://page"]}


def result_of(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns; in a thread of its own, because the browser tests keep a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    clock = Clock()
    bucket = Bucket(clock)
    assert [bucket.take(2, 3) for _ in range(5)] == [True, True, True, False, False]

    clock.now += 0.5
    assert [bucket.take(2, 3) for _ in range(2)] == [True, False]
    clock.now += 60
    assert [bucket.take(2, 3) for _ in range(5)] == [True, True, True, False, False]


def test_a_bucket_takes_settings_as_templates_give_them_and_none_for_no_limit() -> None:
    bucket = Bucket(Clock())
    assert [bucket.take("1", "2") for _ in range(3)] == [True, True, False]

    assert all(Bucket(Clock()).take(None, None) for _ in range(100))


def test_keys_are_translated_at_every_depth_and_values_are_not() -> None:
    given = {"AllowOrigins": ["Http://X"], "Deep": [{"MaxAge": 1, "already": {"A": None}}]}

    assert lower_keys(given) == {"allowOrigins": ["Http://X"], "deep": [{"maxAge": 1, "already": {"a": None}}]}


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls the guarded data plane of an API whose integration answers with headers of its own."""

    async def integration(api_id: str, *_: Any) -> Any:
        return 200, {"access-control-allow-origin": "*", "X-Mine": "1"}, apigateway.new_uuid()

    monkeypatch.setattr(apigateway, "_handle_execute_in_scope", integration)
    monkeypatch.setattr(apigateway, "_apis", {"abc": {"corsConfiguration": CORS}, "bare": {}})
    limits = gateway.limits({"ThrottlingRateLimit": "1", "ThrottlingBurstLimit": "2"})
    monkeypatch.setattr(apigateway, "_stages", {"abc": {"$default": {"defaultRouteSettings": limits}}})
    monkeypatch.setattr(apigateway, "new_uuid", apigateway.new_uuid)
    gateway._name_requests()
    gateway._guard_the_data_plane(gateway.Links("http://127.0.0.1:8080"))

    def call(api: str = "abc", method: str = "POST", body: bytes = b"", **headers: str) -> Any:
        return result_of(apigateway._handle_execute_in_scope(api, "$default", "/", method, headers, body, {}, "1", "r"))

    return call


def but_its_id(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "apigw-requestid"}


def test_the_gateways_cors_headers_take_the_place_of_the_integrations(execute: Any) -> None:
    assert but_its_id(execute(origin="http://page")[1]) == {
        "X-Mine": "1",
        "Access-Control-Allow-Origin": "http://page",
        "Vary": "Origin",
    }
    assert but_its_id(execute(Origin="http://other")[1]) == {"X-Mine": "1"}


def test_without_cors_an_answer_is_left_as_it_is(execute: Any) -> None:
    assert but_its_id(execute("bare", origin="http://page")[1]) == {"access-control-allow-origin": "*", "X-Mine": "1"}


def test_a_request_has_one_id_and_the_next_another(execute: Any) -> None:
    (_, first, said), (_, second, _) = execute("bare"), execute("bare")
    assert first["apigw-requestid"] == said != second["apigw-requestid"]
    assert apigateway.new_uuid() not in (first["apigw-requestid"], second["apigw-requestid"])


def test_beyond_the_stages_limit_requests_are_throttled_with_cors(execute: Any) -> None:
    answers = [execute(origin="http://page") for _ in range(3)]

    assert [answer[0] for answer in answers] == [200, 200, 429]
    assert json.loads(answers[2][2]) == {"message": "Too Many Requests"}
    assert answers[2][1]["Access-Control-Allow-Origin"] == "http://page"


def test_a_body_over_the_limit_is_refused_with_cors(execute: Any) -> None:
    status, headers, _ = execute(body=b"x" * (MAX_BODY_BYTES + 1), origin="http://page")

    assert status == 413
    assert headers["Access-Control-Allow-Origin"] == "http://page"
    assert execute(body=b"x" * MAX_BODY_BYTES)[0] == 200


def test_a_link_needs_a_name_and_subnets_and_is_replaced_with_its_network() -> None:
    made = {"Name": "link", "SubnetIds": ["a"]}
    physical_id, attributes = gateway._create_link("Link", made, "stack")

    assert attributes == {"VpcLinkId": physical_id}
    assert gateway._update_link(physical_id, made, {**made, "Tags": {"a": "b"}}, "stack")[0] == physical_id
    assert gateway._update_link(physical_id, made, {**made, "SubnetIds": ["b"]}, "stack")[0] != physical_id
    with pytest.raises(ValueError, match="Name and SubnetIds"):
        gateway._create_link("Link", {"Name": "link"}, "stack")


@pytest.fixture
def through_link(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls an integration whose link leads to a load balancer that tells what it was asked."""

    async def dispatch(balancer: Any, method: str, path: str, headers: Any, body: bytes, query: Any, port: int) -> Any:
        if path == "/slow":
            await asyncio.sleep(20)
        return 200, {}, json.dumps([balancer["Name"], method, path, headers, body.decode(), port]).encode()

    monkeypatch.setattr(alb, "dispatch_request", dispatch)
    monkeypatch.setattr(alb, "_listeners", {"arn:listener": {"LoadBalancerArn": "arn:lb", "Port": "80"}})
    monkeypatch.setattr(alb, "_lbs", {"arn:lb": {"Name": "balancer"}})
    monkeypatch.setattr(apigateway, "_invoke_http_proxy", None)
    gateway._route_links_to_load_balancers()
    link = {
        "connectionType": "VPC_LINK",
        "connectionId": "link",
        "integrationUri": "arn:listener",
        "integrationMethod": "POST",
        "timeoutInMillis": "50",
    }

    def call(path: str = "/predict", **changes: Any) -> Any:
        request = apigateway._invoke_http_proxy(
            {**link, **changes}, path, "GET", {"Host": "x", "Connection": "close", "X-Mine": "1"}, b"body", {}
        )
        return result_of(request)

    return call


def test_a_link_leads_to_its_listener_with_the_integrations_method(through_link: Any) -> None:
    expected = ["balancer", "POST", "/predict", {"host": "x", "x-mine": "1"}, "body", 80]
    assert json.loads(through_link()[2]) == expected
    assert json.loads(through_link(integrationMethod="ANY")[2])[1] == "GET"


def test_a_target_that_takes_too_long_is_unavailable(through_link: Any) -> None:
    assert (through_link("/slow")[0], through_link("/slow")[2]) == (503, b'{"message":"Service Unavailable"}')


def test_an_answer_gets_the_headers_that_its_status_is_mapped_to(through_link: Any) -> None:
    in_the_template = {"Destination": "overwrite:header.Retry-After", "Source": "5"}
    mapped = gateway._mappings({"200": {"ResponseParameters": [in_the_template]}, "503": {"ResponseParameters": []}})
    assert through_link(responseParameters=mapped)[1] == {"Retry-After": "5"}

    integration = {"responseParameters": mapped}
    assert gateway.with_mapped_headers((200, {"retry-after": "1"}, b""), integration)[1] == {"Retry-After": "5"}
    assert gateway.with_mapped_headers((404, {"retry-after": "1"}, b""), integration)[1] == {"retry-after": "1"}


@pytest.mark.parametrize(
    "mapping", [{"append:header.x": "1"}, {"overwrite:statuscode": "1"}, {"overwrite:header.x": "$context.requestId"}]
)
def test_a_mapping_that_is_not_known_here_is_no_silent_success(mapping: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="does not map"):
        gateway.with_mapped_headers((200, {}, b""), {"responseParameters": {"200": mapping}})


@pytest.mark.parametrize("broken", [{"integrationUri": "arn:gone"}, {"connectionId": ""}])
def test_a_link_that_leads_nowhere_is_an_error_of_the_gateway(through_link: Any, broken: dict[str, str]) -> None:
    assert through_link(**broken)[0] == 500


def test_the_page_is_an_origin_here_in_place_of_its_website() -> None:
    settings = {"allowOrigins": ["http://b.s3-website-us-east-1.amazonaws.com", "https://mine.example"], "maxAge": 5}
    here = ["http://127.0.0.1:8080", "http://localhost:8080"]

    assert gateway.with_origins(settings, here) == {"allowOrigins": [*here, "https://mine.example"], "maxAge": 5}
    assert gateway.with_origins({"allowOrigins": ["*"]}, here) == {"allowOrigins": ["*"]}


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> gateway.Links:
    monkeypatch.setenv("GATEWAY_PORT", "4566")
    return gateway.Links("http://127.0.0.1:8080")


def test_links_that_the_api_hands_out_lead_through_the_front(links: gateway.Links) -> None:
    lent = "127.0.0.1:4566/bucket/key?X-Amz-Signature=0"
    content = json.dumps({"url": f"http://{lent}", "bytes": 1}).encode()
    status, sent, led = links.rewritten((303, {"Location": f"http://{lent}", "x": "y"}, content))

    through = "http://127.0.0.1:8080/lent/bucket/key?X-Amz-Signature=0"
    assert (status, sent, json.loads(led)) == (303, {"Location": through, "x": "y"}, {"url": through, "bytes": 1})


def test_what_somebody_typed_is_no_link(links: gateway.Links) -> None:
    typed = '"url": "http://127.0.0.1:4566/x"'
    content = json.dumps({"review": typed, "other": "http://127.0.0.1:4566/x"}).encode()

    assert links.rewritten((200, {}, content)) == (200, {}, content)
    assert links.rewritten((303, {"location": "getcsv?export=1"}, b""))[1] == {"location": "getcsv?export=1"}
