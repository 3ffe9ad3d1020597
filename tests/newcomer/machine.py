"""A bare machine in a folder: made by mmdebstrap, entered by chroot, with mounts of its own and no network if asked."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = "make,git,ca-certificates,python3"  # no python3-venv: its lack is what a newcomer meets first
USER = "learner"
HOME = f"/home/{USER}"
CHECKOUT = f"{HOME}/Meine Übungen/sentiment"  # names that people give
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# How the machine below reaches a package index: as this one does.
PASSED_ON = re.compile(r"(PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|DEFAULT_TIMEOUT)|\w+_proxy|\w+_PROXY)$")


class UnavailableError(Exception):
    """A bare machine cannot be had here; the message says what is missing."""


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes:
        code: its exit code.
        output: what it has written, errors included.
        seconds: how long it took.
        first: seconds until its first line.
    """

    code: int
    output: str
    seconds: float
    first: float


class Machine:
    """The bare machine.

    Args:
        root: folder of its file system.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, inside: str) -> Path:
        """A path on the machine, as this one has it."""
        return self.root / inside.lstrip("/")

    def run(
        self,
        command: str,
        within: float = 600,
        user: str = USER,
        network: bool = True,
        until: str = "",
        then: int = signal.SIGINT,
        variables: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command in the checkout.

        Args:
            command: for sh.
            within: seconds after which it is ended by force.
            user: who runs it.
            network: whether there is one; otherwise lo has 127.0.0.1 and nothing else.
            until: the command gets a signal, with all that it has started, when a line begins with this.
            then: that signal.
            variables: of its environment.
        """
        began = time.monotonic()
        first, lines = 0.0, []
        process = subprocess.Popen(
            self._entering(command, user, network, variables or {}),
            env={"PATH": SYSTEM_PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        watchdog = threading.Timer(within, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        try:
            for line in process.stdout or ():
                first = first or time.monotonic() - began
                lines.append(line)
                if until and line.startswith(until):
                    os.killpg(process.pid, then)
            code = process.wait()
        finally:
            watchdog.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return Done(code, "".join(lines), time.monotonic() - began, first)

    def megabytes(self, inside: str) -> float:
        """Size of a folder of the machine."""
        files = [each for each in self.path(inside).rglob("*") if each.is_file() and not each.is_symlink()]
        return sum(each.stat().st_size for each in files) / 1e6

    def _entering(self, command: str, user: str, network: bool, variables: Mapping[str, str]) -> list[str]:
        root = shlex.quote(str(self.root))
        environment = {
            "PATH": SYSTEM_PATH,
            "HOME": HOME if user == USER else "/root",
            "LANG": "C.UTF-8",
            "USER": user,
            **{name: value for name, value in os.environ.items() if PASSED_ON.match(name)},
            **variables,
        }
        named = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
        mounts = f"mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/dev/shm"  # noqa: S108 - the machine's
        lo = "" if network else f"{shlex.quote(shutil.which('ip', path=SYSTEM_PATH) or 'ip')} link set lo up && "
        inner = f"cd {shlex.quote(CHECKOUT)} 2>/dev/null; {command}"
        chroot = f"exec chroot --userspec={user}:{user} {root} env -i {named} sh -c {shlex.quote(inner)}"
        unshare = ["unshare", "--mount", *([] if network else ["--net"])]
        return [*unshare, "sh", "-c", f"{mounts} && {lo}{chroot}"]


@contextlib.contextmanager
def bare_machine() -> Iterator[Machine]:
    """A bare machine with the checkout, as a clone would bring it; it is gone afterwards.

    Raises:
        UnavailableError: this machine cannot make one.
    """
    missing = [name for name in ("mmdebstrap", "unshare", "chroot", "ip") if not shutil.which(name, path=SYSTEM_PATH)]
    if missing:
        raise UnavailableError(f"no {', '.join(missing)} (Debian: apt-get install mmdebstrap iproute2)")
    if os.geteuid() != 0:
        raise UnavailableError("only root can enter one (sudo --preserve-env .venv/bin/python -m tests.newcomer)")
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True).returncode:
        raise UnavailableError("this machine gives nobody mounts and a network of their own, as containers do not")
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "bookworm")
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        root = Path(folder) / "root"
        # timeout(1) asks it to end, and it takes its mounts away then; Python would kill it.
        done = subprocess.run(
            ["timeout", "600", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={PACKAGES}"]
            + [suite, str(root)],
            env={**os.environ, "PATH": SYSTEM_PATH},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise UnavailableError(f"mmdebstrap of {suite} failed: {done.stderr[-600:]}")
        machine = Machine(root)
        machine.run(f"useradd --create-home --shell /bin/bash {USER}", user="root")
        _connect(machine)
        _check_out(machine)
        yield machine


def _connect(machine: Machine) -> None:
    """Have it resolve names, trust certificates and find packages as this machine does."""
    files = {file: file for file in ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", BUNDLE)}
    files |= {str(Path.home() / name): f"{HOME}/{name}" for name in (".config/pip/pip.conf", ".pip/pip.conf")}
    for file, inside in files.items():
        if Path(file).is_file():
            target = machine.path(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_bytes(Path(file).read_bytes())


def _check_out(machine: Machine) -> None:
    """Clone the checkout into it, with what is not yet committed."""
    target = machine.path(CHECKOUT)
    target.parent.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(target)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
        elif not (ROOT / name).is_symlink() and not (ROOT / name).exists():
            (target / name).unlink(missing_ok=True)
    machine.run(f"chown -R {USER}:{USER} {HOME}", user="root")
