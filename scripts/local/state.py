"""The state folder of the laptop cloud (``.local``): what is where, and that one cloud at a time uses it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scripts import ROOT
from scripts.stage.errors import DeployError


class StateError(DeployError):
    """The state folder cannot be used."""


@dataclass(frozen=True)
class State:
    """Paths in the state folder. Only journal, keys and images outlive a run."""

    folder: Path

    @property
    def journal(self) -> Path:
        """What was written to tables: judgements and their counts."""
        return self.folder / "tables.journal"

    @property
    def receipt_key(self) -> Path:
        """The keys of receipts: what was predicted before a restart can be judged after it."""
        return self.folder / "receipt-key"

    @property
    def images(self) -> Path:
        """One folder for each image."""
        return self.folder / "images"

    @property
    def logs(self) -> Path:
        """What the emulator and the tasks of this run write."""
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        """Where the emulator keeps what it needs while it runs."""
        return self.folder / "tmp"

    @property
    def cloud(self) -> Path:
        """Where a second terminal finds the cloud that runs."""
        return self.folder / "cloud.json"

    def publish(self, **facts: Any) -> None:
        """Write ``cloud.json``: whoever reads it sees all of it, and nobody but its owner reads it."""
        new = self.cloud.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(facts) + "\n")
        new.replace(self.cloud)


def chosen_folder() -> Path:
    """The state folder: the environment's STATE, or ``.local`` in the project."""
    return Path(os.environ.get("STATE") or ROOT / ".local")


def running() -> dict[str, Any]:
    """Where the laptop cloud is that runs now, as it published it.

    Raises:
        DeployError: none runs.
    """
    try:
        found: dict[str, Any] = json.loads(State(chosen_folder()).cloud.read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise DeployError("The laptop cloud is not running.", "Start it: `make local`, in another window.") from error
    return found


@contextlib.contextmanager
def claim(folder: Path | None, url: str) -> Iterator[State]:
    """Use the state folder alone, with nothing in it of an earlier run but journal, keys and images.

    Args:
        folder: the state folder; None for the chosen one.
        url: where the cloud is going to answer, for whoever else wants the folder.

    Raises:
        StateError: somebody else uses it, or it cannot be written.
    """
    state = State((folder or chosen_folder()).absolute())
    with _for_nobody_else():
        try:
            state.folder.mkdir(parents=True, exist_ok=True)
            _tighten(state.folder)
            lock = (state.folder / "lock").open("a+")
        except OSError as error:
            raise _unusable(state, error) from None
        with lock:
            yield from _use(state, lock, url)


def _use(state: State, lock: IO[str], url: str) -> Iterator[State]:
    """Use the folder that the lock stands for."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel gives it back, whatever becomes of us
    except BlockingIOError:
        lock.seek(0)
        raise _taken(state, lock.read()) from None
    try:
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "url": url}))
        lock.flush()
        _clean(state)
        for each in (state.images, state.logs, state.temporary):
            each.mkdir(exist_ok=True)
    except OSError as error:
        raise _unusable(state, error) from None
    try:
        yield state
    finally:
        state.cloud.unlink(missing_ok=True)
        shutil.rmtree(state.temporary, ignore_errors=True)


@contextlib.contextmanager
def _for_nobody_else() -> Iterator[None]:
    """What this process creates, and all that it starts, is its owner's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _tighten(folder: Path) -> None:
    """Take a folder of an earlier version away from everybody else; what is further down cannot be reached then."""
    folder.chmod(0o700)
    for path in folder.iterdir():
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def _clean(state: State) -> None:
    state.cloud.unlink(missing_ok=True)
    for each in (state.logs, state.temporary):
        if each.exists():
            shutil.rmtree(each)


def _unusable(state: State, error: OSError) -> StateError:
    return StateError(
        f"The laptop cloud cannot keep its state in {state.folder}: {error.strerror}.",
        "Make that folder writable, or name another one with STATE=folder.",
    )


def _taken(state: State, holder: str) -> StateError:
    try:
        known = json.loads(holder)
        who, end = f"process {known['pid']}, {known['url']}", f"`kill {known['pid']}`"
    except (ValueError, KeyError):
        who, end = "just starting", "Ctrl-C there"
    return StateError(
        f"Another laptop cloud ({who}) uses {state.folder}.",
        f"Use that one, end it (Ctrl-C in its terminal, or {end}), or name another folder with STATE=folder.",
    )
