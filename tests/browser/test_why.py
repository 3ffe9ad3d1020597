"""Which words moved the model: asked for with the keyboard, underlined in the text and told in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

STYLE = "words => words.map(word => parseFloat(getComputedStyle(word).textDecorationThickness))"


def test_the_words_that_moved_it_are_shown_on_request(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(bypass_csp=True, reduced_motion="reduce")  # for axe, which is put into the page as a script
    page = visitor.page
    text = unique("🙂 I was so happy, yet sad that <b>she</b> left")
    label = visitor.ask_and_wait(text)
    expect(page.locator("#why-told")).to_be_empty()
    page.locator("#link").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#why")).to_be_focused()
    with page.expect_request(lambda request: (request.post_data_json or {}).get("explain") is True) as asked:
        page.keyboard.press("Enter")
    response = asked.value.response()
    assert response is not None
    found = response.json()["attribution"]
    expect(page.locator("#why-told")).to_contain_text(f"Most for {label}: ")
    expect(page.locator("#why-text")).to_have_text(text)  # whole, and no markup
    strongest = max(found, key=lambda word: word["weight"])
    told = page.locator("#why-told").inner_text()
    assert re.split(r": |[,.] ?", told)[1] == strongest["text"]
    underlined = page.locator("#why-text u").all_inner_texts()
    widths = page.locator("#why-text u").evaluate_all(STYLE)
    assert widths[underlined.index(strongest["text"])] == max(widths) > min(widths)
    against = [word["text"] for word in found if word["weight"] < 0]
    assert set(page.locator("#why-text .against").all_inner_texts()) <= set(against)
    assert ("Against: " in told) == (page.locator("#why-text .against").count() > 0)
    assert Axe().run(page).response["violations"] == []
    visitor.screenshot("which-words")
    page.keyboard.press("Enter")
    expect(page.locator("#why-told")).to_be_empty()
    expect(page.locator("#why-text")).to_be_empty()


def test_a_question_for_the_words_is_repeated_while_it_may_pass(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(locale="de-DE")
    page = visitor.page
    visitor.expect_failed_requests()
    visitor.ask_and_wait("I was so happy")
    page.route("**/getSentiment", lambda route: route.fulfill(status=503, json={}), times=1)
    page.click("#why")
    expect(page.locator("#why-told")).to_contain_text("Am meisten für Freude: ")
