"""Typing on after Enter: no key of the next words judges anything, and no word is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


@pytest.mark.parametrize("words", ["2 days later ", " then my sister 3 ", "7 1 2 3 "])
def test_words_typed_after_enter_are_text(visitor: Visitor, words: str) -> None:
    page = visitor.page
    text = unique("I was afraid of the dark")
    visitor.ask_and_wait(text)
    page.keyboard.type(words)
    expect(page.locator("#text")).to_have_value(text + words)
    expect(page.locator("#outcome")).to_be_empty()
    page.wait_for_timeout(500)
    expect(page.locator("#visit li[data-label]")).to_have_count(0)


@pytest.mark.parametrize("place", ["#sentence", "#submit"])
def test_words_typed_anywhere_else_go_into_the_box(visitor: Visitor, place: str) -> None:
    page = visitor.page
    text = unique("I was afraid of the dark")
    page.fill("#text", text)
    page.click("#submit")
    expect(page.locator("#chart .top")).to_be_enabled()
    if place == "#sentence":
        page.click(place)
    page.keyboard.type("2 days")
    expect(page.locator("#text")).to_have_value(f"{text}2 days")
    expect(page.locator("#visit li[data-label]")).to_have_count(0)


def test_words_typed_after_a_click_on_a_verdict_do_not_change_it(visitor: Visitor) -> None:
    page = visitor.page
    text = unique("I was afraid of the dark")
    visitor.ask_and_wait(text)
    visitor.say_it_is("joy")
    page.keyboard.type("2 days later my sister")
    expect(page.locator("#text")).to_have_value("2 days later my sister")
    expect(page.locator("#visit li[data-label]")).to_have_count(1)
    assert [row["sentiment"] for row in visitor.wait_until_stored(text)] == ["joy"]


def test_a_second_enter_asks_nothing_anew(visitor: Visitor) -> None:
    page = visitor.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "getSentiment" in request.url else None)
    visitor.ask_and_wait(unique("I was afraid of the dark"))
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert len(asked) == 1
    expect(page.locator("#outcome")).to_be_empty()
