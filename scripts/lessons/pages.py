"""Reads the walkthrough's pages: commands to type, their expected output, and edits. Runs none of them.

A fenced block ``console`` holds commands behind ``$`` and what they print; ``...`` alone in a line stands for any
lines, ``…`` for anything within a line. Before a command, ``# fails`` says that it should fail, ``# takes long`` that
it takes minutes, ``# needs PROGRAM`` that it can only be run where that program is. A fenced block ``diff`` with a
file's path as its title is an edit by hand, and one with a path below ``.local/lessons/`` as its title a file to write.
The list under ``Hints`` gives the tutor's hints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from scripts import ROOT

PAGES = ROOT / "docs" / "walkthrough"
_FENCE = re.compile(r'^```(?P<language>\w*)(?: title="(?P<title>[^"]*)")?\s*$')
_NUMBER = re.compile(r"^(?:00([a-z])|0*(\d+))-")
_NEEDS = "# needs "
_OWN = ".local/lessons/"  # where learners' own files are


class PageError(Exception):
    """A page that cannot be parsed."""


@dataclass(frozen=True)
class Command:
    """A command to type: where it is, whether it fails or takes minutes, what it needs, and what it should print."""

    place: str
    text: str
    fails: bool
    expected: tuple[str, ...]
    long: bool = False
    needs: str = ""


@dataclass(frozen=True)
class Edit:
    """A piece of a file to replace by another, and where on the page it is."""

    place: str
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Write:
    """A file of the learner's own to write, and where on the page it is."""

    place: str
    file: str
    text: str


Step = Command | Edit | Write


@dataclass(frozen=True)
class Page:
    """One lesson: its number or letter, its title, its steps in order, and its hints."""

    path: Path
    number: str
    title: str
    steps: tuple[Step, ...]
    hints: tuple[str, ...] = ()


def lessons(folder: Path = PAGES) -> list[Page]:
    """Every lesson, in the order of the path: letters first, then numbers."""
    return [read(path) for path in sorted(folder.glob("[0-9]*-*.md"))]


def read(path: Path) -> Page:
    """One page.

    Raises:
        PageError: a block has no end, or an edit no file; names page and line.
    """
    text = path.read_text(encoding="utf-8")
    number = _NUMBER.match(path.name)
    title = re.search(r"^# (.*)$", text, re.M)
    return Page(
        path,
        (number[1] or number[2]).upper() if number else "",
        title[1] if title else path.stem,
        tuple(_steps(path, text)),
        tuple(_hints(text)),
    )


def differences(expected: tuple[str, ...], printed: str) -> list[str]:
    """The expected lines that are missing, in this order.

    Args:
        expected: lines of a page.
        printed: what the command wrote.
    """
    lines = [_even(line) for line in printed.splitlines()]
    missing, position = [], 0
    for wanted in expected:
        if wanted.strip() == "...":
            continue
        at = next((number for number in range(position, len(lines)) if _fits(_even(wanted), lines[number])), None)
        if at is None:
            missing.append(wanted)
        else:
            position = at + 1
    return missing


def _fits(wanted: str, line: str) -> bool:
    return re.search(".*".join(re.escape(part.strip()) for part in wanted.split("…")), line) is not None


def _even(line: str) -> str:
    return " ".join(line.split())


def _steps(path: Path, text: str) -> list[Step]:
    steps: list[Step] = []
    opened: tuple[int, re.Match[str]] | None = None
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if opened is None:
            match = _FENCE.match(line)
            if match and match["language"]:
                opened, body = (number, match), []
        elif line.rstrip() == "```":
            steps += _block(f"{path.name}:{opened[0]}", path.name, opened, body)
            opened = None
        else:
            body.append(line)
    if opened is not None:
        raise PageError(f"{path.name}:{opened[0]}: this block has no end")
    return steps


def _hints(text: str) -> list[str]:
    """The entries of the list below the mark of hints, each on one line."""
    section = re.search(r"<summary>Hints</summary>\n(.*?)</details>", text, re.S)
    entries = re.findall(r"^\d\. (.*?)(?=^\d\. |\Z)", section[1], re.S | re.M) if section else []
    return [" ".join(entry.split()) for entry in entries]


def _block(place: str, page: str, opened: tuple[int, re.Match[str]], body: list[str]) -> list[Step]:
    line, match = opened
    if match["language"] in ("console", "bash", "sh"):
        return [*_commands(page, line, body)]
    if match["language"] == "diff":
        if not match["title"]:
            raise PageError(f'{place}: an edit needs title="file"')
        old = [each[1:] for each in body if not each.startswith("+")]
        new = [each[1:] for each in body if not each.startswith("-")]
        return [Edit(place, match["title"], "\n".join(old) + "\n", "\n".join(new) + "\n")]
    if (match["title"] or "").startswith(_OWN):
        return [Write(place, match["title"], "\n".join(body) + "\n")]
    return []


def _commands(page: str, line: int, body: list[str]) -> list[Command]:
    found: list[Command] = []
    marks: set[str] = set()
    for number, text in enumerate(body, line + 1):
        if text.startswith("# "):
            marks.add(text.split(":")[0].split(",")[0])
        elif text.startswith("$ "):
            needs = next((mark.removeprefix(_NEEDS) for mark in marks if mark.startswith(_NEEDS)), "")
            long = "# takes long" in marks
            found.append(Command(f"{page}:{number}", text[2:], "# fails" in marks, (), long, needs))
            marks = set()
        elif found:
            last = found[-1]
            if last.text.endswith("\\") and not last.expected:
                found[-1] = replace(last, text=f"{last.text}\n{text}")
            elif text:
                found[-1] = replace(last, expected=(*last.expected, text))
        elif text.strip():
            raise PageError(f"{page}:{number}: a command begins with '$ '")
    return found
