"""What all commands share: options, how options select a stage, prompts, results."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import click

from scripts.cli.group import JSON_OPTION, as_json
from scripts.cli.places import place_of
from scripts.cloudformation.changesets import Change
from scripts.cloudformation.stacks import collect_outputs
from scripts.release.place import Place
from scripts.stage import display, settings
from scripts.stage.errors import DeployError, SettingsError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings


@dataclass(frozen=True)
class Options:
    """The options that every command has."""

    stage: str
    region: str | None
    profile: str | None
    yes: bool
    as_json: bool

    @functools.cached_property
    def settings(self) -> Settings:
        """Settings of the stage."""
        return settings.load(self.stage)

    @functools.cached_property
    def place(self) -> Place:
        """Where the stage lives."""
        return place_of(self.settings, self.region, self.profile)

    @property
    def cloud(self) -> Cloud:
        """The cloud that the stage is in."""
        return self.place.cloud

    @property
    def public_url(self) -> str | None:
        """The page's address where the stage's outputs do not name it."""
        return self.cloud.public_url

    def image(self, reporter: Reporter) -> str:
        """Make sure that this checkout's image can run; return its reference.

        Raises:
            SettingsError: the stage cannot be deployed under its name, so that no image is built for it.
        """
        self.settings.check_name()
        return self.place.image(reporter)

    def say_where(self, reporter: Reporter) -> None:
        """Report which stage of which account is used, where there is a choice."""
        if self.cloud.where:
            reporter.note(self.cloud.where)

    def reporter(self) -> Reporter:
        """A reporter that writes progress to stderr."""
        return display.make_reporter()

    def ask(self, question: str) -> bool:
        """Ask for consent.

        Raises:
            SettingsError: there is no terminal to ask on.
        """
        if self.yes:
            return True
        if not sys.stdin.isatty():
            raise SettingsError(
                f"Confirmation is required: {question}", "There is no terminal to prompt on; pass --yes to agree."
            )
        return click.confirm(question, err=True)

    def answer(self, question: str, check: Callable[[str], str]) -> str:
        """Ask for a value; "" if nobody is there to answer, or nothing is answered.

        Args:
            question: what to ask.
            check: returns the value; raises ``click.BadParameter`` to ask again.
        """
        if self.yes or self.as_json or not sys.stdin.isatty():
            return ""
        return str(click.prompt(question, default="", show_default=False, value_proc=check, err=True))

    def print(self, value: dict[str, Any], text: str, problem: DeployError | None = None) -> None:
        """Print a result on stdout, as text or JSON. Call it only after the reporter has closed, or it is overwritten.

        Args:
            value: the result for machines.
            text: the result for people.
            problem: the error if the command fails in spite of a result; shown on stderr too.
        """
        if self.as_json:
            whole = {**value, "error": as_json(problem)} if problem else value
            click.echo(json.dumps(whole, indent=2, sort_keys=True))
        elif text:
            click.echo(text)
        if problem:
            display.show_error(problem)


class Number(click.FloatRange):
    """A number in a range. ``nan`` is in none, although it is neither below nor above one."""

    name = "number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Read one.

        Raises:
            click.BadParameter: it is no number, or not in the range.
        """
        number = float(super().convert(value, parameter, context))
        if isnan(number):
            self.fail(f"{value!r} is not a number.", parameter, context)
        return number


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; it gets them as its first argument, an ``Options``."""

    @click.option(
        "--stage",
        default="dev",
        show_default=True,
        envvar="STAGE",
        shell_complete=lambda _context, _parameter, begun: [name for name in _stages() if name.startswith(begun)],
        help="Stage, as named in stages.toml.",
    )
    @click.option("--region", help="AWS region. Default: the stage's, AWS_REGION, AWS_DEFAULT_REGION, the profile's.")
    @click.option("--profile", help="Profile of the AWS configuration.")
    @click.option("--yes", is_flag=True, help="Answer yes to every question.")
    @click.option(JSON_OPTION, "as_json", is_flag=True, help="Print one JSON object, for errors too.")
    @functools.wraps(command)
    def wrapper(stage: str, region: str | None, profile: str | None, yes: bool, as_json: bool, **others: Any) -> None:
        command(Options(stage, region, profile, yes, as_json), **others)

    return wrapper


def _stages() -> list[str]:
    with contextlib.suppress(SettingsError):  # completion must not print errors
        return settings.stages()
    return []


def deployed(options: Options) -> dict[str, str]:
    """Outputs of the stage's stacks.

    Raises:
        DeployError: there are none.
    """
    found = collect_outputs(options.cloud)
    if not found:
        raise DeployError(
            f"Nothing of stage {options.stage} is deployed here.",
            f"`sentiment deploy --stage {options.stage}` deploys it.",
        )
    return found


def data_loss_question(options: Options, allowed: bool) -> Callable[[str, Sequence[Change]], bool]:
    """The prompt before a change that would lose data; ``--yes`` alone does not consent to that."""

    def confirm(name: str, changes: Sequence[Change]) -> bool:
        if allowed:
            return True
        if options.yes or not sys.stdin.isatty():
            return False
        names = ", ".join(f"{change.logical_id} ({change.purpose or change.type})" for change in changes)
        return click.confirm(
            f"{name}: this would REPLACE OR REMOVE resources that hold data: {names}. Continue?", err=True
        )

    return confirm
