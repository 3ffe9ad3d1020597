"""Everything that is written by tools under docs/ and in README.md: which files there are, and what belongs in each."""

from __future__ import annotations

from pathlib import Path

from scripts import ROOT
from scripts.docs import costs_page, layouts, lookups, pictures, quotes, references, stack_pages
from scripts.docs.graph import Graph
from scripts.docs.pictures import Picture

# Folders in which every file is written here; what else lies there is of a stack or picture that is gone.
OWNED = ("docs/pictures", "docs/reference", "docs/reference/errors", "docs/stacks")


def wanted(root: Path = ROOT) -> dict[str, str]:
    """Path from the root -> the text that belongs there.

    Raises:
        layouts.LayoutError: a picture has changed since its layout was recorded.
        quotes.QuoteError: a page quotes what is not there; the message names the page.
    """
    drawn = [*pictures.general(), *pictures.of_stacks()]
    graphs = {each.name: each.mermaid() for each in drawn if each.mermaid}
    all_drawn = [*drawn, *pictures.of_lessons(), *pictures.of_slides()]
    files = {f"docs/pictures/{each.name}.svg": each.draw().finished() for each in all_drawn}
    files |= {f"docs/pictures/{name}.mmd": text for name, text in graphs.items()}
    files["docs/pictures/index.md"] = _gallery(drawn)
    files |= {f"docs/stacks/{name}": text for name, text in stack_pages.pages().items()}
    files["docs/reference/costs.md"] = costs_page.page()
    files["docs/reference/commands.md"] = references.commands(root / "Makefile")
    files |= {f"docs/reference/{name}": text for name, text in lookups.pages(root).items()}
    files["docs/reference/api.md"] = references.api(root / "docs" / "api" / "openapi.yaml")
    for page in _pages_by_people(root):
        text = (root / page).read_text(encoding="utf-8")
        try:
            filled = quotes.filled(text, root, graphs.__getitem__, costs_page.of_resources)
        except (quotes.QuoteError, KeyError) as error:
            raise quotes.QuoteError(f"{page}: {error}") from error
        if filled != text or "<!-- end " in text:
            files[page] = filled
    return files


def problems(root: Path = ROOT) -> list[str]:
    """What is missing, stale or surplus, a line each; empty when all is as it should be."""
    files = wanted(root)
    lines = []
    for name, text in files.items():
        if not (root / name).is_file():
            lines.append(f"missing: {name}")
        elif (root / name).read_text(encoding="utf-8") != text:
            lines.append(f"stale: {name}")
    return lines + [f"surplus: {name}" for name in _surplus(root, files)]


def write(root: Path = ROOT) -> list[str]:
    """Write what is missing or stale, remove what is surplus; the names of what changed.

    Raises:
        layouts.LayoutError: a picture has changed, and the engine that lays it out is missing.
        quotes.QuoteError: a page quotes what is not there; the message names the page.
    """
    changed = [layouts.RECORD.name] if layouts.record(graphs()) else []
    files = wanted(root)
    for name, text in files.items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for name in _surplus(root, files):
        (root / name).unlink()
        changed.append(name)
    return changed


def graphs() -> list[Graph]:
    """Every graph that a picture draws."""
    drawn = [*pictures.general(), *pictures.of_stacks(), *pictures.of_lessons(), *pictures.of_slides()]
    return [each.graph() for each in drawn if each.graph]


def _surplus(root: Path, files: dict[str, str]) -> list[str]:
    there = [path for folder in OWNED for path in sorted((root / folder).glob("*")) if path.is_file()]
    return [name for path in there if (name := path.relative_to(root).as_posix()) not in files]


def _pages_by_people(root: Path) -> list[str]:
    owned = tuple(f"{folder}/" for folder in OWNED)
    pages = ["README.md", *(path.relative_to(root).as_posix() for path in sorted((root / "docs").rglob("*.md")))]
    return [page for page in pages if not page.startswith(owned)]


def _gallery(drawn: list[Picture]) -> str:
    parts = ["# Pictures\n"]
    parts.append(
        "`make pictures` draws all of them from the templates and the catalogue. Each graph is also there as Mermaid\n"
        "(`.mmd`), which GitHub draws by itself.\n"
    )
    for each in drawn:
        parts += [f"## {each.caption.split(':')[0].removesuffix('.')}\n", f"{each.caption}\n"]
        parts.append(f"[![{each.caption}]({each.name}.svg)]({each.name}.svg)\n")
        if each.mermaid:
            parts.append(f"[As Mermaid]({each.name}.mmd)\n")
        if each.beside:
            parts.append(f"{each.beside}\n")
    return "\n".join([*parts, stack_pages.BANNER])
