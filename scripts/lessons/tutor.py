"""The tutor: watches files and cloud, checks the lesson when something changes, gives hints, shows the solution."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts import ROOT
from scripts.cloudformation import freshness, stacks
from scripts.lessons import beginning, progress, solution
from scripts.lessons.beginning import SCRATCH
from scripts.lessons.pages import Page, lessons
from scripts.lessons.reset import KEPT, reset
from scripts.lessons.room import Room, enter
from scripts.lessons.table import observe
from scripts.lessons.verdict import begin, judge
from scripts.stage.errors import DeployError

FILES_SECONDS = 0.5  # between two looks at the files
CLOUD_SECONDS = 1.0  # between two looks at the cloud
WATCHED = ("generator", "templates", "lambda_src", "container/sentiment", "site", "scripts/stages.toml", str(SCRATCH))
OWN = ("begun", "progress.json", KEPT)  # below SCRATCH, written by us
KEYS = "h: hint   s: solution   n: next lesson   r: back to the beginning   q: quit   (each with Enter)"
Say = Callable[[str], None]


def next_page(root: Path = ROOT) -> Page:
    """The lesson that is in progress, else the first that has not been passed; the last if all have."""
    known = lessons(root / "docs" / "walkthrough")
    done = progress.passed(root)
    begun = beginning.latest(root)
    for page in known:
        if begun and page.number == begun.number and page.number not in done:
            return page
    return next((page for page in known if page.number not in done), known[-1])


def path(root: Path, page: Page) -> str:
    """The whole path, with what is done and where the learner is."""
    known, done = lessons(root / "docs" / "walkthrough"), progress.passed(root)
    marks = [(">" if each.number == page.number else " ") + ("x" if each.number in done else " ") for each in known]
    lines = [f" {mark} {each.number:>3}  {each.title}" for mark, each in zip(marks, known, strict=True)]
    return "\n".join([*lines, progress.bar(len(done & {each.number for each in known}), len(known))])


def hint(page: Page, root: Path = ROOT) -> str:
    """The next hint of a lesson."""
    if not page.hints:
        return "This lesson has no hints; its page has every step."
    at = progress.next_hint(root, page.number, len(page.hints))
    return f"Hint {at + 1} of {len(page.hints)}: {page.hints[at]}"


class Tutor:
    """Accompanies a learner through the path, in a window of its own.

    Args:
        say: called with every line for the learner.
        root: the learner's tree.
        keys: gives what the learner typed within some seconds: a word, "" for nothing, None at the end of the input.
    """

    def __init__(self, say: Say, root: Path = ROOT, keys: Callable[[float], str | None] | None = None) -> None:
        self._say = say
        self._root = root
        self._keys = keys or typed
        self._told = ""

    def accompany(self, page: Page) -> None:
        """Watch until the learner quits, by a word or by Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            self._watch(page)

    def _watch(self, page: Page) -> None:
        self._open(page)
        seen: Any = None
        for seen_now, word in self._moments():
            if word is None or word == "q":
                return
            if word:
                page = self._answer(page, word)
            if seen_now != seen or word in ("n", "r"):
                seen = seen_now
                self._check(page)

    def _open(self, page: Page) -> None:
        self._told = ""
        self._say(path(self._root, page))
        self._say(f"\n{page.title}\nRead {page.path.relative_to(self._root)}, and do what it says in another window.")
        if beginning.of(self._root, page.number) is None:
            self._attempt(lambda: self._note(page))
        self._say(KEYS)

    def _note(self, page: Page) -> None:
        begin(page, self._root)
        self._say("Its beginning is noted: commit, files, and what the laptop cloud runs.")

    def _answer(self, page: Page, word: str) -> Page:
        if word == "h":
            self._say(hint(page, self._root))
        elif word == "s":
            begun = beginning.of(self._root, page.number)
            patch = solution.patch(page, self._root, begun.files if begun else "HEAD")
            self._say(patch or "No file is left to change.")
            self._say("Then:\n" + "\n".join(f"  {each}" for each in solution.commands(page)))
        elif word == "r":
            self._attempt(lambda: reset(observe, self._say, page.number, self._root))
            self._told = ""
        elif word == "n":
            if beginning.of(self._root, page.number):
                self._attempt(lambda: reset(observe, self._say, page.number, self._root))
            page = self._following(page)
            self._open(page)
        else:
            self._say(KEYS)
        return page

    def _following(self, page: Page) -> Page:
        known = lessons(self._root / "docs" / "walkthrough")
        at = [each.number for each in known].index(page.number)
        return known[min(at + 1, len(known) - 1)]

    def _check(self, page: Page) -> None:
        def check() -> None:
            verdict = judge(page, self._root)
            text = verdict.text
            if not verdict.passed and "make templates" not in text and (stale := freshness.warning(self._root)):
                text += f"\n         {stale}"
            if text != self._told:
                self._told = text
                self._say(f"{time.strftime('%H:%M:%S')}  {text}")
                if verdict.passed:
                    self._say(f"{self._bar()}   n: undoes your change, and opens the next lesson")

        self._attempt(check)

    def _bar(self) -> str:
        known = {each.number for each in lessons(self._root / "docs" / "walkthrough")}
        return progress.bar(len(progress.passed(self._root) & known), len(known))

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do something that needs the cloud; say why if it cannot be done now, once."""
        try:
            action()
        except DeployError as error:
            text = f"{error.message} {error.next_step}"
            if text != self._told:
                self._told = text
                self._say(text)

    def _moments(self) -> Iterator[tuple[Any, str | None]]:
        """What files and cloud look like, and what was typed, again and again."""
        cloud: Any = None
        looked = 0.0
        while True:
            if time.monotonic() - looked >= CLOUD_SECONDS:
                cloud, looked = look_at_cloud(self._root), time.monotonic()
            word: str | None = ""
            yield (look_at_files(self._root), cloud), word
            word = self._keys(FILES_SECONDS)
            if word != "":
                yield (look_at_files(self._root), cloud), word


def look_at_files(root: Path) -> dict[str, tuple[int, int]]:
    """Time and size of every file that lessons may change."""
    found: dict[str, tuple[int, int]] = {}
    for name in WATCHED:
        top = root / name
        for file in [top] if top.is_file() else (each for each in top.rglob("*") if each.is_file()):
            relative = file.relative_to(root)
            if "__pycache__" in relative.parts or (name == str(SCRATCH) and relative.parts[2] in OWN):
                continue
            try:
                status = file.stat()
            except OSError:  # gone in between, as editors do
                continue
            found[str(relative)] = (status.st_mtime_ns, status.st_size)
    return found


def look_at_cloud(root: Path) -> Any:
    """What changes when something is deployed, scaled or judged; None while no cloud answers."""
    try:
        room = enter(root)
        return _states(room)
    except (DeployError, ClientError, BotoCoreError, OSError, KeyError):
        return None


def _states(room: Room) -> Any:
    found = stacks.all_by_name(room.cloud)
    pages = room.cloud.client("cloudformation").describe_stacks()["Stacks"]
    updated = {each["StackName"]: str(each.get("LastUpdatedTime", each["CreationTime"])) for each in pages}
    service = room.service
    counted = room.cloud.client("dynamodb").scan(TableName=room.outputs["JudgementsTableName"], Select="COUNT")["Count"]
    return ({name: state.status for name, state in found.items()}, updated, service, counted)


def typed(seconds: float) -> str | None:
    """A line of the terminal, "" if none came within some seconds, None at its end."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    line = sys.stdin.readline()
    return line.strip().lower() or "?" if line else None


def interactive() -> bool:
    """Whether a person is at the terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI")
