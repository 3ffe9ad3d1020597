"""What everything that changes a stage shares: where, who hears of it, whether to stop, and being the only one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scripts.cloudformation.changesets import Change
from scripts.stage import lock
from scripts.stage.interrupt import Interrupt
from scripts.stage.lock import Lock
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud

# Asked before a change that would lose data, given the stack's name and those changes; False refuses it.
Confirm = Callable[[str, Sequence[Change]], bool]


def refuse(_name: str, _changes: Sequence[Change]) -> bool:
    """Consent to nothing that would lose data."""
    return False


@dataclass
class Work:
    """What every stack of one deployment shares.

    Attributes:
        cloud: where.
        reporter: hears of progress.
        interrupt: whether to stop.
        confirm: asked before data would be lost.
        lock: the stage's lock, which is held meanwhile; None where nothing is changed.
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
    """Change a stage as the only one who does, with Ctrl-C under control.

    Args:
        cloud: the stage.
        reporter: hears of progress.
        command: what is being done, to be told to others who want to change the stage meanwhile.
        confirm: asked before data would be lost.
        timeout: seconds to wait for another command that is changing the stage.
        interrupt: Ctrl-C; by default the first stops cleanly and the second leaves at once.

    Raises:
        StageLockedError: another command is changing the stage.
        LockLostError: raised by calls inside: another command took the lock over.
    """
    pressed = interrupt or Interrupt(_what_ctrl_c_does(reporter))
    with lock.hold(cloud, command, timeout, reporter.note) as held, pressed:
        yield Work(cloud, reporter, pressed, confirm, held)


@contextlib.contextmanager
def showing_failure(work: Work, stack: str) -> Iterator[None]:
    """Show a stack as failed when AWS refuses a call about it; how an operation ends is shown by what follows it."""
    try:
        yield
    except (BotoCoreError, ClientError):
        work.reporter.stack(stack, "failed")
        raise


def _what_ctrl_c_does(reporter: Reporter) -> Callable[[int], None]:
    def say(count: int) -> None:
        if count == 1:
            reporter.warn(
                "Ctrl-C: updates under way are cancelled and creations finished, nothing new is started. "
                "Ctrl-C again leaves at once; CloudFormation continues in the background then."
            )

    return say
