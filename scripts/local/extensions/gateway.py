"""API Gateway's HTTP API: VPC link to a load balancer, CORS and mapped headers on replies, throttling, limits.

Follows AWS's documentation of HTTP APIs:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-private-integration.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import alb, apigateway
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Made, Properties, add, lower_keys
from scripts.local.front import LENT

API, INTEGRATION, STAGE = (f"AWS::ApiGatewayV2::{each}" for each in ("Api", "Integration", "Stage"))
MAX_BODY_BYTES = 10 * 1024 * 1024  # AWS's fixed limit
WEBSITE = re.compile(r"\.s3-website[.-]")  # part of the host name of a bucket's website
HOP_BY_HOP = {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}

Answer = tuple[int, dict[str, Any], Any]  # status, headers, body

# The current request's id; None outside a request.
_request_id: ContextVar[str | None] = ContextVar("request id", default=None)


def register(front: str, origins: Sequence[str]) -> None:
    """Add what this project uses of AWS's gateway and the emulator's lacks.

    Args:
        front: address at which pages reach the API and the links that it returns.
        origins: of the page on this machine, in place of the website's address in the template.
    """
    add("AWS::ApiGatewayV2::VpcLink", _create_link, lambda physical_id, properties: None, _update_link)
    _translate(API, "CorsConfiguration", lambda settings: with_origins(lower_keys(settings), origins))
    _translate(STAGE, "DefaultRouteSettings", limits)
    _translate(INTEGRATION, "ResponseParameters", _mappings)
    _name_requests()
    _route_links_to_load_balancers()
    _guard_the_data_plane(Links(front))


def limits(settings: dict[str, Any]) -> dict[str, Any]:
    """A stage's throttle as the service stores it: a template's numbers may be text.

    Args:
        settings: with CloudFormation's names.
    """
    kinds: dict[str, Callable[[Any], Any]] = {"throttlingRateLimit": float, "throttlingBurstLimit": int}
    return {key: kinds.get(key, lambda value: value)(value) for key, value in lower_keys(settings).items()}


def with_origins(settings: dict[str, Any], origins: Sequence[str]) -> dict[str, Any]:
    """An API's CORS settings with the page's origins on this machine in place of its S3 website's.

    Args:
        settings: with the API's names, such as ``allowOrigins``.
        origins: such as ``http://127.0.0.1:8080``.
    """
    named = settings.get("allowOrigins", [])
    allowed = [here for name in named for here in (origins if WEBSITE.search(str(name)) else [name])]
    return {**settings, "allowOrigins": list(dict.fromkeys(allowed))}


class Links:
    """Rewrites presigned links in the API's answers so that they go through the front.

    Args:
        front: its address.
    """

    def __init__(self, front: str) -> None:
        self._ours = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT')}/".encode()
        self._lent = f"{front}{LENT}/".encode()

    def rewritten(self, answer: Answer) -> Answer:
        """The answer with rewritten links, in its Location header or as ``url`` of a JSON object."""
        status, sent, content = answer
        sent = {key: self._through(value) if key.lower() == "location" else value for key, value in sent.items()}
        if isinstance(content, bytes) and self._ours in content:
            # A review cannot match this: inside a JSON string, quotes are escaped.
            content = re.sub(rb'("url": ?")' + re.escape(self._ours), lambda found: found[1] + self._lent, content)
        return status, sent, content

    def _through(self, value: Any) -> Any:
        return str(value).replace(self._ours.decode(), self._lent.decode(), 1)


def _create_link(logical_id: str, properties: Properties, stack: str) -> Made:
    if not properties.get("Name") or not properties.get("SubnetIds"):
        raise ValueError("AWS::ApiGatewayV2::VpcLink needs Name and SubnetIds")
    physical_id = new_uuid()[:8]
    return physical_id, {"VpcLinkId": physical_id}


def _update_link(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    if any(old.get(key) != new.get(key) for key in ("SubnetIds", "SecurityGroupIds")):
        return _create_link("", new, stack)  # AWS replaces a link whose network changes
    return physical_id, {"VpcLinkId": physical_id}


def _translate(resource: str, name: str, translate: Callable[[Any], Any]) -> None:
    """Store a property under the service's key names: the emulator stores the template's but reads the service's."""
    handler = provisioners._RESOURCE_HANDLERS[resource]
    create, update = handler["create"], handler["update"]

    def translated(properties: Properties) -> Properties:
        return {**properties, name: translate(properties[name])} if name in properties else properties

    def create_translated(logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = create(logical_id, translated(properties), stack)
        return made

    def update_translated(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = update(physical_id, translated(old), translated(new), stack, logical_id)
        return made

    provisioners._RESOURCE_HANDLERS[resource] = {**handler, "create": create_translated, "update": update_translated}


def _mappings(template: dict[str, Any]) -> dict[str, dict[str, str]]:
    """A template's ResponseParameters in the service's form: status to destination to source."""
    return {
        status: {each["Destination"]: each["Source"] for each in entry["ResponseParameters"]}
        for status, entry in template.items()
    }


def with_mapped_headers(answer: Answer, integration: dict[str, Any]) -> Answer:
    """The integration's reply with the headers mapped to its status; only fixed values are supported."""
    status, sent, content = answer
    for destination, value in (integration.get("responseParameters") or {}).get(str(status), {}).items():
        action, _, name = destination.partition(":header.")
        if action != "overwrite" or not name or "$" in value:
            raise ValueError(f"the laptop cloud does not map {destination} to {value}")
        sent = {**{key: old for key, old in sent.items() if key.lower() != name.lower()}, name: value}
    return status, sent, content


def _name_requests() -> None:
    """Use one request id where the emulator has three: in the reply, in mapped headers and in the Lambda's event."""
    new_id = apigateway.new_uuid
    apigateway.new_uuid = lambda: _request_id.get() or new_id()


def _route_links_to_load_balancers() -> None:
    """Send requests through a VPC link to the integration's listener."""
    proxy = apigateway._invoke_http_proxy

    async def proxy_through_link(
        integration: dict[str, Any], path: str, method: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        if integration.get("connectionType") != "VPC_LINK":
            answer: Answer = await proxy(integration, path, method, headers, body, query)
            return answer
        listener = alb._listeners.get(integration["integrationUri"])
        balancer = alb._lbs.get(listener["LoadBalancerArn"]) if listener else None
        if balancer is None or not integration.get("connectionId"):
            return message(500, "Internal Server Error")
        own_method = integration.get("integrationMethod", "ANY")
        request = alb.dispatch_request(
            balancer,
            method if own_method == "ANY" else own_method,
            path,
            {key.lower(): value for key, value in headers.items() if key.lower() not in HOP_BY_HOP},
            body,
            query or {},
            int(listener["Port"]),
        )
        try:
            status, sent, content = await asyncio.wait_for(request, int(integration["timeoutInMillis"]) / 1000)
        except TimeoutError:
            return message(503, "Service Unavailable")
        return with_mapped_headers((status, dict(sent), content), integration)

    apigateway._invoke_http_proxy = proxy_through_link


def _guard_the_data_plane(links: Links) -> None:
    """Apply the stage's throttling and the body limit; correct request id and CORS headers on every reply."""
    execute = apigateway._handle_execute_in_scope
    buckets: dict[tuple[str, str], Bucket] = {}

    async def guarded(
        api_id: str, stage: str, path: str, method: str, headers: dict[str, str], body: bytes, *more: Any
    ) -> Answer:
        name = base64.b64encode(os.urandom(11)).decode()
        token = _request_id.set(name)
        try:
            status, sent, content = await answered(api_id, stage, path, method, headers, body, *more)
        finally:
            _request_id.reset(token)
        return links.rewritten((status, {**sent, "apigw-requestid": name}, content))

    async def answered(
        api_id: str, stage: str, path: str, method: str, headers: dict[str, str], body: bytes, *more: Any
    ) -> Answer:
        cors = (apigateway._apis.get(api_id) or {}).get("corsConfiguration") or {}
        settings = apigateway._stages.get(api_id, {}).get(stage, {}).get("defaultRouteSettings") or {}
        bucket = buckets.setdefault((api_id, stage), Bucket())
        if not bucket.take(settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")):
            answer = message(429, "Too Many Requests")
        elif len(body or b"") > MAX_BODY_BYTES:
            answer = message(413, "Request Entity Too Large")
        else:
            answer = await execute(api_id, stage, path, method, headers, body, *more)
        return _with_cors(answer, cors, method, headers)

    apigateway._handle_execute_in_scope = guarded


def _with_cors(answer: Answer, cors: dict[str, Any], method: str, headers: dict[str, str]) -> Answer:
    """Replace all CORS headers by the gateway's, on every reply."""
    if not cors:
        return answer
    status, sent, content = answer
    if method == "OPTIONS" and status == 403:  # AWS refuses an origin by sending no CORS headers
        return 204, {}, b""
    if method != "OPTIONS":
        origin = next((value for key, value in headers.items() if key.lower() == "origin"), "")
        sent = {key: value for key, value in sent.items() if not key.lower().startswith("access-control-")}
        sent |= apigateway._cors_response_headers(cors, origin)
    return status, sent, content


def message(status: int, words: str) -> Answer:
    """A reply of the gateway itself, whose format is fixed."""
    return status, {"Content-Type": "application/json"}, json.dumps({"message": words}, separators=(",", ":")).encode()


class Bucket:
    """A token bucket, the algorithm by which API Gateway throttles.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tokens: float | None = None
        self._filled_at = 0.0

    def take(self, rate: Any, burst: Any) -> bool:
        """Take a token for one request.

        Args:
            rate: tokens added per second; None for no limit.
            burst: the bucket's capacity; None for no limit.

        Returns:
            False if none is left.
        """
        if rate is None or burst is None:
            return True
        now = self._clock()
        if self._tokens is None:
            self._tokens = float(burst)
        else:
            self._tokens = min(float(burst), self._tokens + (now - self._filled_at) * float(rate))
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
