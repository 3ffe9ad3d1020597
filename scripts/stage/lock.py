"""The lock of a stage: only its holder changes the stage.

It is kept in SSM parameters, because nothing else exists before the first stack is deployed.

The protocol
------------
The state of the lock is its newest *generation*: of the parameters ``/sentiment/STAGE/lock/N`` the one with the
highest N. It names the holder, or says that the lock was released. To take the lock, to keep it (the heartbeat), to
take it over and to release it are all the same step: write generation N+1, create-only (``PutParameter`` without
``Overwrite``). Of several such writes exactly one succeeds. A generation is never overwritten, so no writer can
change what another wrote.

1. A lock is free if it has no generation, if the newest one is a release, or if the newest one is stale: 60 seconds old
   by the server's clock, which is the ``Date`` of the answer minus the ``LastModifiedDate`` of the parameter. Whoever
   waits takes it over too after seeing the same generation for 60 seconds, so that a server's clock that was set back
   cannot keep a lock alive. No other clock counts, nor does any process id or host name: those are for messages.
2. After each write the writer lists all generations, and the list decides: it holds the lock if the newest generation
   is its own, and the one on which it built is still there. So it does not matter if the answer to a write was lost and
   botocore's retry found the parameter "already there", or if the list that came before the write was out of date.
3. A holder writes a heartbeat every 15 seconds. One whose heartbeat is not the newest afterwards has lost the lock.
4. A holder deletes generations that are stale and older than its own. The newest is never deleted, so a number is never
   used twice, and one that slept always finds a generation newer than the one it knew. ``remove``, with which
   ``destroy`` ends, is the exception: numbering begins again after it, and that is why rule 2 looks at the one below.

A process that dies leaves a lock that anybody can take 60 seconds after its last heartbeat. What it must not leave
undone it notes beside the generations, in a parameter whose name is no number: whoever takes the lock reads the notes
with the list (``beside``), at no call more.

What a holder that was paused can still do
------------------------------------------
A process can be stopped (SIGSTOP, a closed lid, a swapping machine) for longer than 60 seconds and not know it when it
goes on. ``check`` runs before each attempt at a call that changes something (``Cloud.guard``). It returns at once only
if the last heartbeat was sent less than 40 seconds ago, counting time for which the machine slept; otherwise it sends
one first, and raises ``LockLostError`` if another command took over. So when ``check`` returns, nobody else can get the
lock for 20 seconds more. Only a process that is stopped for longer than that, just between ``check`` and its call, can
send this one call late, and none after it. No lock can prevent that: what is changed would have to compare the
generation (a "fencing token") itself. CloudFormation does as much for stacks: executing a change set voids all older
ones of the stack ("ExecuteChangeSet", API reference), and a stack runs one operation at a time. What a lost holder had
begun goes on in AWS; the next one follows it to its end before it changes that stack (``cloudformation.repair.ready``).

Sources: Terraform's S3 backend takes its lock by a create-only write too (``use_lockfile``), and leaves a stale one to
the operator; leases and heartbeats are those of Amazon's DynamoDB lock client; M. Kleppmann, "How to do distributed
locking" (2016), on pauses and fencing tokens.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.stage import generations
from scripts.stage.errors import AWS_ERRORS, LockLostError, StageLockedError, code_of
from scripts.stage.generations import Generation, Listing, path
from scripts.stage.session import Cloud, tags

BEAT_SECONDS = 15.0
# A generation of that age can be superseded: three heartbeats may get lost.
STALE_SECONDS = 60.0
# How long a heartbeat proves to its sender that nobody took over; the rest is time for a call to reach AWS.
SURE_SECONDS = 40.0
# A heartbeat that hangs must not keep the next one waiting.
CONFIG = Config(read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
# Elapsed time that includes sleep: Linux has a clock of its own for that, on macOS the monotonic one does it.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
# "TooManyUpdates" is SSM's answer to simultaneous writes.
REFUSED = {"ParameterAlreadyExists", "TooManyUpdates"}
NEVER = float("-inf")


@dataclass(frozen=True)
class Held:
    """A lock that is not free.

    Attributes:
        by: who holds it, or has left it, in words.
        command: what that one is doing.
        left: whether its heartbeat has ended: the command was killed, and the next one takes over.
    """

    by: str
    command: str
    left: bool


def look(cloud: Cloud) -> Held | None:
    """Who holds the lock of a stage; None if it is free, and for who may not know."""
    try:
        found = generations.read(cloud.client("ssm"), path(cloud.stage))
    except ClientError as error:
        if code_of(error) != "AccessDeniedException":
            raise
        return None
    if found.newest is None or found.newest.released:
        return None
    left = found.newest.age(found.now) > STALE_SECONDS
    return Held(found.newest.describe(found.now), str(found.newest.facts.get("command", "")), left)


@contextlib.contextmanager
def hold(
    cloud: Cloud, command: str, wait: float = 0.0, tell: Callable[[str], None] = lambda _words: None
) -> Iterator[Lock]:
    """Hold the lock of a stage, and stop every call that changes something once it is lost.

    Args:
        cloud: the stage.
        command: what is being done, for the message to other commands.
        wait: seconds to wait for another holder.
        tell: called with a message about the holder while it waits.

    Raises:
        StageLockedError: another command holds the lock.
        LockLostError: raised by calls inside: another command took over the lock.
    """
    lock = Lock(cloud, command)
    try:
        lock.take(wait, tell)
        with lock.beating(), _guarding(cloud, lock):
            yield lock
    finally:
        with contextlib.suppress(*AWS_ERRORS):  # a lock that is not released goes stale
            lock.release()


class Lock:
    """One attempt to hold the lock of a stage. ``hold`` is how to use it.

    Args:
        cloud: the stage.
        command: what is being done, for the message to other commands.

    Attributes:
        beside: values of the notes that were found when the lock was taken, by name.
    """

    beside: Mapping[str, str] = MappingProxyType({})

    def __init__(self, cloud: Cloud, command: str) -> None:
        self._cloud = cloud
        self._ssm = cloud.unguarded_client("ssm", CONFIG)
        self._path = path(cloud.stage)
        self._facts = {
            "id": uuid.uuid4().hex,
            "who": _user(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "command": command,
        }
        self._base: Generation | None = None  # the generation to build on; once the lock is held, our own
        self._sent = NEVER  # when the newest generation that is certainly ours was sent, by elapsed time
        self._lost = ""  # how the lock was lost, in words
        self._step = threading.RLock()  # the heartbeat and those who check take one step at a time
        self._done = threading.Event()

    def take(self, wait: float, tell: Callable[[str], None]) -> None:
        """Take the lock, or take it over.

        Args:
            wait: seconds to wait for another holder.
            tell: called with a message about the holder while it waits.

        Raises:
            StageLockedError: another command holds the lock.
        """
        deadline = elapsed() + wait
        seen, since, told, sent = None, 0.0, None, NEVER
        while True:
            found = self._list()
            newest = found.newest
            if self._holds(found):
                self._base, self._sent, self.beside = newest, sent, found.beside
                self._clean(found)
                return
            if newest != seen:
                seen, since = newest, elapsed()
            stale = newest is not None and max(newest.age(found.now), elapsed() - since) > STALE_SECONDS
            if newest is None or newest.released or stale:
                self._base = newest
                self._facts["since"] = f"{found.now:%Y-%m-%d %H:%M:%S} UTC" if found.now else ""
                written = self._write(self._facts)
                if written is not None:
                    sent = written
                    if newest is not None and not newest.released:
                        left = newest.describe(found.now)
                        tell(f"Taking over the lock of stage {self._cloud.stage}, which was left by {left}.")
                    continue
            elif elapsed() >= deadline:
                raise _locked(self._cloud.stage, newest, found.now)
            elif told != newest.holder:
                told = newest.holder
                tell(f"Waiting for the lock of stage {self._cloud.stage}, held by {newest.describe(found.now)}.")
            time.sleep(self._cloud.poll_seconds)

    def check(self) -> None:
        """Make sure that the lock is held, and remains so for ``STALE_SECONDS - SURE_SECONDS``.

        Raises:
            LockLostError: another command took over the lock.
        """
        if not self._lost and elapsed() - self._sent < SURE_SECONDS:
            return
        with self._step:
            if self._lost or elapsed() - self._sent >= SURE_SECONDS:
                self.beat()

    def beat(self) -> None:
        """Send a heartbeat.

        Raises:
            LockLostError: another command took over the lock.
        """
        with self._step:
            written = None
            while not self._lost:
                found = self._list()
                if not self._holds(found):
                    self._lost = _loss(self._cloud.stage, found)
                    break
                self._base = found.newest
                if written is not None:
                    self._sent = written
                    self._clean(found)
                    return
                # None: an earlier one of ours exists; its reply was lost and its age is unknown. Try again.
                written = self._write(self._facts)
            raise LockLostError(
                self._lost,
                "What it started in CloudFormation and ECS continues. Wait until the other command has ended, then "
                "run this one again: it resumes from there.",
            )

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Send heartbeats for a while."""
        beating = threading.Thread(target=self._keep_beating, name="lock", daemon=True)
        beating.start()
        try:
            yield
        finally:
            self._done.set()
            beating.join()

    def release(self) -> None:
        """Release the lock, unless it is not held any more.

        As long as nobody can have taken it over (``check``), the newest generation is known without asking for it.
        """
        with self._step:
            if self._base is None or self._lost:
                return
            sure, self._sent = elapsed() - self._sent < SURE_SECONDS, NEVER
            released = {**self._facts, "released": True}
            if sure and self._write(released) is not None:
                return
            found = self._list()
            if self._holds(found):
                self._base = found.newest
                self._write(released)

    def remove(self) -> None:
        """Remove the lock's parameters once nothing of the stage is left; this releases it.

        Raises:
            LockLostError: another command took over the lock.
        """
        with self._step:
            self.beat()
            self._done.set()
            # The newest is deleted last: until then, others find the lock held.
            for generation in self._list().generations:
                if self._base and generation.number <= self._base.number:
                    self._ssm.delete_parameter(Name=f"{self._path}/{generation.number}")
            self._base, self._lost = None, "The lock was removed, as nothing of the stage is left to change."

    def _keep_beating(self) -> None:
        while not self._done.wait(BEAT_SECONDS):
            with self._step, contextlib.suppress(*AWS_ERRORS):  # the next one may get through
                try:
                    self.beat()
                except LockLostError:
                    return  # `check` says so before the next change

    def _holds(self, found: Listing) -> bool:
        newest = found.newest
        if newest is None or newest.holder != self._facts["id"]:
            return False
        return self._base is None or self._base in found.generations

    def _list(self) -> Listing:
        return generations.read(self._ssm, self._path)

    def _write(self, facts: dict[str, Any]) -> float | None:
        """Write the generation after the one to build on.

        Returns:
            When it was sent, by elapsed time; None if it already exists, possibly written by us.
        """
        number = self._base.number + 1 if self._base else 1
        marks = [{"Key": key, "Value": value} for key, value in tags(self._cloud.stage).items()]
        sending = elapsed()
        try:
            self._ssm.put_parameter(
                Name=f"{self._path}/{number}", Value=json.dumps(facts), Type="String", Tags=marks, Overwrite=False
            )
        except ClientError as error:
            if code_of(error) not in REFUSED:
                raise
            return None
        return sending

    def _clean(self, found: Listing) -> None:
        for generation in found.generations[:-1]:
            if generation.age(found.now) > STALE_SECONDS:
                with contextlib.suppress(*AWS_ERRORS):  # the next heartbeat retries
                    self._ssm.delete_parameter(Name=f"{self._path}/{generation.number}")


@contextlib.contextmanager
def _guarding(cloud: Cloud, lock: Lock) -> Iterator[None]:
    cloud.guard = lock.check
    try:
        yield
    finally:
        cloud.guard = None


def elapsed() -> float:
    """Seconds since some moment, including time for which the machine slept."""
    return time.clock_gettime(CLOCK)


def _locked(stage: str, newest: Generation, now: datetime | None) -> StageLockedError:
    return StageLockedError(
        f"Stage {stage} is locked by {newest.describe(now)}.",
        "Wait until that command has ended, then run this one again; deploy, stacks, roll and site wait with --wait. "
        f"If it died, its lock expires {STALE_SECONDS:.0f} seconds after its last heartbeat.",
    )


def _loss(stage: str, found: Listing) -> str:
    newest = found.newest
    by = (
        f"It is now held by {newest.describe(found.now)}."
        if newest
        else "It was removed, as `destroy` does at the end."
    )
    if newest and newest.released:
        by = f"It was taken and released again by {newest.describe(found.now)}."
    return (
        f"This command lost the lock of stage {stage} and stopped before its next change: "
        f"no heartbeat got through for {STALE_SECONDS:.0f} seconds. {by}"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user id that no passwd file lists
        return f"uid {os.getuid()}"
