"""Writes docs/benchmarks.md, one section per benchmark. Measures nothing."""

from __future__ import annotations

import datetime
import os
import platform
import re
from pathlib import Path

import psutil

from tests.bench.figures import Figure, shown

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `make bench`; each section says when and on which machine it was measured. `make bench ONLY=service`
repeats one section and leaves the others. The figures of a section come from one run, so their ratios are more
portable than the figures themselves. A load average above the number of cores means that the machine was doing other
work at the same time: then only requests per core (CPU time) are close to those of a quiet machine.
"""
_SECTION = re.compile(r"<!-- bench:(\w+) -->\n.*?<!-- /bench -->\n", re.DOTALL)


def write(name: str, title: str, about: str, figures: list[Figure], page: Path = PAGE) -> None:
    """Rewrite one section, and keep the others.

    Args:
        name: the benchmark's module.
        title: its heading.
        about: what was measured and how, in Markdown.
        figures: what was measured.
        page: the file.
    """
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    sections = {match[1]: match[0] for match in _SECTION.finditer(old)}
    sections[name] = section(name, title, about, figures)
    page.write_text("\n".join([HEAD, *(sections[key] for key in sorted(sections))]), encoding="utf-8")


def section(name: str, title: str, about: str, figures: list[Figure]) -> str:
    """One section as Markdown."""
    rows = "\n".join(f"| {one.name} | {shown(one.value)} | {one.unit} | {one.note} |" for one in figures)
    return (
        f"<!-- bench:{name} -->\n## {title}\n\n{about.strip()}\n\n*{machine()}, {datetime.date.today():%Y-%m-%d}.*\n\n"
        f"| Measured | Value | Unit | How |\n|---|---:|---|---|\n{rows}\n<!-- /bench -->\n"
    )


def machine() -> str:
    """The machine in words; a load average above the number of cores means that it was doing other work."""
    parts = [f"{os.cpu_count()} cores{_processor()}", f"{_memory_gib():.0f} GiB", f"Python {platform.python_version()}"]
    return ", ".join([*parts, f"load average {os.getloadavg()[0]:.1f}"])


def _processor() -> str:
    """The kind of processor, and on Linux whether this is a virtual machine, and the model's name."""
    kind = platform.machine()
    try:
        information = Path("/proc/cpuinfo").read_text()
    except OSError:
        return f" ({kind})"
    name = re.search(r"^model name\s*: (.+)$", information, re.MULTILINE)
    virtual = "hypervisor" in information
    of = f" of a shared {kind} virtual machine" if virtual else f" ({kind})"
    return of + (f" ({name[1].strip()})" if name and "unknown" not in name[1] else "")


def _memory_gib() -> float:
    return float(psutil.virtual_memory().total) / 2**30
