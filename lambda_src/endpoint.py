"""What every handler has in common: problems become replies, failures of AWS become 503, and one log line is written.

The log line is JSON and never holds a text that somebody typed, nor the message of an exception, which could.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from replies import Problem, Reply, problem_reply, try_later
from request import Event, request_id

Handler = Callable[[Event, Any], Reply]


def endpoint(name: str) -> Callable[[Handler], Handler]:
    """Decorator that makes a Lambda handler of a function which may raise ``Problem`` or an error of boto3.

    Args:
        name: what the log calls the function.
    """

    def decorate(answer: Handler) -> Handler:
        @wraps(answer)
        def handler(event: Event, context: Any) -> Reply:
            start = time.perf_counter()
            cause: dict[str, str] = {}
            try:
                reply = answer(event, context)
            except Problem as problem:
                reply = problem_reply(problem)
            except (ClientError, BotoCoreError) as error:
                cause = _cause_in_aws(error)
                reply = problem_reply(try_later("The data store did not answer. Send the same request again shortly."))
            except Exception as error:
                cause = {"error": type(error).__name__, "at": _places(error)}
                reply = problem_reply(
                    Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here, not in your request.")
                )
            _log(name, event, context, reply, start, cause)
            return reply

        return handler

    return decorate


def _cause_in_aws(error: ClientError | BotoCoreError) -> dict[str, str]:
    if isinstance(error, ClientError):
        return {"error": error.response.get("Error", {}).get("Code", "unknown"), "operation": error.operation_name}
    return {"error": type(error).__name__}


def _places(error: Exception) -> str:
    """Where it happened, innermost call last."""
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))


def _log(
    name: str,
    event: Event,
    context: Any,
    reply: Reply,
    start: float,
    cause: dict[str, str],
) -> None:
    status = reply["statusCode"]
    line = {
        "level": "ERROR" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "INFO",
        "function": name,
        "requestId": request_id(event),
        "invocationId": getattr(context, "aws_request_id", ""),
        "status": status,
        "milliseconds": round((time.perf_counter() - start) * 1000, 1),
        **cause,
    }
    print(json.dumps(line), flush=True)
