"""What all commands share: options, the way from options to a stage, questions, and the one place where errors end."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from scripts.cloudformation.changesets import Change
from scripts.image import build, repository
from scripts.image.content import CONTAINER_DIR
from scripts.local.runner import Runner
from scripts.local.state import State, chosen_folder
from scripts.release import registry
from scripts.stage import display, settings
from scripts.stage.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, DeployError, SettingsError, explain
from scripts.stage.reporter import Reporter
from scripts.stage.session import LAPTOP_STAGE, Cloud
from scripts.stage.settings import Settings

# Set to anything, it lets a mistake of ours show where it is.
DEBUG_VARIABLE = "DEBUG"
# Commands whose exit code 2 is an answer.
ANSWERS_WITH_2 = frozenset({"plan"})


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
    def cloud(self) -> Cloud:
        """The cloud that the stage is in."""
        chosen = self.settings
        if self.stage == LAPTOP_STAGE:
            return Cloud(self.stage, endpoint_url=laptop()["endpoint_url"], region=chosen.region)
        return Cloud(self.stage, region=self.region or chosen.region, profile=self.profile)

    @functools.cached_property
    def public_url(self) -> str | None:
        """The page's address where the stage's outputs do not name it: on the laptop."""
        return str(laptop()["url"]) if self.stage == LAPTOP_STAGE else None

    def image(self, reporter: Reporter) -> str:
        """Make sure that the image of this checkout can be run, and name it."""
        if self.stage == LAPTOP_STAGE:
            return Runner(**laptop()["runner"]).image(self.settings, laptop_state().images, reporter, CONTAINER_DIR)
        return build.ensure(registry.ready(self.cloud, self.settings, reporter), reporter)

    def image_if_pushed(self) -> str:
        """Name the image of this checkout: by digest where the registry has it, by tag where it does not yet."""
        return repository.reference(self.cloud, self.settings)

    def reporter(self) -> Reporter:
        """Says what happens, on stderr."""
        return display.make_reporter()

    def ask(self, question: str) -> bool:
        """Ask for consent.

        Raises:
            SettingsError: there is nobody to ask.
        """
        if self.yes:
            return True
        if not sys.stdin.isatty():
            raise SettingsError(f"This needs an answer: {question}", "Nobody can be asked here; pass --yes to agree.")
        return click.confirm(question, err=True)

    def print(self, value: Any, text: str) -> None:
        """Print a result on stdout, as text or JSON; not while a reporter draws, which would wipe it out."""
        click.echo(json.dumps(value, indent=2, sort_keys=True) if self.as_json else text)


class Commands(click.Group):
    """The group of all commands; whatever goes wrong in one ends here."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn anything that goes wrong into words and an exit code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            display.show_error(DeployError("Stopped by Ctrl-C."))
            ctx.exit(EXIT_INTERRUPTED)
        except click.UsageError as error:
            error.show()
            ctx.exit(_exit_code(ctx, EXIT_USAGE))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # Click knows them; the last is `logs | head`
        except Exception as error:
            known = explain(error)
            if known is None and os.environ.get(DEBUG_VARIABLE):
                raise
            trouble = known or DeployError(
                f"This is a mistake in the program: {type(error).__name__}: {error}",
                f"Run it again with {DEBUG_VARIABLE}=1 to see where, and report that.",
            )
            display.show_error(trouble)
            ctx.exit(_exit_code(ctx, trouble.exit_code))


def _exit_code(context: click.Context, code: int) -> int:
    """The exit code of an error: where 2 is an answer, as of ``plan``, an error is 1, whichever it is."""
    return EXIT_FAILED if code == EXIT_USAGE and context.invoked_subcommand in ANSWERS_WITH_2 else code


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; it gets them as its first argument, an ``Options``."""

    @click.option(
        "--stage",
        default="dev",
        show_default=True,
        envvar="STAGE",
        shell_complete=lambda _context, _parameter, begun: [name for name in _stages() if name.startswith(begun)],
        help="Which stage of stages.toml.",
    )
    @click.option("--region", help="AWS region; by default the stage's, then the usual places.")
    @click.option("--profile", help="Profile of the AWS configuration.")
    @click.option("--yes", is_flag=True, help="Answer every question with yes.")
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @functools.wraps(command)
    def wrapper(stage: str, region: str | None, profile: str | None, yes: bool, as_json: bool, **others: Any) -> None:
        command(Options(stage, region, profile, yes, as_json), **others)

    return wrapper


def _stages() -> list[str]:
    with contextlib.suppress(SettingsError):  # while a line is typed is no moment to complain
        return settings.stages()
    return []


def laptop_state() -> State:
    """What the laptop cloud keeps, and where."""
    return State(chosen_folder())


def laptop() -> dict[str, Any]:
    """Where the laptop cloud is that runs now.

    Raises:
        DeployError: none runs.
    """
    try:
        found: dict[str, Any] = json.loads(laptop_state().cloud.read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise DeployError("The laptop cloud is not running.", "Start it: `make local`, in another window.") from error
    return found


def data_loss_question(options: Options, allowed: bool) -> Callable[[str, Sequence[Change]], bool]:
    """What is asked before a change that would lose data; ``--yes`` alone is no consent to that."""

    def confirm(name: str, changes: Sequence[Change]) -> bool:
        if allowed:
            return True
        if options.yes or not sys.stdin.isatty():
            return False
        names = ", ".join(f"{change.logical_id} ({change.purpose or change.type})" for change in changes)
        return click.confirm(f"{name}: this would REPLACE OR REMOVE what holds data: {names}. Go on?", err=True)

    return confirm
