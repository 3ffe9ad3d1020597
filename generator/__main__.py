"""Command line of the generator: writes templates/, or with ``--check`` reports which of them are stale."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from generator.paths import TEMPLATES
from generator.rendering import to_yaml
from generator.stacks import BUILDERS, source

HINT_LINES = 12  # of a difference; enough to recognise it


def rendered() -> dict[str, str]:
    """File name -> text of every template."""
    return {f"{stack}.yaml": to_yaml(source(stack), build()) for stack, build in BUILDERS.items()}


def write(directory: Path) -> None:
    """Write every template, and remove files of stacks that are gone.

    Args:
        directory: where the templates are.
    """
    directory.mkdir(exist_ok=True)
    wanted = rendered()
    for path in directory.glob("*.yaml"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (directory / name).write_text(text)


def problems(directory: Path) -> list[str]:
    """The stale files, one entry each, with an excerpt of the difference; empty if all are fresh.

    Args:
        directory: where the templates are.
    """
    wanted = rendered()
    found = {path.name: path.read_text() for path in directory.glob("*.yaml")}
    lines = [f"missing: {name}" for name in wanted if name not in found]
    lines += [f"surplus: {name} belongs to no stack" for name in found if name not in wanted]
    for name in wanted.keys() & found.keys():
        if wanted[name] != found[name]:
            lines.append(f"stale: {name}\n{_hint(found[name], wanted[name])}")
    return sorted(lines)


def _hint(found: str, wanted: str) -> str:
    difference = difflib.unified_diff(found.splitlines(), wanted.splitlines(), "file", "generator", lineterm="", n=1)
    lines = list(difference)
    more = [f"... and {len(lines) - HINT_LINES} more lines"] if len(lines) > HINT_LINES else []
    return "\n".join(f"    {line}" for line in lines[:HINT_LINES] + more)


def main(arguments: list[str] | None = None, directory: Path = TEMPLATES) -> int:
    """Run the command.

    Args:
        arguments: arguments after ``python -m generator``; ``None`` for those of the process.
        directory: where the templates are.

    Returns:
        Exit status: 0, or 1 if ``--check`` found something.
    """
    parser = argparse.ArgumentParser(prog="python -m generator", description="Write templates/ from generator/stacks/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    if not parser.parse_args(arguments).check:
        write(directory)
        return 0
    found = problems(directory)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print("Run `make templates` and commit the result.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
