"""CPU time of the tasks' processes. Where the system does not tell it (anything but Linux), that is said."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def cpu_seconds(groups: Iterable[int], proc: Path = PROC) -> float | None:
    """CPU time that some process groups have used so far, ended processes left out.

    Args:
        groups: ids of process groups; a task is one.
        proc: where the kernel shows processes.

    Returns:
        Seconds, user and system (proc(5): fields 5, 14 and 15 of stat), or None where there is no such folder.
    """
    if not (proc / "self" / "stat").exists():
        return None
    wanted, ticks = set(groups), 0
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) in wanted:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
