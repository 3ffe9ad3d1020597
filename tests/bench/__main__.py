"""Runs the benchmarks of this folder and prints a table of each: ``python -m tests.bench [NAME ...]``.

A benchmark is a module with a ``TITLE`` and a function ``measure() -> Iterable[Figure]``. Nothing is asserted: the
figures are of the machine that they were taken on.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure


def benchmarks() -> dict[str, ModuleType]:
    """The benchmark modules of this folder, by name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__main__")
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


def table(title: str, figures: list[Figure]) -> Table:
    """The figures of one benchmark, one a row."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    shown.add_column("measured")
    shown.add_column("value", justify="right")
    shown.add_column("unit")
    shown.add_column("how", style="dim")
    for figure in figures:
        digits = 0 if abs(figure.value) >= 100 else 2
        shown.add_row(figure.name, f"{figure.value:,.{digits}f}", figure.unit, figure.note)
    return shown


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return the exit status."""
    known = benchmarks()
    if unknown := [name for name in names if name not in known]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    console = Console()
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    for name in names or known:
        with console.status(f"measuring {name} ..."):
            figures = list(known[name].measure())
        console.print(table(known[name].TITLE, figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
