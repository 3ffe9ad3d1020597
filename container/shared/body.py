"""The body of a request: one JSON object in UTF-8, with its route's fields. Their values are checked elsewhere.

A server calls, in this order, ``require_json`` with the Content-Type, ``json_object`` with the bytes, and
``require_fields`` with the route's fields. All three raise a ``Problem``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.message import Message
from http import HTTPStatus
from typing import Any

from shared.limits import MAX_BODY_BYTES
from shared.problems import Problem, bad_request, too_large

_SHOWN_CHARACTERS = 40  # of the name of an unknown field


def require_json(content_type: str) -> None:
    """Reject a body that was not sent as JSON in UTF-8.

    Args:
        content_type: value of the header, including any parameters; "" if it was not sent.

    Raises:
        Problem: 415.
    """
    header = Message()
    header["content-type"] = content_type
    is_json = header.get_content_type() == "application/json"
    if not is_json or header.get_content_charset("utf-8") not in ("utf-8", "utf8"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON in UTF-8; send it with the header Content-Type: application/json.",
        )


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        Problem: 413 for a body that is too long, 400 for anything but one JSON object in UTF-8.
    """
    if len(body) > MAX_BODY_BYTES:
        raise too_long()
    if not body.strip():
        raise bad_request("The body is empty; send a JSON object.")
    try:
        content = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise not_utf_8() from None
    except (ValueError, RecursionError):  # nesting that is too deep is either, depending on the version of Python
        raise bad_request("The body cannot be read as JSON; check quotes, commas, brackets and escapes.") from None
    if not isinstance(content, dict):
        raise bad_request("The body is valid JSON but not an object; send fields between { and }.")
    return content


def too_long() -> Problem:
    """For a server that knows this before it has read the whole body."""
    return too_large(f"The body is too long; send at most {MAX_BODY_BYTES:,} bytes.")


def not_utf_8() -> Problem:
    """For a server that receives the body as text and can tell that bytes were lost."""
    return bad_request("The body is not valid UTF-8; encode the JSON as UTF-8.")


def require_fields(
    content: Mapping[str, Any], required: Sequence[str], optional: Sequence[str] = (), inside: str = ""
) -> None:
    """Reject an object with missing or unknown fields.

    Args:
        content: the object.
        required: names of the required fields.
        optional: names of the optional fields.
        inside: name of the field that the object is the value of; "" for the body itself.

    Raises:
        Problem: 400.
    """
    path = f"{inside}." if inside else ""
    missing = next((name for name in required if name not in content), None)
    if missing is not None:
        raise bad_request(f'The field "{path}{missing}" is missing; add it.')
    unknown = min(content.keys() - {*required, *optional}, default=None)
    if unknown is not None:
        shown = json.dumps(path + unknown[:_SHOWN_CHARACTERS])
        raise bad_request(f"The field {shown} is unknown; check its spelling or leave it out.")
