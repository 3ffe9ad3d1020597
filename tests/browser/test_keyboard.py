"""The page without a mouse: from the first Tab to a saved judgement."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.dataset.label || ''")


def tab_to(page: Page, name: str, most: int = 30) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"{name} is not reached with Tab")


def test_ask_approve_and_go_on_with_the_keyboard_only(visitor: Visitor) -> None:
    page = visitor.page
    tab_to(page, "text")
    page.keyboard.press("Control+A")
    text = unique("I felt guilty when I let my sister take the blame")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator("#chart .top")).to_be_enabled()
    expect(page.locator("#text")).to_be_focused()
    tab_to(page, page.locator("#chart .top").get_attribute("data-label"))
    visitor.screenshot("keyboard-focus")
    page.keyboard.press("Enter")
    visitor.outcome("Saving: ")
    tab_to(page, "another", most=2)
    page.keyboard.press("Enter")
    visitor.outcome()
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("x")
    expect(page.locator("#text")).to_have_value("x")  # it was selected: typing replaces it
    assert len(visitor.stored(text)) == 1


def test_a_number_corrects_and_escape_undoes(visitor: Visitor) -> None:
    page = visitor.page
    text = unique("I was afraid of the dark")
    label = visitor.ask_and_wait(text)
    page.focus("#chart button")
    number = 1 if label != "anger" else 2
    said = "anger" if number == 1 else "disgust"
    page.keyboard.press(str(number))
    visitor.outcome(f"Saving: {said} (you corrected {label}).")
    page.keyboard.press("Escape")
    expect(page.locator("#outcome")).to_have_text("Taken back.")
    expect(page.locator("#after")).to_be_focused()
    expect(page.locator("#visit")).to_have_text("None yet.")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("0")
    visitor.outcome("Saving: none of these")


def test_an_unsure_model_prefers_no_feeling_and_numbers_tell_it(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask(unique("xqzzk vvbrt"))
    expect(page.locator("#sentence")).to_have_text(re.compile(r"^I can.t tell"))
    expect(page.locator("#chart .top")).to_have_count(0)
    tab_to(page, "anger")
    page.keyboard.press("3")
    visitor.outcome("Saving: fear (the model could not tell).")


def test_numbers_in_the_text_are_text(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask_and_wait(unique("I was afraid"))
    page.focus("#text")
    page.keyboard.press("End")
    page.keyboard.type("123")
    assert page.input_value("#text").endswith("123")
    expect(page.locator("#outcome")).to_be_empty()


def test_shift_enter_makes_a_new_line_and_a_held_enter_answers_nothing(visitor: Visitor) -> None:
    page = visitor.page
    page.fill("#text", "one")
    page.press("#text", "Shift+Enter")
    page.keyboard.type("two")
    expect(page.locator("#text")).to_have_value("one\ntwo")
    expect(page.locator("#sentence")).to_be_empty()
    page.keyboard.down("Enter")
    expect(page.locator("#link")).to_be_visible()
    for _ in range(3):
        page.keyboard.down("Enter")  # the key repeats while it is held
    page.keyboard.up("Enter")
    expect(page.locator("#outcome")).to_be_empty()


def test_focus_is_always_visible(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask_and_wait(unique("I am glad"))
    page.focus("#text")
    for _ in range(16):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """() => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                return document.activeElement === document.body ? null : [outlineStyle, parseFloat(outlineWidth)];
            }"""
        )
        if outline is None:
            return
        assert outline[0] == "solid"
        assert outline[1] >= 2
