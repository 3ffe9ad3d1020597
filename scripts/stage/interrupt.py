"""Ctrl-C while something is under way: the first asks to stop cleanly, the second to leave at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from scripts.stage.errors import InterruptedDeployError


class Interrupt:
    """Counts Ctrl-C; the threads that work look at it between two steps.

    As a context manager it takes over SIGINT, where it may (the main thread), and gives it back.

    Args:
        on_press: told the count after each press, to say what happens now.
    """

    def __init__(self, on_press: Callable[[int], None] = lambda _count: None) -> None:
        self.count = 0
        self._on_press = on_press
        self._leave = threading.Event()
        self._previous: Any = None

    def press(self) -> None:
        """One Ctrl-C more."""
        self.count += 1
        if self.count > 1:
            self._leave.set()
        self._on_press(self.count)

    def forget(self) -> None:
        """Begin to count anew: what was to be stopped has ended."""
        self.count = 0
        self._leave.clear()

    @property
    def stopping(self) -> bool:
        """Whether nothing new should be started."""
        return self.count > 0

    def sleep(self, seconds: float) -> None:
        """Wait between two looks at something.

        Raises:
            InterruptedDeployError: Ctrl-C was pressed a second time.
        """
        if self._leave.wait(seconds):
            raise InterruptedDeployError(
                "Left in the middle: what CloudFormation and ECS were told goes on without us.",
                "Run the same command again to follow it to its end and go on from there.",
            )

    def __enter__(self) -> Interrupt:
        """Take over SIGINT."""
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Give SIGINT back."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        self.press()
