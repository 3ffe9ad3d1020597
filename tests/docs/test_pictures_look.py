"""The pictures in a real Chromium, in light and in dark: no text on another or outside, and enough contrast."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser

from scripts.docs import sources
from scripts.docs.pictures import general, of_lessons, of_stacks

# For each text of the page's picture: its box on the screen; and the colours of ink and paper.
MEASURE = """() => {
  const svg = document.querySelector("svg"), frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")];
  const boxes = texts.map((text) => {
    const box = text.getBoundingClientRect();
    return [text.textContent, box.left + 1, box.top + 3, box.right - 1, box.bottom - 3];
  });
  const inks = new Set(texts.map((text) => getComputedStyle(text).fill));
  const paper = getComputedStyle(svg.querySelector(".paper")).fill;
  return { boxes, frame: [frame.left, frame.top, frame.right, frame.bottom], inks: [...inks], paper };
}"""
ENOUGH = 4.5  # WCAG 2.2, 1.4.3: contrast of normal text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_are_apart_inside_and_readable(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    page = browser.new_page(color_scheme=scheme)
    for picture in [*general(), *of_stacks(), *of_lessons()]:
        page.set_content((sources.ROOT / "docs" / "pictures" / f"{picture.name}.svg").read_text())
        found = page.evaluate(MEASURE)
        assert len(found["boxes"]) >= 2
        for ink in found["inks"]:
            assert contrast(ink, found["paper"]) >= ENOUGH, (picture.name, ink)
        left, top, right, bottom = found["frame"]
        for number, (text, x, y, to_x, to_y) in enumerate(found["boxes"]):
            assert left <= x and top <= y and to_x <= right and to_y <= bottom, (picture.name, text)
            for other, its_x, its_y, its_to_x, its_to_y in found["boxes"][number + 1 :]:
                apart = to_x <= its_x or its_to_x <= x or to_y <= its_y or its_to_y <= y
                assert apart, (picture.name, text, other)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2.2 defines it, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of "rgb(r, g, b)", by WCAG 2.2."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
