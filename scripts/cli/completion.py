"""The command that teaches a shell to complete the others. Click does the completing."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from scripts import ROOT
from scripts.stage.errors import SettingsError

# What is completed: the script in BIN, which runs `python -m scripts`.
NAME = "sentiment"
VARIABLE = "_SENTIMENT_COMPLETE"
BIN = ROOT / "scripts" / "bin"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion(context: click.Context, shell: str | None) -> None:
    """Print what makes a shell know `sentiment` and complete it: eval "$(make -s completion ARGS=bash)".

    Without SHELL it is the one that you log in with.
    """
    chosen = shell or Path(os.environ.get("SHELL", "")).name
    maker = get_completion_class(chosen)
    if maker is None:
        known = ", ".join(SHELLS)
        raise SettingsError(f"There is no completion for {chosen or 'this shell'}.", f"Name one of {known}.")
    folder = shlex.quote(str(BIN))
    click.echo(f"fish_add_path --path {folder}" if chosen == "fish" else f'export PATH={folder}:"$PATH"')
    click.echo(maker(context.find_root().command, {}, NAME, VARIABLE).source())
