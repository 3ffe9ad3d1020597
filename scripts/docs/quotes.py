"""Fills the marked places of pages that people write: pieces quoted from files, and graphs as Mermaid.

A place is marked by two comments, and what stands between them belongs to this tool::

    <!-- quote: templates/service.yaml TargetGroup -->
    <!-- end quote -->

Python is quoted by the name of a function, class or constant, YAML by that of a resource, parameter or output, TOML by
that of a table. ``folded`` behind the name shows one line to open; of a longer piece, only the first ``LINES`` lines
are open. ``<!-- mermaid: architecture -->`` takes the name of a picture, ``<!-- cost: cluster.LoadBalancer
api.*Function -->`` the names of resources.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

_PLACE = re.compile(
    r"(?P<open><!-- (?P<kind>quote|mermaid|cost): (?P<what>[^>]*?) -->\n).*?(?P<close><!-- end (?P=kind) -->)", re.S
)
LINES = 25  # of a piece that are shown unfolded: what a reader can take in at once
_FOLDED = " folded"
_HALF = re.compile(r"<!-- (?:end )?(?:quote|mermaid|cost)\b")


class QuoteError(Exception):
    """A place asks for what is not there."""


def filled(text: str, root: Path, mermaid: Callable[[str], str], cost: Callable[[str], str]) -> str:
    """A page with all its marked places filled anew.

    Args:
        text: the page.
        root: folder of the project, from where files are named.
        mermaid: gives the Mermaid text of a picture by its name.
        cost: gives a table of what resources cost, by their names.

    Raises:
        QuoteError: a place names a file or a piece that is not there, or has no end.
    """

    def fill(place: re.Match[str]) -> str:
        kind, what = place["kind"], place["what"]
        if kind == "cost":
            body = f"\n{cost(what)}\n"
        else:
            body = _quoted(root, what) if kind == "quote" else f"```mermaid\n{mermaid(what)}```\n"
        return f"{place['open']}{body}{place['close']}"

    whole = _PLACE.sub(fill, text)
    if len(_HALF.findall(whole)) != 2 * len(_PLACE.findall(whole)):
        raise QuoteError(
            "a <!-- quote: ... -->, <!-- mermaid: ... --> or <!-- cost: ... --> has no end, or an end has no beginning"
        )
    return whole


def piece(root: Path, file: str, name: str) -> str:
    """A named piece of a file.

    Args:
        root: folder of the project.
        file: path from there.
        name: of a function, class, constant, resource, parameter, output or table.

    Raises:
        QuoteError: there is no such file or piece.
    """
    path = root / file
    if not path.is_file():
        raise QuoteError(f"there is no file {file}")
    text = path.read_text(encoding="utf-8")
    find = {".py": _python, ".yaml": _yaml, ".yml": _yaml, ".toml": _toml}.get(path.suffix)
    if find is None:
        raise QuoteError(f"{file}: only Python, YAML and TOML can be quoted")
    found = find(text, name)
    if found is None:
        raise QuoteError(f"{file} has no {name}; correct the name in the page")
    return found.rstrip() + "\n"


def _quoted(root: Path, what: str) -> str:
    file, _, name = what.removesuffix(_FOLDED).partition(" ")
    language = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}.get(Path(file).suffix, "text")
    lines = piece(root, file, name).splitlines(keepends=True)

    def block(its: list[str]) -> str:
        return f'```{language} title="{file}"\n{"".join(its)}```\n'

    def fold(summary: str, its: list[str]) -> str:
        return f'<details markdown="1"><summary>{summary}</summary>\n\n{block(its)}\n</details>\n'

    if what.endswith(_FOLDED):
        return "\n" + fold(f"{file}: {name}, {len(lines)} lines", lines) + "\n"
    if len(lines) <= LINES:
        return block(lines)
    cut = _cut(lines)
    return block(lines[:cut]) + "\n" + fold(f"The other {len(lines) - cut} lines", lines[cut:]) + "\n"


def _cut(lines: list[str]) -> int:
    """Where to fold a long piece: in the second half of LINES, before the last of the least indented lines."""
    candidates = [number for number in range(LINES // 2, LINES + 1) if lines[number].strip()]
    return min(candidates, key=lambda number: (len(lines[number]) - len(lines[number].lstrip()), -number))


def _python(text: str, name: str) -> str | None:
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "".join(lines[first - 1 : node.end_lineno])
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return "".join(lines[node.lineno - 1 : node.end_lineno])
    return None


def _yaml(text: str, name: str) -> str | None:
    """An entry two spaces in, up to the next line that is not further in."""
    match = re.search(rf"^  {re.escape(name)}:.*\n(?:(?:    .*)?\n)*", text, re.M)
    return match[0] if match else None


def _toml(text: str, name: str) -> str | None:
    match = re.search(rf"^\[{re.escape(name)}\]\n(?:(?!\[).*\n?)*", text, re.M)
    return match[0] if match else None
