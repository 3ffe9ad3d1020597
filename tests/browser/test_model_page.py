"""The page that shows what happens inside: one text, word by word, and why the model answers or abstains."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


def opened(open_page: Callable[..., Visitor], **options: object) -> Visitor:
    visitor = open_page(bypass_csp=True, reduced_motion="reduce", **options)
    visitor.page.goto("/model.html")
    expect(visitor.page.locator("#submit")).to_be_enabled()
    return visitor


def look(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("#submit")
    expect(page.locator("#inside")).to_be_visible()


def test_probabilities_grow_word_by_word(open_page: Callable[..., Visitor]) -> None:
    visitor = opened(open_page)
    page = visitor.page
    with page.expect_response("**/getSentiments") as answered:
        look(page, "I was so happy")
    asked = json.loads(answered.value.request.post_data or "")
    assert asked == {"reviews": ["I", "I was", "I was so", "I was so happy"]}
    expect(page.locator("#table thead th")).to_have_text(["I", "was", "so", "happy"])
    predictions = answered.value.json()["predictions"]
    shares = page.locator('#table tr[data-label="joy"] td').all_text_contents()
    assert [int(share.rstrip("%")) for share in shares] == [round(100 * one["scores"]["joy"]) for one in predictions]
    expect(page.locator("#words")).to_have_text("I was so happy")
    expect(page.locator("#threshold")).to_contain_text("It answers joy: at ")
    assert Axe().run(page).response["violations"] == []
    visitor.screenshot("model-page")


def test_why_it_abstains_is_said(open_page: Callable[..., Visitor]) -> None:
    page = opened(open_page).page
    look(page, "The meeting is on Tuesday")
    expect(page.locator("#threshold")).to_contain_text("which is under the threshold of")
    look(page, "xqzzk vvbrt")
    expect(page.locator("#threshold")).to_have_text("It says nothing: it knows none of these words.")


def test_limits_and_trouble_are_told(open_page: Callable[..., Visitor]) -> None:
    visitor = opened(open_page, viewport={"width": 320, "height": 640})
    page = visitor.page
    visitor.expect_failed_requests()
    page.fill("#text", "word " * 101)
    page.click("#submit")
    expect(page.locator("#notice")).to_have_text("Please take a text of at most 100 words.")
    page.route("**/getSentiments", lambda route: route.fulfill(json={"predictions": []}), times=1)
    page.fill("#text", "I was so happy to see all of my old friends again at the party")
    page.click("#submit")
    expect(page.locator("#notice")).to_contain_text("makes no sense to this page")
    page.click("#submit")
    expect(page.locator("#inside")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
