"""Writes the references: of commands from the commands and the Makefile, of the API from its OpenAPI document."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from scripts.cli.main import main
from scripts.docs.stack_pages import BANNER, table


def commands(makefile: Path) -> str:
    """Page of every make target and every command with its arguments and options.

    Args:
        makefile: the project's Makefile.
    """
    parts = [
        "# Commands\n",
        "Everything is a target of `make`; most of them call `python -m scripts`, whose options `ARGS` passes on:"
        ' `make plan ARGS="--region eu-central-1 --json"`.\n',
        "## make\n",
        *_targets(makefile.read_text(encoding="utf-8")),
        "## python -m scripts\n",
        f"{main.help}\n",
    ]
    with click.Context(main, info_name="python -m scripts") as context:
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            assert command is not None  # noqa: S101 - it has just been listed
            parts += _command(command, context)
    return "\n".join([*parts, BANNER])


def api(document: Path) -> str:
    """Page of the API: every operation with its answers, and the whole document for browsers.

    Args:
        document: the OpenAPI document, in YAML.
    """
    description = yaml.safe_load(document.read_text(encoding="utf-8"))
    rows = [
        (f"`{method.upper()} {path}`", operation["summary"], ", ".join(f"{code}" for code in operation["responses"]))
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in ("get", "put", "post", "delete", "patch")
    ]
    return "\n".join(
        [
            f"# {description['info']['title']}\n",
            f"{description['info']['description'].strip()}\n",
            table(("Operation", "What it does", "Answers"), rows),
            "All of it, from [the OpenAPI document](../api/openapi.yaml), which tests hold against the running app:\n",
            '<swagger-ui src="../api/openapi.yaml"/>\n',
            BANNER,
        ]
    )


def _targets(text: str) -> list[str]:
    parts: list[str] = []
    rows: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("##@"):
            parts += [table(("Target", "What it does"), rows)] if rows else []
            rows = []
            parts.append(f"### {line[3:].strip()}\n")
        elif target := re.match(r"([a-z][a-z0-9-]*):.*?##\s*(.*)", line):
            rows.append((f"`make {target[1]}`", target[2]))
    return [*parts, table(("Target", "What it does"), rows)]


def _command(command: click.Command, parent: click.Context) -> list[str]:
    context = click.Context(command, info_name=command.name, parent=parent)
    usage = " ".join(["python -m scripts", str(command.name), *command.collect_usage_pieces(context)])
    options = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context))
        and "--help" not in record[0]
    ]
    rows = [(f"`{name}`", words) for name, words in options]
    about = (command.help or "").strip()
    return [f"### {command.name}\n", f"{about}\n", f"```text\n{usage}\n```\n", table(("Option", "What it does"), rows)]
