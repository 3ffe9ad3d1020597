"""Child processes that never outlive their parent, however it ends. Knows nothing of what they run.

The parent holds the only write end of a pipe, the child's own thread waits on the read end: when the parent is gone,
even by ``kill -9``, the kernel closes the pipe and the child ends itself and its process group. Unlike Linux's
"parent death signal" this works on macOS too, and does not depend on which thread of the parent started the child.

Run as a program (``python child.py -m module arguments``) this file runs a module that knows nothing of the pipe.
It imports only the standard library, so that it can be run by its path from any directory.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LIFELINE = "PARENT_LIFELINE_FD"  # environment variable: the descriptor of the pipe's read end


class Child:
    """A process in its own session, tied to this one by a lifeline.

    Args:
        argv: program and arguments.
        env: its environment.
        cwd: where it runs.
        log: what it writes goes there.
        inherits: file descriptors that it gets, with the same numbers.
    """

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: IO[bytes], inherits: Sequence[int] = ()
    ) -> None:
        read_end, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                argv,
                env={**env, LIFELINE: str(read_end)},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(read_end, *inherits),
                start_new_session=True,  # a terminal's Ctrl-C reaches only the parent, which stops things in order
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(read_end)
        self.pid = self._process.pid

    def exit_code(self) -> int | None:
        """What the process returned, or None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process; raises ``subprocess.TimeoutExpired``."""
        return self._process.wait(timeout)

    def stop(self, grace: float) -> int:
        """End the process and its group: with SIGTERM, and after ``grace`` seconds with SIGKILL.

        Returns:
            The exit code, negative for a signal.
        """
        if self._process.poll() is None:
            self._signal_group(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        self._signal_group(signal.SIGKILL)
        code = self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return code

    def _signal_group(self, number: signal.Signals) -> None:
        # macOS answers EPERM for a group of which only a zombie is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def follow_parent() -> None:
    """End this process and its group as soon as the parent is gone. Does nothing without a lifeline."""
    number = os.environ.pop(LIFELINE, None)
    if number is None:
        return

    def wait_for_the_end() -> None:
        os.read(int(number), 1)  # nothing is ever written: this returns when the other end is closed
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=wait_for_the_end, name="lifeline", daemon=True).start()


def main(arguments: Sequence[str]) -> None:
    """Run ``-m module arguments`` in this process, tied to its parent."""
    if len(arguments) < 2 or arguments[0] != "-m":
        raise SystemExit("usage: child.py -m MODULE [ARGUMENT ...]")
    follow_parent()
    sys.path[0] = str(Path.cwd())  # as `python -m` has it, instead of this file's directory
    sys.argv = list(arguments[1:])
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
