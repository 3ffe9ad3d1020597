"""Reading a request that an HTTP API hands over (payload format 2.0): its headers and its JSON body.

What the fields of a body mean is no business of this module.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from typing import Any

from replies import Problem

Event = Any  # a payload 2.0 event; nothing about it is taken for granted


def header(event: Event, name: str) -> str:
    """A request header, whatever the case of its name; empty when it was not sent."""
    headers = event.get("headers") if isinstance(event, Mapping) else None
    for key, value in headers.items() if isinstance(headers, Mapping) else ():
        if isinstance(key, str) and isinstance(value, str) and key.lower() == name.lower():
            return value
    return ""


def query(event: Event, name: str) -> str:
    """A parameter of the address's query; empty when it was not sent."""
    parameters = event.get("queryStringParameters") if isinstance(event, Mapping) else None
    found = parameters.get(name) if isinstance(parameters, Mapping) else None
    return found if isinstance(found, str) else ""


def request_id(event: Event) -> str:
    """The id that the gateway gave the request, which its access log shows too; empty when there is none."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    found = context.get("requestId") if isinstance(context, Mapping) else None
    return found if isinstance(found, str) else ""


def json_body(event: Event, max_bytes: int) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Args:
        event: payload 2.0 event.
        max_bytes: longest body to accept, in bytes.

    Raises:
        Problem: 413 for a longer body, 415 for another content type, 400 for anything but one JSON object.
    """
    if not _is_json(header(event, "content-type")):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send JSON in UTF-8, and say so with the header Content-Type: application/json.",
        )
    body = _body(event)
    if len(body) > max_bytes:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has {len(body)} bytes; send at most {max_bytes}.",
        )
    if not body.strip():
        raise _bad("The body is empty; send a JSON object.")
    try:
        content = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise _bad("The body is not UTF-8; send JSON encoded as UTF-8.") from None
    except (ValueError, RecursionError):
        raise _bad("The body is not valid JSON; check quotes, commas, brackets and escapes.") from None
    if not isinstance(content, dict):
        raise _bad("The body is JSON, but no object; send fields between { and }.")
    return content


def _is_json(content_type: str) -> bool:
    parsed = Message()
    parsed["content-type"] = content_type
    charset = parsed.get_content_charset("utf-8")
    return parsed.get_content_type() == "application/json" and charset in ("utf-8", "utf8")


def _body(event: Event) -> bytes:
    body = event.get("body") if isinstance(event, Mapping) else None
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        # The gateway encodes what it does not take for text, such as a body without content type.
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise _bad("The body is not valid base64.") from None
    return body.encode("utf-8", "surrogatepass")


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, detail)
