"""Stops the function that records judgements for a while, such that a command that dies meanwhile is noticed.

What was switched off is noted in an SSM parameter beside the lock first. The next command that changes the stage finds
the note as it takes the lock, when no other command can be at work, and switches recording on again.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError

from scripts.stage import lock
from scripts.stage.errors import AccessDeniedError, code_of
from scripts.stage.session import Cloud

NAME = "recording-off"  # of the note
LEFT_OFF = (
    "A restore was killed and had left recording off: nobody's judgements were stored since. Recording is on again; "
    "run `sentiment restore` again, as its counts are not rebuilt yet."
)
STAYS_OFF = (
    "A restore was killed and has left recording off: nobody's judgements are stored. These credentials have no "
    "permission to switch it on. Nothing was changed."
)


@dataclass(frozen=True)
class Note:
    """What was switched off.

    Attributes:
        function: name of the function.
        before: its reserved concurrency before; None for none.
    """

    function: str
    before: int | None


def path(stage: str) -> str:
    """Path of the parameter that holds the note."""
    return f"{lock.path(stage)}/{NAME}"


@contextlib.contextmanager
def off(cloud: Cloud, function: str) -> Iterator[None]:
    """Stop the function, and let it run again afterwards.

    Args:
        cloud: the stage.
        function: name of the function that records.
    """
    client = cloud.client("lambda")
    before = client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
    value = json.dumps(asdict(Note(function, before)))
    cloud.client("ssm").put_parameter(Name=path(cloud.stage), Value=value, Type="String", Overwrite=True)
    try:
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        yield
    finally:
        if (note := left_off(cloud)) is not None:
            _switch_on(cloud, note)


def left_off(cloud: Cloud) -> Note | None:
    """What a command that holds the lock, or one that died, has switched off; None also for who may not know."""
    try:
        found = cloud.client("ssm").get_parameter(Name=path(cloud.stage))
    except ClientError as error:
        if code_of(error) in {"ParameterNotFound", "AccessDeniedException"}:
            return None
        raise
    return _parse(found["Parameter"]["Value"])


def recover(cloud: Cloud, beside: Mapping[str, str]) -> str:
    """Let the function run again, if it was left switched off.

    Args:
        cloud: the stage, whose lock is held.
        beside: what was found beside the lock.

    Returns:
        What to tell the operator; "" if it was not left switched off.

    Raises:
        AccessDeniedError: it stays off, as the caller may not switch it on; a pipeline may not. The smoke test, which
            judges, would fail because of that, and a rollback undo what works.
    """
    if NAME not in beside:
        return ""
    try:
        _switch_on(cloud, _parse(beside[NAME]))
    except ClientError as error:
        if code_of(error) != "AccessDeniedException":
            raise
        again = "run the pipeline again" if os.environ.get("CI") else "run this command again"
        raise AccessDeniedError(
            STAYS_OFF, f"As an operator, run `sentiment restore --stage {cloud.stage} ...` again; then {again}."
        ) from error
    return LEFT_OFF


def _parse(value: str) -> Note:
    return Note(**json.loads(value))


def _switch_on(cloud: Cloud, note: Note) -> None:
    client = cloud.client("lambda")
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):  # destroyed since
        if note.before is None:
            client.delete_function_concurrency(FunctionName=note.function)
        else:
            client.put_function_concurrency(FunctionName=note.function, ReservedConcurrentExecutions=note.before)
    cloud.client("ssm").delete_parameter(Name=path(cloud.stage))
