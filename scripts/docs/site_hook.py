"""What the documentation site does beyond MkDocs: its navigation, links out of docs/, what copy buttons copy.

A copy button of a block with commands copies the commands alone, without prompts and outputs: the theme copies the
attribute ``data-copy`` where there is one.

MkDocs calls these functions by their names. A link to a file outside of docs/ works where the repository is read; on
the site it becomes the file's name, after a look whether there is such a file.
"""

from __future__ import annotations

import logging
import posixpath
import re
from html import escape, unescape
from pathlib import Path
from typing import Any

from generator import catalogue

log = logging.getLogger("mkdocs.plugins.site_hook")  # its warnings fail a strict build

# Sections in their order; a folder stands for its pages, and every page that none of them names goes under "More".
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Walkthrough", ("walkthrough",)),
    ("Pictures", ("pictures/index.md",)),
    ("Stacks", ("stacks",)),
    ("Operations", ("operations", "console.md", "retraining.md", "costs.md", "capacity.md")),
    ("Reference", ("reference/commands.md", "reference/api.md", "reference")),
    ("Background", ("decisions.md", "threat-model.md", "benchmarks.md", "model-log.md", "contributing.md")),
)
HOME = "index.md"
LESSON = re.compile(r"walkthrough/\d")
LESSONS_BEFORE = 10  # factor of a lesson's score in the search: it explains what the other pages only name
_CONSOLE = re.compile(r'<div class="language-console highlight">(.*?)</div>', re.S)
_EDIT = re.compile(r'^```diff title="([^"]+)"\n(.*?)^```$', re.M | re.S)
_SNAKE = re.compile(r"\b[A-Za-z]+_\w+\b")
_QUOTED = re.compile(r"<!-- quote: \S+ (\w+)")
_CAMEL = re.compile(r"`([a-z]+[A-Z]\w*)`")
_ROUTE = re.compile(r"^\| `[A-Z]+ /(\w+)` \|", re.M)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Give MkDocs its navigation."""
    folder = Path(config["docs_dir"])
    config["nav"] = navigation([path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.md"))])
    return config


def navigation(pages: list[str]) -> list[Any]:
    """The navigation, as mkdocs.yml would have it.

    Args:
        pages: paths of all pages, from docs/.
    """
    left = [page for page in pages if page not in (HOME, "slides.md")]
    found: list[Any] = [{"Home": HOME}]
    for title, names in SECTIONS:
        its = list(dict.fromkeys(page for name in names for page in _under(name, left)))
        left = [page for page in left if page not in its]
        found += [{title: its}] if its else []
    return [*found, {"More": left}] if left else found


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Turn links out of docs/ into names of files."""
    if LESSON.match(page.file.src_uri):
        page.meta["search"] = {"boost": LESSONS_BEFORE}
        glossary = (Path(config["docs_dir"]) / "walkthrough" / "glossary.md").read_text(encoding="utf-8")
        page.meta["tags"] = subjects(posixpath.basename(page.file.src_uri), markdown, glossary)
    elif page.file.src_uri == "reference/api.md":
        page.meta["search"] = {"boost": LESSONS_BEFORE}
        page.meta["tags"] = _ROUTE.findall(markdown)
    here = posixpath.dirname(page.file.src_uri)
    root = Path(config["docs_dir"]).parent

    def rewritten(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", here, link[2]))
        if target.startswith("docs/"):
            return link[0]
        if not (root / target).exists():
            log.warning("%s links to %s, which is not there", page.file.src_uri, target)
        return link[1] if target in link[1] else f"{link[1]} (`{target}`)"

    return _LINK.sub(rewritten, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Have copy buttons of blocks with commands copy what is to be typed."""

    def with_commands(block: re.Match[str]) -> str:
        typed = commands(unescape(re.sub(r"<[^>]*>", "", block[1])))
        if not typed:
            return block[0]
        return block[0].replace("<div ", f'<div data-copy="{escape(typed).replace(chr(10), "&#10;")}" ', 1)

    return _CONSOLE.sub(with_commands, html)


def commands(text: str) -> str:
    """The commands of a block, one a line, without their prompts and outputs.

    Args:
        text: the block as a page has it.
    """
    typed: list[str] = []
    goes_on = False
    for line in text.splitlines():
        if line.startswith("$ ") or goes_on:
            typed.append(line.removeprefix("$ "))
            goes_on = line.endswith("\\")
    return "\n".join(typed)


def subjects(name: str, markdown: str, glossary: str) -> list[str]:
    """What a lesson is about, for the search to put it before pages that only use the words.

    Args:
        name: of the lesson's file.
        markdown: the lesson.
        glossary: the page that says which lesson explains a term.

    Returns:
        The terms that it explains; the files that it has people edit, and the names on the edited lines; the resources
        and functions that it quotes; and names in its text, such as ``requestId``.
    """
    found = re.findall(rf"^\| ([^|]+) \|[^|]*\| \[[^]]*\]\({re.escape(name)}\)", glossary, re.M)
    for file, text in _EDIT.findall(markdown):
        edited = "\n".join(re.findall(r"^[-+].*$", text, re.M))
        found += [posixpath.basename(file), *_SNAKE.findall(edited)]
    found += [quoted for quoted in _QUOTED.findall(markdown) if quoted[0].isupper() or "_" in quoted]
    return list(dict.fromkeys([*found, *_CAMEL.findall(markdown)]))


def _under(name: str, pages: list[str]) -> list[str]:
    """The pages that a name stands for: one, or all of a folder with its index first."""
    its = [page for page in pages if page == name or page.startswith(f"{name}/")]
    taught = [f"stacks/{stack.name}.md" for stack in catalogue.STACKS]
    order = {page: number for number, page in enumerate(taught)}
    return sorted(its, key=lambda page: (not page.endswith("/index.md"), order.get(page, 0), page))
