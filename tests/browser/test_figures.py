"""How good is it? The same panel for no judgement and for ten million, on the narrowest phone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from generator import catalogue
from tests.browser.steps import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

LABELS = list(catalogue.LABELS)
NONE = "none"


def statistics(judgements: int) -> dict:
    """Figures of so many judgements: three quarters of the answers right, a fifth of the texts without one."""
    dice = random.Random(1)
    confusion = {said: dict.fromkeys((*LABELS, NONE), 0) for said in LABELS}
    whole, sample = divmod(judgements, 2_000)
    for _ in range(2_000 if whole else sample):
        said = dice.choice(LABELS)
        predicted = NONE if dice.random() < 0.2 else said if dice.random() < 0.75 else dice.choice(LABELS)
        confusion[said][predicted] += whole or 1
    total = sum(sum(row.values()) for row in confusion.values())
    right = sum(confusion[label][label] for label in LABELS)
    counts = {"judgements": total + 7, "approved": right, "revised": total - right, "unprompted": 7, "accuracy": None}
    unprompted = {**counts, "model": "unprompted", "confusion": {label: dict.fromkeys(LABELS, 0) for label in LABELS}}
    model = {**counts, "model": "0123456789ab", "confusion": confusion}
    return {**counts, "labels": LABELS, "confusion": confusion, "models": [model, unprompted]}


def shown(open_page: Callable[..., Visitor], figures: dict, **options: object) -> Page:
    visitor = open_page(**options)
    visitor.page.route("**/getStats", lambda route: route.fulfill(json=figures))
    visitor.page.reload()
    expect(visitor.page.locator("#stats table")).to_be_visible()
    return visitor.page


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("judgements", [0, 1, 40, 5_000, 10_000_000])
def test_every_figure_fits_on_a_phone(open_page: Callable[..., Visitor], judgements: int, locale: str) -> None:
    page = shown(open_page, statistics(judgements), viewport={"width": 320, "height": 640}, locale=locale)
    too_wide = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    assert page.locator("#stats td, #stats tbody th").evaluate_all(too_wide) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#stats").screenshot(path=f"build/screenshots/figures-{judgements}-{locale}.png")


@pytest.mark.parametrize("judgements", [1, 40, 5_000, 10_000_000])
def test_the_figures_agree_with_each_other(open_page: Callable[..., Visitor], judgements: int) -> None:
    figures = statistics(judgements)
    page = shown(open_page, figures)
    answered = sum(row[label] for row in figures["confusion"].values() for label in LABELS)
    abstained = sum(row[NONE] for row in figures["confusion"].values())
    right = sum(figures["confusion"][label][label] for label in LABELS)
    words = page.locator("#stats").inner_text()
    if answered:
        assert f"right: {right:,} of {answered:,} judged answers" in words
        interval = re.search(r"between (\d+)% and (\d+)%", words)
        assert interval
        low, high = map(int, interval.groups())
        assert low <= round(100 * right / answered) <= high
    assert f"({answered:,} of {answered + abstained:,})" in words
    assert ("When it could not tell, people most often said" in words) == (abstained > 0)
    options = page.locator("#revision option").all_inner_texts()
    assert options[0] == f"all · {answered + abstained:,}"
    assert len(options) == 2  # what no prediction stands behind is no revision
    if judgements < 1_000:
        cells = [int(cell) for cell in page.locator("#stats tbody td").all_inner_texts() if cell]
        assert sum(cells) == answered + abstained


def test_nothing_judged_yet_is_said(open_page: Callable[..., Visitor]) -> None:
    page = shown(open_page, statistics(0))
    expect(page.locator("#stats .headline")).to_contain_text("No answer has been judged yet")


def test_what_was_said_blind_stands_apart(open_page: Callable[..., Visitor]) -> None:
    blind, seen = {"answered": 8, "right": 4, "abstained": 1}, {"answered": 32, "right": 24, "abstained": 3}
    page = shown(open_page, {**statistics(40), "blind": blind, "seen": seen})
    expect(page.locator("#stats")).to_contain_text(
        "Said before seeing the answer: 50% right (4 of 8); after seeing it: 75%."
    )
    page.unroute("**/getStats")
    page = shown(open_page, {**statistics(40), "blind": {**blind, "answered": 0}, "seen": seen})
    expect(page.locator("#stats")).not_to_contain_text("before seeing")
