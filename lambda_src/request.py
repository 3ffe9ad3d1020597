"""Reads the requests that an HTTP API passes on (payload format 2.0). Their meaning is not this module's concern.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from shared.body import GZIP_AS_TEXT, json_object, not_utf_8, require_json
from shared.limits import MAX_BODY_BYTES
from shared.problems import bad_request

Event = Any  # a payload 2.0 event; nothing about it is assumed
_LENGTH = re.compile(r"[0-9]{1,9}")


def header(event: Event, name: str) -> str:
    """A request header, case-insensitively by name; empty if it was not sent."""
    headers = event.get("headers") if isinstance(event, Mapping) else None
    for key, value in headers.items() if isinstance(headers, Mapping) else ():
        if isinstance(key, str) and isinstance(value, str) and key.lower() == name.lower():
            return value
    return ""


def query(event: Event, name: str, missing: str = "") -> str:
    """A query parameter; ``missing`` if it was not sent."""
    parameters = event.get("queryStringParameters") if isinstance(event, Mapping) else None
    found = parameters.get(name) if isinstance(parameters, Mapping) else None
    return found if isinstance(found, str) else missing


def request_id(event: Event) -> str:
    """The id that the gateway gave the request, also in its access log; empty if there is none."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    found = context.get("requestId") if isinstance(context, Mapping) else None
    return found if isinstance(found, str) else ""


def route(event: Event) -> str:
    """Method and path of the route that the gateway chose, also in its access log; empty if there is none."""
    found = event.get("routeKey") if isinstance(event, Mapping) else None
    return found if isinstance(found, str) else ""


def json_body(event: Event) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Args:
        event: payload 2.0 event.

    Raises:
        Problem: 413 for a body that is too long, 415 for another content type, 400 for anything but one JSON object.
    """
    require_json(header(event, "content-type"), header(event, "content-encoding"))
    return json_object(_body(event))


def _body(event: Event) -> bytes:
    """The bytes that the client sent.

    The gateway passes a body on as a string in JSON. What it considers binary, by the content type, it encodes
    in base64, and says so. What it considers text, including JSON, it decodes as UTF-8: invalid bytes become U+FFFD,
    which has three bytes, so the text is longer than the client's Content-Length. That distinguishes them from a U+FFFD
    that a user typed. One case cannot be told from it: three of an emoji's four bytes, which become one U+FFFD.
    """
    body = event.get("body") if isinstance(event, Mapping) else None
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except ValueError:
            raise bad_request("The body is not valid base64.") from None
    sent = body.encode("utf-8", "surrogatepass")
    length = header(event, "content-length")
    damaged = "\ufffd" in body and _LENGTH.fullmatch(length) and len(sent) != int(length) <= MAX_BODY_BYTES
    if damaged and not body.startswith(GZIP_AS_TEXT):  # about which shared.body has more to say
        raise not_utf_8()
    return sent
