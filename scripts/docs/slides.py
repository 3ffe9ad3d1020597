"""Makes the slide deck from docs/slides.md: one HTML file with everything in it, and a PDF of that by Chromium.

A line ``---`` ends a slide. Pictures are put in as they are, so the file needs nothing beside it.
"""

from __future__ import annotations

import argparse
import base64
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
/* On a page of 1280 pixels, 18 points are 24 pixels: nothing is smaller. */
body { margin: 0; background: #ddd; font: 28px/1.4 Helvetica, Arial, sans-serif; color: #1f2328 }
section { width: 1280px; height: 720px; margin: 0 auto 24px; padding: 40px 56px; background: #fff; overflow: hidden;
  display: flex; flex-direction: column; gap: 20px; page-break-after: always; break-inside: avoid }
section:last-child { page-break-after: auto }
h1 { margin: 0; font-size: 46px; color: #3f51b5 }
p, ol, ul { margin: 0 } li { margin: 0 0 10px }
p:has(svg, img) { flex: 1; min-height: 0; display: flex; justify-content: center }
svg { width: 100%; height: 100% } img { max-width: 100%; max-height: 100%; border: 1px solid #d0d7de }
table { border-collapse: collapse; font-size: 25px; line-height: 1.25; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 9px 12px; border-bottom: 1px solid #d0d7de }
pre { margin: 0; font-size: 24px; line-height: 1.35; white-space: pre-wrap; background: #f6f8fa; padding: 16px }
code { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 24px }
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
    body = markdown.markdown(text.strip(), extensions=["fenced_code", "tables"])
    body = re.sub(r'<img alt="" src="([^"]+)" ?/?>', lambda match: _light((folder / match[1]).read_text("utf-8")), body)
    body = re.sub(r'src="([^"]+\.png)"', lambda match: f'src="{_inside(folder / match[1])}"', body)
    return f"<section>\n{body}\n</section>"


def _inside(png: Path) -> str:
    """A picture as an address that holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}"


def _light(svg: str) -> str:
    """A picture that stays light: paper is white. Its marker needs no id of its own, since all of them are alike."""
    return re.sub(r"@media \(prefers-color-scheme:dark\)\{.*?\}\}(?=</style>)", "", svg, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
