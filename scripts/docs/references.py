"""Writes the references: of commands from the commands and the Makefile, of the API from its OpenAPI document."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from scripts.cli.main import GROUPS, main
from scripts.docs.stack_pages import BANNER, table

ABOUT = """\
`make` prepares the environment and does what concerns the checkout; `sentiment` does what concerns a stage. Each of its
commands is a target of `make` too, which prepares the environment first: `make plan STAGE=dev ARGS="--image IMAGE"` is
`sentiment plan --stage dev --image IMAGE`.

With `--json`, a command prints one JSON object on stdout, whatever happens: its result, or
`{"error": {"type", "message", "next_step", "exit_code"}}`. A result that is a failure (`doctor` with a failed check,
`destroy` with something left) has the error in it. `logs --follow --json` is the exception: one object for each line.
Progress, and errors in words, are on stderr.

The exit code is 0 for success, 1 for a failure, 2 for a wrong command line, 130 after Ctrl-C. That of `plan` is 2 when
something would change, and 1 for every error.
"""


def commands(makefile: Path) -> str:
    """Page of every make target and every command with its arguments and options.

    Args:
        makefile: the project's Makefile.
    """
    parts = [
        "# Commands\n",
        ABOUT,
        "## make\n",
        *_targets(makefile.read_text(encoding="utf-8")),
        "## sentiment\n",
        f"{main.help}\n",
    ]
    with click.Context(main, info_name="sentiment") as context:
        for title, group in GROUPS.items():
            parts.append(f"### {title}\n")
            for command in group:
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
    usage = " ".join(["sentiment", str(command.name), *command.collect_usage_pieces(context)])
    options = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context))
        and "--help" not in record[0]
    ]
    rows = [(f"`{name}`", words) for name, words in options]
    about = (command.help or "").strip()
    return [f"#### {command.name}\n", f"{about}\n", f"```text\n{usage}\n```\n", table(("Option", "What it does"), rows)]
