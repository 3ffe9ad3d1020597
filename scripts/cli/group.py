"""The group of all commands: its help in sections, and the one place where every error is handled."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from scripts.stage import display
from scripts.stage.errors import EXIT_FAILED, EXIT_USAGE, DeployError, InterruptedDeployError, explain

# If set to any value, the stack trace of a bug is shown.
DEBUG_VARIABLE = "DEBUG"
JSON_OPTION = "--json"
# Commands that use exit code 2 as a result, so their errors always exit with 1.
ANSWERS_WITH_2 = frozenset({"plan"})


class UsageError(DeployError):
    """The command line cannot be understood."""

    exit_code = EXIT_USAGE


class BugError(DeployError):
    """An error that no operator can cause."""


class Commands(click.Group):
    """Commands in sections; an error in one becomes a message, an exit code and, with ``--json``, an object on stdout.

    Args:
        groups: the commands, by the title under which the help shows them; None for a single list.
    """

    def __init__(
        self, *arguments: Any, groups: Mapping[str, Sequence[click.Command]] | None = None, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self.groups = groups or {}
        for command in (command for group in self.groups.values() for command in group):
            self.add_command(command)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of the help."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group under its title. Long summaries are wrapped, never cut."""
        groups = self.groups or {"Commands": tuple(self.commands.values())}
        width = max(map(len, self.commands))
        for title, commands in groups.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{command.name:{width}}", command.get_short_help_str(sys.maxsize)) for command in commands]
                )

    def main(self, args: Sequence[str] | None = None, *others: Any, **settings: Any) -> NoReturn:
        """Run a command line, and exit.

        Args:
            args: the arguments after the program's name; None for those of this process.
            others: as click takes them.
            settings: as click takes them.
        """
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, *others, **{**settings, "standalone_mode": False})
        except Exception as error:
            trouble = _told(error)
            code = trouble.exit_code
            if code == EXIT_USAGE and ANSWERS_WITH_2.intersection(words[:1]):
                code = EXIT_FAILED
            if JSON_OPTION in words:
                click.echo(json.dumps({"error": as_json(trouble, code)}))  # on one line, as `logs --follow` has them
        sys.exit(code or 0)


def as_json(error: DeployError, exit_code: int | None = None) -> dict[str, Any]:
    """An error for machines.

    Args:
        error: the error.
        exit_code: what the command exits with; None for the error's own.
    """
    return {
        "type": type(error).__name__,
        "message": error.message,
        "next_step": error.next_step,
        "exit_code": error.exit_code if exit_code is None else exit_code,
    }


def _told(error: Exception) -> DeployError:
    """Report an error on stderr; return it as one with a next step."""
    if isinstance(error, click.UsageError):
        error.show()
        path = error.ctx.command_path if error.ctx else "sentiment"
        return UsageError(error.format_message(), f"`{path} --help` lists arguments and options.")
    if isinstance(error, click.Abort):  # Ctrl-C, or the end of the input at a prompt
        trouble: DeployError = InterruptedDeployError("Stopped by Ctrl-C.")
    elif isinstance(error, click.ClickException):
        trouble = DeployError(error.format_message())
    else:
        known = explain(error)
        if known is None and os.environ.get(DEBUG_VARIABLE):
            traceback.print_exception(error)
        trouble = known or BugError(
            f"This is a bug: {type(error).__name__}: {error}",
            f"Run it again with {DEBUG_VARIABLE}=1 for the stack trace, and report that.",
        )
    display.show_error(trouble)
    return trouble
