"""Ctrl-C while work is in progress: the first asks to stop cleanly, the second to leave at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from scripts.stage.errors import InterruptedDeployError


class Interrupt:
    """Counts Ctrl-C; worker threads check it between two steps.

    As a context manager it handles SIGINT where that is possible (the main thread), and restores the old handler.

    Args:
        on_press: called with the count after each press, to report what happens now.
    """

    def __init__(self, on_press: Callable[[int], None] = lambda _count: None) -> None:
        self.count = 0
        self._on_press = on_press
        self._finishing: Callable[[], None] | None = None
        self._stop, self._leave = threading.Event(), threading.Event()
        self._previous: Any = None

    def press(self) -> None:
        """Count one Ctrl-C."""
        self.count += 1
        self._stop.set()
        if self.count > 1:
            self._leave.set()
        if self._finishing and self.count == 1:
            self._finishing()
        else:
            self._on_press(self.count)

    @contextlib.contextmanager
    def finishing(self, on_press: Callable[[], None]) -> Iterator[None]:
        """Do what must not be left half done: the second Ctrl-C within stops it, but no earlier one.

        Those within count once it is done.

        Args:
            on_press: called at the first press, to report that this is finished first.
        """
        self.count = 0
        self._stop.clear()
        self._leave.clear()
        self._finishing = on_press
        try:
            yield
        finally:
            self._finishing = None

    @property
    def stopping(self) -> bool:
        """Whether nothing new should be started."""
        return self.count > 0 and self._finishing is None

    def pause(self, seconds: float) -> None:
        """Wait, for as long as Ctrl-C is not pressed."""
        self._stop.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait between two polls.

        Raises:
            InterruptedDeployError: Ctrl-C was pressed a second time.
        """
        if self._leave.wait(seconds):
            raise InterruptedDeployError(
                "Interrupted: CloudFormation and ECS continue in the background.",
                "Run the same command again to wait for them and resume from there.",
            )

    def __enter__(self) -> Interrupt:
        """Install the SIGINT handler."""
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous SIGINT handler."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        self.press()
