"""Access to the export: public, or by a token that the stage keeps as an SSM SecureString."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError

import parameters
from request import Event, header
from shared.problems import Problem, try_later

_CACHE_SECONDS = 60  # how long a changed token may go unnoticed
_REALM = 'Bearer realm="judgements"'


def authorise(event: Event, parameter: str) -> None:
    """Admit the request, or raise.

    Args:
        event: payload 2.0 event.
        parameter: name of the SSM parameter that holds the token; empty for a public export.

    Raises:
        Problem: 401 without the right bearer token, 503 when the token cannot be read.
    """
    if not parameter:
        return
    expected = _token(parameter)
    scheme, _, sent = header(event, "authorization").partition(" ")
    if scheme.lower() != "bearer" or not sent.strip():
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "This export is private. Send the header Authorization: Bearer TOKEN.",
            {"www-authenticate": _REALM},
        )
    if not hmac.compare_digest(sent.strip().encode("utf-8", "replace"), expected.encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "The token is not valid. Ask the operator of this stage for the right one.",
            {"www-authenticate": f'{_REALM}, error="invalid_token"'},
        )


def _token(parameter: str) -> str:
    try:
        token = parameters.secret(parameter, _CACHE_SECONDS)
    except (ClientError, BotoCoreError) as error:
        raise _unreadable() from error
    if not token:
        raise _unreadable()
    return token


def _unreadable() -> Problem:
    return try_later(
        "This export is private, and its token cannot be read right now. If this persists, the operator of this stage "
        "must store the token as the SSM SecureString named by the setting export_token_parameter.",
        seconds=30,
    )
