"""What all handlers share: problems become replies, AWS failures become 503, one log line is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from replies import Reply, problem_reply
from request import Event, request_id, route
from shared import logs
from shared.problems import Problem, fault, try_later

Handler = Callable[[Event, Any], Reply]


def endpoint(name: str) -> Callable[[Handler], Handler]:
    """Decorator that turns a function which may raise ``Problem`` or an error of boto3 into a Lambda handler.

    Args:
        name: what the log calls the function.
    """

    def decorate(answer: Handler) -> Handler:
        @wraps(answer)
        def handler(event: Event, context: Any) -> Reply:
            started = time.perf_counter()
            cause: dict[str, object] = {}
            try:
                reply = answer(event, context)
            except Problem as problem:
                reply = problem_reply(problem)
            except (ClientError, BotoCoreError) as error:
                cause = _cause_in_aws(error)
                reply = problem_reply(try_later("The data store did not answer. Send the same request again shortly."))
            except Exception as error:
                cause = logs.failure(error)
                reply = problem_reply(fault())
            fields = {
                "function": name,
                "requestId": request_id(event),
                "route": route(event),
                "invocationId": getattr(context, "aws_request_id", ""),
                "status": reply["statusCode"],
                "milliseconds": logs.milliseconds_since(started),
                **cause,
            }
            level = "ERROR" if reply["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR else "INFO"
            print(logs.line(level, "request", fields), flush=True)
            return reply

        return handler

    return decorate


def _cause_in_aws(error: ClientError | BotoCoreError) -> dict[str, object]:
    if isinstance(error, ClientError):
        return {"error": error.response.get("Error", {}).get("Code", "unknown"), "operation": error.operation_name}
    return {"error": type(error).__name__}
