"""Children end with their parent, whatever ends it, and take their own children along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts.local import child

# A child that is deaf to SIGTERM and has a child of its own; writes both process ids.
STUBBORN = """
import os, signal, subprocess, sys, time
from pathlib import Path
from scripts.local import child
child.follow_parent()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(sys.argv[1] + ".new").write_text(f"{os.getpid()} {other.pid}")
Path(sys.argv[1] + ".new").rename(sys.argv[1])
time.sleep(600)
"""
PARENT = """
import os, sys, time
from pathlib import Path
from scripts.local import child
with open(os.devnull, "wb") as log:
    child.Child([sys.executable, "-c", sys.argv[1], sys.argv[2]], os.environ, Path.cwd(), log)
    time.sleep(600)
"""


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.01)
    return path.read_text()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while alive := [pid for pid in pids if runs(pid)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.01)


def start(code: str, folder: Path, *arguments: str) -> child.Child:
    with (folder / "log").open("ab") as log:
        return child.Child([sys.executable, "-c", code, *arguments], os.environ, Path.cwd(), log)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stubborn_child_and_grandchild_end_with_the_parent(tmp_path: Path, number: signal.Signals) -> None:
    pids_file = tmp_path / "pids"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, STUBBORN, str(pids_file)], stderr=subprocess.DEVNULL)
    pids = [int(pid) for pid in wait_for(pids_file).split()]
    assert all(runs(pid) for pid in pids)

    parent.send_signal(number)
    parent.wait()
    wait_until_gone(pids)


def test_stop_ends_the_stubborn_and_its_group_after_the_grace(tmp_path: Path) -> None:
    process = start(STUBBORN, tmp_path, str(tmp_path / "pids"))
    pids = [int(pid) for pid in wait_for(tmp_path / "pids").split()]

    assert process.stop(grace=0.1) == -signal.SIGKILL
    wait_until_gone(pids)


def test_stop_lets_the_willing_end_by_themselves(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    willing = "import signal, sys, time\nfrom pathlib import Path\n"
    willing += "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    willing += "Path(sys.argv[1]).write_text('x')\ntime.sleep(600)"
    process = start(willing, tmp_path, str(ready))
    wait_for(ready)

    assert process.stop(grace=20) == 7
    assert process.stop(grace=20) == 7  # again does no harm


def test_the_exit_code_is_known_once_it_has_ended(tmp_path: Path) -> None:
    process = start("raise SystemExit(3)", tmp_path)

    assert process.wait(20) == 3
    assert process.exit_code() == 3


def test_a_module_that_knows_nothing_of_it_runs_as_if_by_python_m(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(
        "import os, sys; print(sys.argv[1:], sys.path[0], 'PARENT_LIFELINE_FD' in os.environ)"
    )
    with (tmp_path / "log").open("ab") as log:
        process = child.Child([sys.executable, child.__file__, "-m", "hello", "a", "b"], os.environ, tmp_path, log)

    assert process.wait(20) == 0
    assert (tmp_path / "log").read_text() == f"['a', 'b'] {tmp_path.resolve()} False\n"


def test_without_a_module_it_says_how_it_is_used() -> None:
    with pytest.raises(SystemExit, match=r"usage: child.py -m MODULE"):
        child.main(["hello"])
