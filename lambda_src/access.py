"""Who may have the export: anyone, or whoever knows the token that a stage keeps as an SSM SecureString."""

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
    """Let the request through, or not.

    Args:
        event: payload 2.0 event.
        parameter: name of the SSM parameter that holds the token; empty lets everybody through.

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
            "The export is private here. Send the header Authorization: Bearer TOKEN.",
            {"www-authenticate": _REALM},
        )
    if not hmac.compare_digest(sent.strip().encode("utf-8", "replace"), expected.encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "This token is not the right one. Ask whoever runs this stage for it.",
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
        "The export is private here, and its token cannot be read just now. If this goes on, whoever runs this stage "
        "has to store the token as the SSM SecureString that the setting export_token_parameter names.",
        seconds=30,
    )
