"""Begins lessons and judges them: the one place where a lesson's page, beginning and check come together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts import ROOT
from scripts.lessons import beginning, progress
from scripts.lessons.beginning import Beginning
from scripts.lessons.pages import Edit, Page, lessons
from scripts.lessons.room import NotYetError, enter
from scripts.lessons.table import LESSONS, OTHER_NUMBERS, observe
from scripts.stage.errors import SettingsError


@dataclass(frozen=True)
class Verdict:
    """Whether an exercise is done, in words."""

    passed: bool
    text: str


def page_of(number: str, root: Path = ROOT) -> Page:
    """The page of a lesson, also by another number that it covers.

    Raises:
        SettingsError: there is no such lesson; the message lists them all.
    """
    known = lessons(root / "docs" / "walkthrough")
    wanted = OTHER_NUMBERS.get(number, number.upper())
    for page in known:
        if page.number == wanted:
            return page
    table = "\n".join(f"  N={page.number:<3} {page.title}" for page in known)
    missing = f"There is no lesson {number}." if number else "No lesson has begun here."
    raise SettingsError(f"{missing} The lessons are:\n{table}", "`sentiment learn A` begins the first.")


def begin(page: Page, root: Path = ROOT, since: str = "") -> Beginning:
    """Record that a lesson begins.

    Args:
        page: the lesson.
        root: the learner's tree.
        since: a commit that counts as the beginning's files; "" for the files as they are.

    Raises:
        DeployError: the laptop cloud does not run, or the tree is not a git checkout.
    """
    found = beginning.note(root, page.number, observe(page.number, enter(root)), since)
    progress.forget_hints(root, page.number)
    return found


def edited(page: Page, root: Path = ROOT) -> list[str]:
    """Files of a lesson's exercise that have changed since it began; none if it has not begun.

    To begin now would take these changes for the beginning, and no check could pass and no reset help.
    """
    begun = beginning.of(root, page.number)
    names = sorted({step.file for step in page.steps if isinstance(step, Edit)})
    return beginning.changed_since(root, begun.files, *names) if begun and names else []


def judge(page: Page, root: Path = ROOT) -> Verdict:
    """Whether a lesson's exercise has been done since it began.

    Raises:
        DeployError: the laptop cloud does not run.
    """
    begun = beginning.of(root, page.number)
    prefix = f"Lesson {page.number}: "
    if begun is None:
        return _not_yet(
            prefix,
            "It has not begun, so there is nothing to compare with.",
            f"`sentiment learn {page.number}` begins it; if you have edited files already, add `--since HEAD`.",
        )
    room = replace(enter(root), begun=beginning.with_pulled(root, begun))
    try:
        words = LESSONS[page.number].check(room)
    except NotYetError as error:
        return _not_yet(prefix, error.missing, error.hint)
    except (ClientError, BotoCoreError, OSError) as error:
        return _not_yet(prefix, f"The laptop cloud does not answer as it should: {error}", "Try again in a second.")
    progress.passes(root, page.number)
    return Verdict(True, f"PASS  {prefix}{words}.")


def _not_yet(prefix: str, missing: str, hint: str) -> Verdict:
    return Verdict(False, f"NOT YET  {prefix}{missing}\n         {hint}")
