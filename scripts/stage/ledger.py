"""What a stage remembers about its deployments, in SSM parameters: who is deploying now, and which images ran well."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator import catalogue
from scripts.stage.errors import StackBusyError, code_of
from scripts.stage.session import Cloud, tags

BEAT_SECONDS = 20.0
# Whoever has not been heard of for that long is gone: a laptop that was shut, a connection that was lost.
STALE_SECONDS = 90.0
# Images remembered; a standard parameter has room for 4 KB.
HISTORY = 10


def lock_name(stage: str) -> str:
    """Name of the parameter that says who is deploying."""
    return f"/{catalogue.PROJECT}/{stage}/{catalogue.LOCK_PARAMETER}"


def history_name(stage: str) -> str:
    """Name of the parameter that lists the images that ran well."""
    return f"/{catalogue.PROJECT}/{stage}/{catalogue.HISTORY_PARAMETER}"


@contextlib.contextmanager
def deploying(cloud: Cloud, command: str, patience: float = 0.0) -> Iterator[None]:
    """Be the only one who changes the stage.

    Args:
        cloud: the stage.
        command: what is being done, to be told to others.
        patience: seconds to wait for somebody else to be done.

    Raises:
        StackBusyError: somebody else is at it; says who, since when and doing what.
    """
    mine = {
        "id": uuid.uuid4().hex,
        "who": getpass.getuser(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "command": command,
        "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }
    _wait_for(cloud, mine, patience)
    done = threading.Event()
    beating = threading.Thread(target=_beat, args=(cloud, mine, done), name="lock", daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()
        with contextlib.suppress(ClientError, BotoCoreError):  # a lock that stays goes stale by itself
            if _holder(cloud).get("id") == mine["id"]:
                cloud.client("ssm").delete_parameter(Name=lock_name(cloud.stage))


def remember_image(cloud: Cloud, image_uri: str, before: str = "") -> None:
    """Put an image at the head of those that ran well.

    Args:
        cloud: the stage.
        image_uri: the image that runs now, and works.
        before: the image that ran before it, "" for none.
    """
    known = images(cloud)
    wanted = list(dict.fromkeys([image_uri, *([before] if before else []), *known]))[:HISTORY]
    if wanted != known:
        _write(cloud, history_name(cloud.stage), json.dumps(wanted))


def images(cloud: Cloud) -> list[str]:
    """The images that ran well, the newest first."""
    found = _read(cloud, history_name(cloud.stage))
    return [str(image) for image in found] if isinstance(found, list) else []


def forget(cloud: Cloud) -> None:
    """Remove all that is remembered, once nothing of the stage is left."""
    names = [history_name(cloud.stage), lock_name(cloud.stage)]
    cloud.client("ssm").delete_parameters(Names=names)


def _wait_for(cloud: Cloud, mine: dict[str, Any], patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return _take(cloud, mine)
        except StackBusyError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(cloud.poll_seconds)


def _take(cloud: Cloud, mine: dict[str, Any]) -> None:
    name = lock_name(cloud.stage)
    for _ in range(2):
        try:
            _write(cloud, name, _stamped(mine), new=True)
            return
        except ClientError as error:
            if code_of(error) != "ParameterAlreadyExists":
                raise
        holder = _holder(cloud)
        if holder and not _gone(holder):
            break
        with contextlib.suppress(cloud.client("ssm").exceptions.ParameterNotFound):
            cloud.client("ssm").delete_parameter(Name=name)
    holder = _holder(cloud)
    who = f"{holder.get('who', 'somebody')}@{holder.get('host', 'somewhere')}"
    raise StackBusyError(
        f"{who} is at stage {cloud.stage} already: {holder.get('command', '?')}, since {holder.get('since', '?')}.",
        "Wait until that is done. If it has died, it gives the stage free within two minutes.",
    )


def _gone(holder: dict[str, Any]) -> bool:
    if time.time() - float(holder.get("beat", 0)) > STALE_SECONDS:
        return True
    if holder.get("host") != socket.gethostname():
        return False
    try:
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it is there, and somebody else's
    return False


def _beat(cloud: Cloud, mine: dict[str, Any], done: threading.Event) -> None:
    while not done.wait(BEAT_SECONDS):
        with contextlib.suppress(ClientError, BotoCoreError):  # the next beat may get through
            # Who was not heard of for long, as a laptop that slept, may have lost the stage to somebody else.
            if _holder(cloud).get("id", mine["id"]) == mine["id"]:
                _write(cloud, lock_name(cloud.stage), _stamped(mine))


def _stamped(mine: dict[str, Any]) -> str:
    return json.dumps({**mine, "beat": time.time()})


def _holder(cloud: Cloud) -> dict[str, Any]:
    found = _read(cloud, lock_name(cloud.stage))
    return found if isinstance(found, dict) else {}


def _read(cloud: Cloud, name: str) -> Any:
    try:
        value = cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _write(cloud: Cloud, name: str, value: str, new: bool = False) -> None:
    client = cloud.client("ssm")
    if new or _read(cloud, name) is None:
        marks = [{"Key": key, "Value": entry} for key, entry in tags(cloud.stage).items()]
        client.put_parameter(Name=name, Value=value, Type="String", Tags=marks)
    else:
        client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
