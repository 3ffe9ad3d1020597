"""Makes the slide deck from docs/slides.md: one HTML file with everything in it, and a PDF of that by Chromium.

A line ``---`` ends a slide. Pictures are put in as they are, so the file needs nothing beside it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import markdown

from scripts import ROOT

SOURCE = ROOT / "docs" / "slides.md"
TARGET = ROOT / "build" / "slides"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_STYLE = """
@page { size: 1280px 720px; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; background: #ddd; font: 26px/1.4 Helvetica, Arial, sans-serif; color: #1f2328 }
section { width: 1280px; height: 720px; margin: 0 auto 24px; padding: 56px 72px; background: #fff; overflow: hidden;
  display: flex; flex-direction: column; gap: 20px; page-break-after: always; break-inside: avoid }
section:last-child { page-break-after: auto }
h1 { margin: 0; font-size: 46px; color: #3f51b5 }
p { margin: 0 } p:has(svg) { flex: 1; min-height: 0; display: flex }
svg { width: 100%; height: 100% }
pre { margin: 0; font-size: 17px; line-height: 1.35; white-space: pre-wrap; background: #f6f8fa; padding: 16px }
code { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: .85em } pre code { font-size: 1em }
@media print { body { background: none } section { margin: 0 } }
"""


def html(text: str, folder: Path) -> str:
    """The deck as one HTML file.

    Args:
        text: Markdown, slides apart by ``---``.
        folder: where its pictures are named from.
    """
    slides = [_slide(part, folder) for part in re.split(r"^---$", text, flags=re.M)]
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Sentiment on AWS</title>\n'
        f'<meta name="color-scheme" content="light">\n<style>{_STYLE}</style>\n' + "\n".join(slides) + "\n</html>\n"
    )


def pdf(page: Path, target: Path) -> None:
    """Print an HTML file into a PDF.

    Raises:
        FileNotFoundError: there is no Chromium.
        subprocess.CalledProcessError: it refuses.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError("no Chromium on this machine: install your system's chromium package")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={target}"]
    subprocess.run([browser, *options, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)


def main(arguments: list[str] | None = None) -> int:
    """Write slides.html and slides.pdf; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.docs.slides", description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to write into")
    folder = parser.parse_args(arguments).out
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "slides.html"
    page.write_text(html(SOURCE.read_text(encoding="utf-8"), SOURCE.parent), encoding="utf-8")
    try:
        pdf(page, folder / "slides.pdf")
    except (OSError, subprocess.SubprocessError) as error:
        print(f"error: {page} is written, but no PDF: {error}", file=sys.stderr)
        return 1
    print(f"{page}\n{folder / 'slides.pdf'}")
    return 0


def _slide(text: str, folder: Path) -> str:
    text = re.sub(r"<!--.*?-->\n?", "", text)
    text = re.sub(r'^```(\w+) title="[^"]*"$', r"```\1", text, flags=re.M)
    body = markdown.markdown(text.strip(), extensions=["fenced_code"])
    body = re.sub(r'<img alt="" src="([^"]+)" ?/?>', lambda match: _light((folder / match[1]).read_text("utf-8")), body)
    return f"<section>\n{body}\n</section>"


def _light(svg: str) -> str:
    """A picture that stays light: paper is white. Its marker needs no id of its own, since all of them are alike."""
    return re.sub(r"@media \(prefers-color-scheme:dark\)\{.*?\}\}(?=</style>)", "", svg, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
