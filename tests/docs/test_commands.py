"""Every command that a page or a message names is one that exists, with the options that it is given."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from scripts.cli.main import main
from scripts.docs.sources import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [
    path for folder in ("scripts", "generator", "container", "lambda_src") for path in (ROOT / folder).rglob("*.py")
]
NAMED = re.compile(r"(?:`|^|\$ )sentiment ([a-z][a-z-]*)([^`\n#]*)", re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_page_exists_with_its_options(path: Path) -> None:
    check(path.read_text(encoding="utf-8"))


def test_every_command_of_a_message_exists_with_its_options() -> None:
    for path in SOURCES:
        check(path.read_text(encoding="utf-8"))


def test_the_command_has_one_name() -> None:
    for path in [*PAGES, *SOURCES, ROOT / "Makefile", *(ROOT / ".github" / "workflows").iterdir()]:
        assert not re.search(r"python3? -m scripts(?!\.)", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("text", ["`sentiment dploy`", "$ sentiment plan --stag dev"])
def test_a_command_that_does_not_exist_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        check(text)


def check(text: str) -> None:
    """Fail when a text names a command that is not there, or gives one an option that it lacks."""
    for name, words in NAMED.findall(text):
        command = main.commands.get(name)
        assert isinstance(command, click.Command), f"sentiment {name}"
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", words)) <= known, f"sentiment {name}{words}"
