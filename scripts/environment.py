"""Prepares ``.venv``: made in one piece, known by its interpreter and its locks, and made anew when either is no more.

``scripts/environment.sh`` runs it, before anything is installed, so it needs the standard library alone. A new
environment is made beside the old one and takes its place when it is whole; what was interrupted, moved or left without
its interpreter is made anew by the next ``make``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
RECORD = "made.json"  # in an environment: what it was made with
STAMPS = (".app", ".dev", ".train")  # in an environment of before there was a record
MIB = 1024 * 1024

# Where PyTorch's CPU builds are: what the Python package index has for Linux drags in gigabytes of CUDA.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"

# Settings of the surroundings that would have pip install elsewhere, or Python import from elsewhere.
DISTURBING = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONPLATLIBDIR"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_QUIET", "PIP_REQUIREMENT"),
    *(
        "PIP_CONSTRAINT",
        "PIP_EDITABLE",
        "PIP_NO_DEPS",
        "PIP_BREAK_SYSTEM_PACKAGES",
        "PIP_IGNORE_INSTALLED",
        "VIRTUAL_ENV",
    ),
)


class UnpreparedError(Exception):
    """The environment cannot be made; the words say why, and what to do."""


@dataclass(frozen=True)
class Set:
    """What is installed together.

    Attributes:
        lock: file of ``requirements/``.
        fetched: what pip downloads at the first time, in MB.
        on: the set that must be there before; "" for none.
        includes: the sets whose packages are all in this one's lock.
        data: file of ``requirements/`` with packages that are installed without what they depend on; "" for none.
        torch: likewise, from PyTorch's index.
        folder: the environment's, relative to the project.
        project: whether the project itself is installed, in place.
    """

    lock: str
    fetched: int
    on: str = ""
    includes: tuple[str, ...] = ()
    data: str = ""
    torch: str = ""
    folder: str = ".venv"
    project: bool = True


SETS = {
    "app": Set("app.txt", 69),
    "generator": Set("generator.txt", 1, on="app"),
    "dev": Set("dev.txt", 210, includes=("app", "generator")),
    "docs": Set("docs.txt", 26, on="dev"),
    "fuzz": Set("fuzz.txt", 35, on="dev"),
    "train": Set("train.txt", 600, includes=("app", "generator", "dev"), data="pretrained.txt", torch="torch.txt"),
    "teacher": Set("teacher.txt", 450, on="train", data="encoder.txt"),
    "judges": Set("judges.txt", 58, folder="build/judges", project=False),
}


def main(names: list[str]) -> int:
    """Have sets installed; the exit code."""
    try:
        for name in names:
            prepare(name)
    except UnpreparedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next `make` goes on.", file=sys.stderr)
        return 130
    return 0


def prepare(name: str) -> None:
    """Have a set installed in its environment, which is made, completed or made anew as it needs to be.

    Raises:
        UnpreparedError: that is not possible here; what was there before still is.
    """
    if SETS[name].on:
        prepare(SETS[name].on)
    folder = ROOT / SETS[name].folder
    if why_not(folder, name) is None:
        return
    with _alone():
        why = why_not(folder, name)  # another `make` may have prepared it meanwhile
        if why is None:
            return
        if why == "" and _is_fresh(folder):
            _add(folder, name)
        else:
            _make(folder, name, why)


def why_not(folder: Path, name: str) -> str | None:
    """Why an environment cannot be used for a set.

    Returns:
        None when it can; "" when nothing is wrong with it, and the set is only not there; else the reason in words.
    """
    if not os.path.lexists(folder):
        return ""
    record = read_record(folder)
    if record is None:
        return "it is not whole, or make has not made it"
    if record.get("folder") != str(folder):
        return "the checkout has been moved"
    if record.get("unfinished"):
        return "its installation was interrupted"
    version = _version_of(folder / "bin" / "python")
    if version != record.get("python"):
        return f"its Python {record.get('python')} is now {version}" if version else "its Python is gone"
    if os.environ.get("PYTHON") and version != _own_version():
        return f"it has Python {version}, and PYTHON names {_own_version()}"
    known = record["sets"].get(name)
    if known is None:
        return ""
    return None if known == fingerprint(name) else "what is locked has changed"


def fingerprint(name: str) -> str:
    """Hash of all that a set is made from."""
    chosen = SETS[name]
    digest = hashlib.sha256()
    for file in filter(None, (chosen.lock, chosen.data, chosen.torch)):
        digest.update((LOCKS / file).read_bytes())
    if chosen.project:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        parts = [project["build-system"], project["project"]["scripts"], project["tool"]["hatch"]]
        digest.update(json.dumps(parts, sort_keys=True).encode())
    return digest.hexdigest()


def read_record(folder: Path) -> dict[str, Any] | None:
    """What an environment was made with; None when it does not say."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return record if isinstance(record["sets"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(folder: Path, names: list[str], place: Path | None = None, unfinished: str = "") -> None:
    """Write down what an environment is made with.

    Args:
        folder: the environment.
        names: the sets that are installed in it, with all that they include.
        place: where it will be; None for where it is.
        unfinished: the set that is being installed.
    """
    every = sorted({each for name in names for each in (name, *SETS[name].includes)})
    record = {
        "folder": str(place or folder),
        "python": _own_version() if place else _version_of(folder / "bin" / "python"),
        "sets": {name: fingerprint(name) for name in every},
        "unfinished": unfinished,
    }
    new = folder / f"{RECORD}.new"
    new.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    new.replace(folder / RECORD)


def _is_fresh(folder: Path) -> bool:
    """Whether everything in an environment is as locked, so that a set can be added."""
    record = read_record(folder)
    if record is None or not (_uv() or (folder / "bin" / "pip").exists()):
        return False
    return all(name in SETS and known == fingerprint(name) for name, known in record["sets"].items())


def _add(folder: Path, name: str) -> None:
    """Install a set into an environment that is in order."""
    record = read_record(folder)
    there = list(record["sets"]) if record else []
    fetched = SETS[name].fetched - max((SETS[each].fetched for each in there if each in SETS[name].includes), default=0)
    _say(f"Adding {name} to {_shown(folder)}: about {fetched} MB to fetch, once ...")

    def before_changes() -> None:
        write_record(folder, there, unfinished=name)

    try:
        _install(folder, name, _uv(), before_changes)
    except UnpreparedError as error:
        if not (_uv() and (folder / "bin" / "pip").exists()):
            raise
        _say(f"uv could not ({str(error).splitlines()[0]}); now with pip ...")
        _install(folder, name, "", before_changes)
    write_record(folder, [*there, name])
    _say_what_was_fetched(folder)


def _make(folder: Path, name: str, why: str) -> None:
    """Make an environment beside its place, and put it there when it is whole."""
    new = folder.with_name(f"{folder.name}.new")
    again = f"Making {_shown(folder)} anew, since {why}" if why else f"Preparing {_shown(folder)}"
    _say(f"{again}: about {sum(SETS[each].fetched for each in _chain(name))} MB to fetch, once ...")
    installers = [uv, ""] if (uv := _uv()) else [""]
    for installer in installers:
        try:
            _remove(new)
            _create(new, installer)
            for each in _chain(name):
                _install(new, each, installer)
            break
        except OSError as error:
            _remove(new)
            raise UnpreparedError(f"{new} cannot be written: {error.strerror}.") from None
        except UnpreparedError as error:
            _remove(new)
            if not installer:
                raise
            _say(f"uv could not ({str(error).splitlines()[0]}); now with pip ...")
    _relocate(new, folder)
    write_record(new, _chain(name), place=folder)
    _put(new, folder)
    _say_what_was_fetched(folder)


def _say_what_was_fetched(folder: Path) -> None:
    _say(f"{_shown(folder)} is ready; {Progress.fetched:.0f} MB fetched.")


def _create(folder: Path, installer: str) -> None:
    if not installer:
        _check_that_pip_comes_along()
    options = ["--prompt", folder.stem, *(["--without-pip"] if installer else [])]
    command = [sys.executable, "-I", "-m", "venv", *options, str(folder)]
    done = subprocess.run(command, env=_undisturbed(), capture_output=True, text=True)
    if done.returncode:
        raise UnpreparedError(_explain((done.stdout + done.stderr).splitlines(), f"{sys.executable} -m venv"))


def _check_that_pip_comes_along() -> None:
    missing = [module for module in ("venv", "ensurepip") if importlib.util.find_spec(module) is None]
    if missing:
        package = f"python{_own_version()}-venv"
        raise UnpreparedError(
            f"Python {_own_version()} ({sys.executable}) lacks {' and '.join(missing)}, which make environments.\n"
            f"Debian, Ubuntu: `sudo apt-get install {package}`; then run the same command again."
            " Where uv is installed, nothing more is needed."
        )


def _chain(name: str) -> list[str]:
    """A set after those that it stands on."""
    return [*(_chain(on) if (on := SETS[name].on) else []), name]


def _install(folder: Path, name: str, installer: str, before_changes: Callable[[], None] = lambda: None) -> None:
    """Install a set.

    Args:
        folder: the environment.
        name: the set.
        installer: the program uv; "" for pip.
        before_changes: called when everything is fetched, and the environment begins to change.
    """
    chosen = SETS[name]
    locked = ["--require-hashes", "-r", str(LOCKS / chosen.lock)]
    _run_installer(folder, installer, locked, _count(LOCKS / chosen.lock), before_changes)
    if chosen.project and not chosen.on:
        # Nothing is fetched, since what builds it is among the locked packages.
        in_place = ["--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
        _run_installer(folder, installer, in_place, 0)
    if chosen.data:
        data = ["--require-hashes", "--no-deps", "-r", str(LOCKS / chosen.data)]
        _run_installer(folder, installer, data, _count(LOCKS / chosen.data))
    if chosen.torch:
        index = os.environ.get("TORCH_INDEX") or TORCH_INDEX
        torch = ["--require-hashes", "--no-deps", "-r", str(LOCKS / chosen.torch), "--extra-index-url", index]
        try:
            _run_installer(folder, installer, [*([] if installer else ["--retries", "1"]), *torch], 0)
        except UnpreparedError as error:
            raise UnpreparedError(
                f"{error}\ntorch comes from {index}. If that cannot be reached, set TORCH_INDEX to a mirror of it."
            ) from None


def _run_installer(
    folder: Path, installer: str, arguments: list[str], packages: int, before_changes: Callable[[], None] = lambda: None
) -> None:
    """Run pip or uv, show how far it is, and raise what it says when it fails."""
    python = str(folder / "bin" / "python")
    if installer:
        command = [installer, "pip", "install", "--python", python, "--compile-bytecode", *arguments]
    else:
        options = ["--disable-pip-version-check", "--no-input", "--no-user", "--progress-bar", "off"]
        command = [python, "-I", "-m", "pip", "install", *options, *arguments]
    progress = Progress(packages)
    lines: list[str] = []
    with subprocess.Popen(
        command, env=_undisturbed(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(("Installing collected packages", "Resolved ")):
                before_changes()
            progress.see(line)
    progress.end()
    if process.returncode:
        raise UnpreparedError(_explain(lines, "uv" if installer else "pip"))


class Progress:
    """How far pip is: one line that is written over on a terminal, and elsewhere one each quarter of a minute.

    Args:
        packages: how many it has to look at; 0 to show nothing.

    Attributes:
        fetched: MB that pip has downloaded so far, by all of them.
    """

    fetched = 0.0

    def __init__(self, packages: int) -> None:
        self.packages = packages
        self.seen = 0
        self.megabytes = 0.0
        self._live = sys.stderr.isatty()
        self._shown = time.monotonic()

    def see(self, line: str) -> None:
        """Take in a line that pip has printed."""
        self.seen += line.startswith(("Collecting ", "Requirement already satisfied: "))
        size = re.search(r"^\s*Downloading \S+ \(([\d.]+) (kB|MB|GB)", line)
        if size:
            megabytes = float(size[1]) * {"kB": 0.001, "MB": 1, "GB": 1000}[size[2]]
            self.megabytes += megabytes
            Progress.fetched += megabytes
        if not self.packages or not (self._live or time.monotonic() - self._shown > 15):
            return
        self._shown = time.monotonic()
        installing = line.startswith("Installing collected packages")
        words = "installing" if installing else f"{self.seen} of {self.packages} packages, {self.megabytes:.0f} MB"
        print(f"\r  {words:<40}" if self._live else f"  {words}", end="" if self._live else "\n", file=sys.stderr)
        sys.stderr.flush()

    def end(self) -> None:
        """Let the next line stand by itself."""
        if self._live and self.packages:
            print(f"\r{'':<44}\r", end="", file=sys.stderr, flush=True)


def _explain(lines: list[str], program: str) -> str:
    """What went wrong, from the output of pip, uv or venv, and what to do about it."""
    text = "\n".join(lines)
    errors = [line for line in lines if re.match(r"\s*(error|cause)", line, re.IGNORECASE)]
    said = "\n".join((errors or [line for line in lines if line.strip()])[-3:])
    if "No space left on device" in text or "Errno 28" in text or "os error 28" in text:
        return f"The disk is full: {said}\nMake room (about 1 GB for all of it), then run the same command again."
    if "DO NOT MATCH THE HASHES" in text or "Hash mismatch" in text:
        return f"What the package index sent is not what is locked, so it was not installed:\n{said}"
    if re.search(r"NewConnectionError|ConnectTimeout|NameResolutionError|ProxyError|Connection refused|SSLError", text):
        return (
            f"The package index cannot be reached:\n{said}\n"
            "Is there a network? A proxy is named in HTTPS_PROXY, an index of your own in pip's configuration."
        )
    if re.search(r"No matching distribution|no wheels|no usable wheels|No solution found", text):
        here = f"Python {_own_version()} on {sysconfig.get_platform()}"
        return f"{said}\nA package does not exist for {here}. README says which systems have all of them."
    if re.search(r"(gcc|cc|clang|g\+\+)\S*'? failed|Microsoft Visual C\+\+|command '\S*(gcc|cc|clang)", text):
        how = "Debian: `sudo apt-get install build-essential`; macOS: `xcode-select --install`"
        return f"A package has to be compiled here, and there is no compiler that can.\n{said}\n{how}"
    return f"{program} failed:\n{said}"


def _relocate(new: Path, place: Path) -> None:
    """Have the programs of an environment name the place where it will be."""
    for file in [new / "pyvenv.cfg", *(new / "bin").iterdir()]:
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            if b"\0" not in content[:1024]:
                moved = content.replace(os.fsencode(new), os.fsencode(place))
                if moved != content:
                    file.write_bytes(moved)


def _put(new: Path, place: Path) -> None:
    """Put an environment in its place; one that make has not made is kept beside it."""
    old = place.with_name(f"{place.name}.old")
    if os.path.lexists(place):
        ours = read_record(place) is not None or any((place / stamp).exists() for stamp in STAMPS)
        ours = ours or place.name != ".venv" or not any(place.iterdir())
        if not ours:
            old = next(
                folder for n in range(1, 1000) if not (folder := place.with_name(f"{place.name}.kept-{n}")).exists()
            )
            _say(f"make has not made the former {place.name}, so it is kept as {old.name}.")
        else:
            _remove(old)
        place.rename(old)
    new.rename(place)
    if old.name.endswith(".old"):
        _remove(old)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Have one `make` at a time prepare environments; the others wait for it."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / ".environment.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another `make` is preparing it; waiting ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _undisturbed() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in DISTURBING}


def _uv() -> str:
    """The program uv, which is faster than pip; "" without it, or when UV is set to nothing."""
    return (shutil.which(os.environ.get("UV", "uv") or " ") or "") if os.environ.get("UV", "uv") else ""


def _version_of(python: Path) -> str | None:
    """Version of an interpreter, such as "3.11"; None when it does not start."""
    try:
        words = [str(python), "-I", "-c", "import sys, encodings; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _own_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _count(lock: Path) -> int:
    return len(re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE))


def _shown(folder: Path) -> str:
    return str(folder.relative_to(ROOT))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
