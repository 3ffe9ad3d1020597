"""The slides: one file and a PDF, large enough for the back of a room, with the figures of their sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scripts import ROOT
from tests.browser import screenshot
from tests.local.running import RunningApp

SLIDES = ROOT / "docs" / "slides.md"
SMALLEST = 24  # pixels: 18 points, where 1280 pixels are the 13.33 inches of a page
MEASURE = """sections => sections.map(section => {
  const texts = [...section.querySelectorAll("*")].filter(each => !each.closest("style, title, defs")
    && [...each.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  const sizes = texts.map(each =>
    parseFloat(getComputedStyle(each).fontSize) * (each.ownerSVGElement ? each.getScreenCTM().a : 1));
  const box = section.getBoundingClientRect();
  const ends = [...section.querySelectorAll("*")].map(each => each.getBoundingClientRect());
  return {
    title: section.querySelector("h1").textContent,
    smallest: Math.min(...sizes),
    inside: ends.every(end => end.bottom <= box.bottom + 1 && end.right <= box.right + 1),
    empty: [...section.querySelectorAll("img")].some(image => !image.naturalWidth),
  };
})"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the deck as HTML and PDF."""
    pytest.importorskip("markdown")
    from scripts.docs import slides

    folder = tmp_path_factory.mktemp("slides")
    assert slides.main(["--out", str(folder)]) == 0
    return folder


def test_the_slides_are_one_file_and_a_pdf_of_as_many_pages(made: Path) -> None:
    page = (made / "slides.html").read_text()
    count = SLIDES.read_text().count("\n---\n") + 1

    assert page.count("<section>") == count > 5
    assert set(re.findall(r'src="([^,"]*)', page)) == {"data:image/png;base64"}
    assert page.count("<svg") >= 2 and "prefers-color-scheme" not in page
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", (made / "slides.pdf").read_bytes())) == count


def test_everything_on_a_slide_is_large_and_inside(made: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 744})
    page.goto((made / "slides.html").as_uri())
    found = page.locator("section").evaluate_all(MEASURE)

    assert [each["title"] for each in found if each["smallest"] < SMALLEST] == []
    assert [each["title"] for each in found if not each["inside"] or each["empty"]] == []


def test_what_a_talk_needs_is_there() -> None:
    titles = re.findall("^# (.*)$", SLIDES.read_text(), re.M)

    for wanted in (
        "Before",
        "Now",
        "Scenario 1",
        "Scenario 2",
        "Scenario 3",
        "Live demo: ten",
        "Impediments",
        "Free-tier",
    ):
        assert any(title.startswith(wanted) for title in titles), wanted


def test_results_are_those_of_their_sources() -> None:
    rows = re.findall(r"^\| [^|]+ \| \*\*([\d.,]+)\*\*[^|]* \| ([\w/.]+) \|$", SLIDES.read_text(), re.M)

    assert len(rows) >= 5
    for figure, source in rows:
        assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d.,]\d)", (ROOT / source).read_text()), (figure, source)


def test_commands_of_the_demo_are_there() -> None:
    from scripts.cli.main import main

    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"`?(make|sentiment) ([a-z-]+)", SLIDES.read_text())

    assert len(named) > 5
    for program, name in named:
        assert re.search(rf"^{name}:", makefile, re.M) if program == "make" else name in main.commands, (program, name)


@pytest.mark.browser
@pytest.mark.cloud
def test_pictures_of_the_three_scenarios_can_be_taken(browser: Browser, app: RunningApp, tmp_path: Path) -> None:
    files = screenshot.take_scenarios(browser, app.url, tmp_path)

    assert len(files) == 3
    for file in files:
        assert f"images/{file.name})" in SLIDES.read_text()
        assert (ROOT / "docs" / "images" / file.name).is_file()
