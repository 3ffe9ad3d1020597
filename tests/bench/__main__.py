"""Runs the benchmarks of this folder: ``python -m tests.bench [NAME ...]``. How the results are shown is in page.py.

A benchmark is a module of this folder with a ``TITLE``, an ``ABOUT`` (a paragraph of Markdown: what is measured, and
how), and a function ``measure() -> Iterable[Figure]``. Nothing is asserted: figures depend on the machine. Each
benchmark that ran rewrites its section of docs/benchmarks.md; the others keep theirs. One that needs what this project
does not install has a function ``missing() -> str`` too, which says what this machine lacks.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from tests.bench import page
from tests.bench.figures import Figure, shown


def benchmarks() -> dict[str, ModuleType]:
    """The benchmark modules of this folder, by name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__main__")
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


def table(title: str, figures: list[Figure]) -> Table:
    """The figures of one benchmark, one per row."""
    result = Table(title=title, title_justify="left", title_style="bold")
    result.add_column("measured")
    result.add_column("value", justify="right")
    result.add_column("unit")
    result.add_column("how", style="dim")
    for figure in figures:
        result.add_row(figure.name, shown(figure.value), figure.unit, figure.note)
    return result


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them; return the exit status."""
    known = benchmarks()
    if unknown := [name for name in names if name not in known]:
        print(f"unknown benchmark: {', '.join(unknown)}; choose from: {', '.join(known)}", file=sys.stderr)
        return 2
    console = Console()
    lacking = {name: module.missing() for name, module in known.items() if hasattr(module, "missing")}
    if refused := [f"{name}: {lacking[name]}" for name in names if lacking.get(name)]:
        print("\n".join(refused), file=sys.stderr)
        return 2
    for name in names or known:
        if lacking.get(name):
            console.print(f"{name} is left out: {lacking[name]}.")
            continue
        with console.status(f"measuring {name} ..."):
            figures = list(known[name].measure())
        console.print(table(known[name].TITLE, figures))
        page.write(name, known[name].TITLE, known[name].ABOUT, figures)
    console.print("Updated these sections of docs/benchmarks.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
