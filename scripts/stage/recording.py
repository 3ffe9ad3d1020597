"""Stops the function that records judgements for a while, such that a command that dies meanwhile is noticed.

What was switched off is noted in an SSM parameter first. The next command that changes the stage finds the note, while
it holds the lock and so no other command can be at work, and switches recording on again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.stage.errors import code_of
from scripts.stage.session import Cloud

LEFT_OFF = (
    "A restore was killed and had left recording off: nobody's judgements were stored since. Recording is on again; "
    "run `sentiment restore` again, as its counts are not rebuilt yet."
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
    return f"/{catalogue.PROJECT}/{stage}/recording-off"


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
        switch_on(cloud)


def left_off(cloud: Cloud) -> Note | None:
    """What a command that holds the lock, or one that died, has switched off; None also for who may not know."""
    try:
        found = cloud.client("ssm").get_parameter(Name=path(cloud.stage))
    except ClientError as error:
        if code_of(error) in {"ParameterNotFound", "AccessDeniedException"}:
            return None
        raise
    return Note(**json.loads(found["Parameter"]["Value"]))


def switch_on(cloud: Cloud) -> bool:
    """Let the function run again, if it was left switched off; return whether it was.

    Args:
        cloud: the stage, whose lock is held.
    """
    note = left_off(cloud)
    if note is None:
        return False
    client = cloud.client("lambda")
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):  # destroyed since
        if note.before is None:
            client.delete_function_concurrency(FunctionName=note.function)
        else:
            client.put_function_concurrency(FunctionName=note.function, ReservedConcurrentExecutions=note.before)
    cloud.client("ssm").delete_parameter(Name=path(cloud.stage))
    return True
