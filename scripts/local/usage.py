"""CPU time of the tasks' processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import psutil


def cpu_seconds(groups: Iterable[int]) -> float:
    """CPU time that some process groups have used so far, user and system; processes that have ended are left out.

    Args:
        groups: ids of process groups; a task is one.
    """
    wanted, used = set(groups), 0.0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it has just ended, or belongs to another user
            if os.getpgid(process.pid) in wanted:
                times = process.cpu_times()
                used += times.user + times.system
    return used
