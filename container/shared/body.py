"""The body of a request: one JSON object in UTF-8, with its route's fields. Their values are checked elsewhere.

A server calls, in this order, ``require_json`` with two headers, ``json_object`` with the bytes, and ``require_fields``
with the route's fields. All three raise a ``Problem``.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from email.message import Message
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from shared.limits import MAX_BODY_BYTES
from shared.problems import Problem, bad_request, too_large

_SHOWN_CHARACTERS = 40  # of the name of an unknown field
_UTF_8 = ("utf-8", "utf8", "")
_GZIP = b"\x1f\x8b"  # RFC 1952, section 2.3.1
GZIP_AS_TEXT = "\x1f\ufffd"  # the same for a server that receives the body as text


@lru_cache(maxsize=16)  # as clients send the same headers again and again
def require_json(content_type: str, content_encoding: str = "") -> None:
    """Reject a body that was not sent as JSON in UTF-8.

    Args:
        content_type: value of the header, including any parameters; "" if it was not sent. JSON has no parameter
            ``charset`` (RFC 8259, section 11), but many clients send one: it may be there, if it says UTF-8 or nothing.
        content_encoding: value of the header; "" if it was not sent.

    Raises:
        Problem: 415.
    """
    if content_encoding.strip().lower() not in ("", "identity"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body is compressed, as Content-Encoding says; send it as it is and leave that header out.",
            {"accept-encoding": "identity"},  # RFC 9110, section 15.5.16
        )
    header = Message()
    header["content-type"] = content_type
    if header.get_content_type() != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON in UTF-8; add the header Content-Type: application/json "
            "(with curl: -H 'Content-Type: application/json').",
        )
    parameters = header.get_params(failobj=[])
    if any(name.lower() == "charset" and _charset(value) not in _UTF_8 for name, value in parameters):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The charset in Content-Type is not UTF-8; send JSON in UTF-8 with the header "
            "Content-Type: application/json.",
        )


def _charset(value: object) -> object:
    """A parameter as it was meant; one in the form of RFC 2231 comes as charset, language and value."""
    return (value[-1] if isinstance(value, tuple) else str(value)).strip().lower()


def json_object(body: bytes, limit: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object in a body.

    Args:
        body: as it was sent.
        limit: most bytes that the route takes.

    Raises:
        Problem: 413 for a body that is too long, 400 for anything but one JSON object in UTF-8.
    """
    if len(body) > limit:
        raise too_long(limit)
    if not body.removeprefix(BOM_UTF8).strip():
        raise bad_request("The body is empty; send a JSON object.")
    if body.startswith((_GZIP, GZIP_AS_TEXT.encode())):
        raise bad_request("The body is compressed with gzip; send it as it is.")
    try:
        content = json.loads(body.decode("utf-8-sig"))  # RFC 8259, section 8.1: a byte order mark may be ignored
    except UnicodeDecodeError:
        raise not_utf_8() from None
    except (ValueError, RecursionError):  # nesting that is too deep is either, depending on the version of Python
        raise bad_request("The body cannot be read as JSON; check quotes, commas, brackets and escapes.") from None
    if not isinstance(content, dict):
        raise bad_request("The body is valid JSON but not an object; send fields between { and }.")
    return content


def too_long(limit: int = MAX_BODY_BYTES) -> Problem:
    """For a server that knows this before it has read the whole body.

    Args:
        limit: maximum of bytes for the route.
    """
    return too_large(f"The body is too long; send at most {limit:,} bytes.")


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
