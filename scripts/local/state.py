"""The state folder of the laptop cloud (``.local``): its layout, and its lock for one cloud at a time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scripts.local import folder as folders
from scripts.stage.errors import DeployError


class StateError(DeployError):
    """The state folder cannot be used."""


@dataclass(frozen=True)
class State:
    """Paths in the state folder. Only tables, keys and images are kept between runs."""

    folder: Path

    @property
    def tables(self) -> Path:
        """What was written to tables: judgements and their counts."""
        return self.folder / folders.TABLES

    @property
    def receipt_key(self) -> Path:
        """The receipt keys, so that predictions can still be judged after a restart."""
        return self.folder / folders.RECEIPT_KEY

    @property
    def images(self) -> Path:
        """One folder for each image."""
        return self.folder / "images"

    @property
    def logs(self) -> Path:
        """Logs of the emulator and the tasks in this run."""
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        """The emulator's temporary files."""
        return self.folder / "tmp"

    @property
    def cloud(self) -> Path:
        """Tells a second terminal where the running cloud is."""
        return self.folder / "cloud.json"

    def publish(self, **facts: Any) -> None:
        """Write ``cloud.json`` atomically, readable by its owner alone."""
        new = self.cloud.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(facts) + "\n")
        new.replace(self.cloud)


def chosen_folder() -> Path:
    """The state folder: the environment's STATE, or ``.local`` in the project."""
    return folders.chosen()


def running() -> dict[str, Any]:
    """Where the laptop cloud is that runs now, as it published it.

    Raises:
        DeployError: none runs.
    """
    try:
        found: dict[str, Any] = json.loads(State(chosen_folder()).cloud.read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise DeployError(
            "The laptop cloud is not running, or is still starting.",
            "Start it in another window: `make local`, and wait for `Ready:`. "
            "If it runs with STATE=folder there, set STATE here too.",
        ) from error
    return found


@contextlib.contextmanager
def claim(folder: Path | None, url: str) -> Iterator[State]:
    """Claim the state folder for this process, and remove everything of earlier runs but tables, keys and images.

    Args:
        folder: the state folder; None for ``chosen_folder``.
        url: the cloud's address, shown to others who want the folder.

    Raises:
        StateError: another cloud uses it, it is not writable, or it is full of somebody's own files.
    """
    state = State((folder or chosen_folder()).absolute())
    with _owner_only():
        try:
            _refuse_foreign(state)
            state.folder.mkdir(parents=True, exist_ok=True)
            folders.mark(state.folder)
            _tighten(state.folder)
            lock = (state.folder / folders.LOCK).open("a+")
        except OSError as error:
            raise _unusable(state, error) from None
        with lock:
            yield from _use(state, lock, url)


def _use(state: State, lock: IO[str], url: str) -> Iterator[State]:
    """Lock the folder, and yield it ready for use."""
    import fcntl  # here, since Windows lacks it and has use for every command but this

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel releases it however this process ends
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
def _owner_only() -> Iterator[None]:
    """Make files and folders that this process and its children create accessible to their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _tighten(folder: Path) -> None:
    """Restrict a folder of an earlier version to its owner; nothing further down can be reached then."""
    folder.chmod(0o700)
    for path in folder.iterdir():
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def _refuse_foreign(state: State) -> None:
    if found := folders.strangers(state.folder):
        others = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise StateError(
            f"{state.folder} is not empty and is not a state folder of the laptop cloud: it holds "
            f"{', '.join(found[:3])}{others}. Nothing in it has been changed.",
            "Choose an empty or a new folder with STATE=folder.",
        )


def _clean(state: State) -> None:
    for each in (state.cloud, state.logs, state.temporary):
        folders.remove(each)
    if state.images.is_symlink():  # what it leads to has no marker of ours, and old images are removed
        folders.remove(state.images)


def _unusable(state: State, error: OSError) -> StateError:
    return StateError(
        f"The laptop cloud cannot keep its state in {state.folder}: {error.strerror or error}.",
        "Make that folder writable, or choose another one with STATE=folder.",
    )


def _taken(state: State, holder: str) -> StateError:
    try:
        known = json.loads(holder)
        who, end = f"process {known['pid']}, {known['url']}", f"`kill {known['pid']}`"
    except (ValueError, KeyError):
        who, end = "just starting", "Ctrl-C there"
    return StateError(
        f"Another laptop cloud ({who}) is using {state.folder}.",
        f"Use that one, stop it (Ctrl-C in its terminal, or {end}), or choose another folder with STATE=folder.",
    )
