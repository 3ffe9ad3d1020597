"""What every change of a stage shares: the cloud, the reporter, Ctrl-C, consent to data loss, and the lock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scripts.cloudformation.changesets import Change
from scripts.stage import lock, recording
from scripts.stage.errors import AWS_ERRORS
from scripts.stage.interrupt import Interrupt
from scripts.stage.lock import Lock
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud

# Called before a change that would lose data, with the stack's name and those changes; False refuses it.
Confirm = Callable[[str, Sequence[Change]], bool]


def refuse(_name: str, _changes: Sequence[Change]) -> bool:
    """Refuse every change that would lose data."""
    return False


@dataclass
class Work:
    """What every stack of one deployment shares.

    Attributes:
        cloud: where.
        reporter: told of progress.
        interrupt: whether to stop.
        confirm: called before data would be lost.
        lock: the stage's lock, held meanwhile; None if nothing is changed.
    """

    cloud: Cloud
    reporter: Reporter
    interrupt: Interrupt
    confirm: Confirm = refuse
    lock: Lock | None = None


@contextlib.contextmanager
def changing(
    cloud: Cloud,
    reporter: Reporter,
    command: str,
    confirm: Confirm = refuse,
    timeout: float = 0.0,
    interrupt: Interrupt | None = None,
) -> Iterator[Work]:
    """Hold the stage's lock and handle Ctrl-C while a stage is changed.

    Args:
        cloud: the stage.
        reporter: told of progress.
        command: what is being done, for the message to others that want to change the stage.
        confirm: called before data would be lost.
        timeout: seconds to wait for another command that is changing the stage.
        interrupt: Ctrl-C; by default the first stops cleanly and the second leaves at once.

    Raises:
        StageLockedError: another command is changing the stage.
        AccessDeniedError: a killed command left recording off, and this one may not switch it on.
        LockLostError: raised by calls inside: another command took over the lock.
    """
    pressed = interrupt or Interrupt(_what_ctrl_c_does(reporter))
    with lock.hold(cloud, command, timeout, reporter.note) as held, pressed:
        if told := recording.recover(cloud, held.beside):
            reporter.warn(told)
        yield Work(cloud, reporter, pressed, confirm, held)


@contextlib.contextmanager
def showing_failure(work: Work, stack: str) -> Iterator[None]:
    """Report a stack as failed if AWS refuses a call about it; the end of an operation is reported elsewhere."""
    try:
        yield
    except AWS_ERRORS:
        work.reporter.stack(stack, "failed")
        raise


def _what_ctrl_c_does(reporter: Reporter) -> Callable[[int], None]:
    def say(count: int) -> None:
        if count == 1:
            reporter.warn(
                "Ctrl-C: cancelling updates in progress, finishing creations, starting nothing new. "
                "Press Ctrl-C again to leave at once; CloudFormation then continues in the background."
            )

    return say
