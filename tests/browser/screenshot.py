"""Takes the README's picture and the slides' from the running page: `python -m tests.browser.screenshot [URL]`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, ViewportSize, expect

from tests.browser import chromium

TARGET = Path(__file__).resolve().parents[2] / "docs" / "images" / "page.png"
SENTENCE = "I was so happy to see my old friends again"
SAID = "I was so ashamed that I could not look at anybody"
# The page in so small a window that its text can be read when it fills a slide.
SLIDE = ViewportSize(width=640, height=330)
DEFAULT_URL = "http://127.0.0.1:8080"


def take(browser: Browser, url: str, target: Path) -> None:
    """Ask about a sentence and keep what the page then shows.

    Args:
        browser: a started browser.
        url: address of the page.
        target: PNG to write.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
    page.add_init_script("Math.random = () => 0.99")  # no answer is kept back until it is judged
    page.goto(url)
    expect(page.locator("#chart button")).to_have_count(8)
    page.fill("#text", SENTENCE)
    page.press("#text", "Enter")
    expect(page.locator("#link")).to_be_visible(timeout=60_000)
    page.click("#why")
    expect(page.locator("#why-text u")).not_to_have_count(0)
    expect(page.locator("#stats .headline")).to_be_visible()
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target, full_page=True)


def take_scenarios(browser: Browser, url: str, folder: Path) -> list[Path]:
    """Approve a prediction, correct another, download both, and keep what the page then shows.

    Args:
        browser: a started browser.
        url: address of the page.
        folder: where ``scenario-NAME.png`` are written.

    Returns:
        The files.
    """
    page = browser.new_page(viewport=SLIDE, device_scale_factor=2, locale="en-GB", reduced_motion="reduce")
    page.add_init_script("Math.random = () => 0.99")
    page.goto(url)
    expect(page.locator("#chart button")).to_have_count(8)
    files = []
    for name, text, choice in (("approve", SENTENCE, ".top"), ("correct", SAID, 'button[data-label="sadness"]')):
        page.fill("#text", text)
        page.press("#text", "Enter")
        expect(page.locator("#link")).to_be_visible(timeout=60_000)
        page.click(f"#chart {choice}")
        expect(page.locator("#outcome")).to_contain_text("Sav")
        files.append(_kept(page, f"#chart {choice}", folder / f"scenario-{name}.png"))
        page.click("#another")
    with page.expect_download():
        page.click("#download")
    expect(page.locator("#download-state")).to_contain_text("Downloaded")
    return [*files, _kept(page, "#download", folder / "scenario-download.png", "start")]


def _kept(page: Page, part: str, file: Path, block: str = "center") -> Path:
    """Keep the window with a part of the page in its middle, or at its "start"."""
    page.locator(part).evaluate("(part, block) => part.scrollIntoView({ block })", block)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    return file


def main(url: str = DEFAULT_URL) -> int:
    """Take the picture; say what is missing where it cannot be taken.

    Args:
        url: address of the page.

    Returns:
        Exit status: 0 when the picture is there.
    """
    executable = chromium.find()
    if executable is None:
        print("No Chromium: install your system's chromium package, or name one in CHROMIUM.", file=sys.stderr)
        return 1
    with chromium.launch(executable) as browser:
        try:
            take(browser, url, TARGET)
            take_scenarios(browser, url, TARGET.parent)
        except Error as error:
            print(
                f"{url} did not show the page ({error.message.splitlines()[0]}). Does `make local` run?",
                file=sys.stderr,
            )
            return 1
    print(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
