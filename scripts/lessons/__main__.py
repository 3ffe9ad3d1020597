"""Command line of the lessons: check an exercise, or undo what lessons changed. Only options live here."""

from __future__ import annotations

import click

from scripts.cli.group import Commands
from scripts.lessons.checks import CHECKS
from scripts.lessons.pages import lessons
from scripts.lessons.reset import reset as undo
from scripts.lessons.room import NotYetError, enter
from scripts.stage.errors import SettingsError

# Pages that cover several lessons of the course are checked by the number of their file.
OTHER_NUMBERS = {**{str(number): "1" for number in range(2, 13)}, "23": "14"}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Check and undo the exercises of docs/walkthrough/, on the laptop cloud."""


@main.command()
@click.argument("number", default="")
@click.pass_context
def check(context: click.Context, number: str) -> None:
    """Check whether the exercise of lesson NUMBER is done: exit code 0 if it is, 1 if not."""
    number = OTHER_NUMBERS.get(number, number)
    if not number.isdecimal() or int(number) not in CHECKS:
        known = "\n".join(f"  N={page.number:<3} {page.title}" for page in lessons())
        raise SettingsError(
            f"There is no lesson {number or 'without a number'}. The lessons are:\n{known}", "make lesson N=20"
        )
    try:
        click.echo(f"PASS  Lesson {number}: {CHECKS[int(number)](enter())}.")
    except NotYetError as error:
        click.echo(f"NOT YET  Lesson {number}: {error.missing}\n         {error.hint}")
        context.exit(1)


@main.command()
def reset() -> None:
    """Bring files and laptop cloud back to where a lesson begins; a patch of what you changed is kept."""
    undo(click.echo)


if __name__ == "__main__":
    main(prog_name="python -m scripts.lessons")
