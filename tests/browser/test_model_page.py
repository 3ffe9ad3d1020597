"""The page that shows what happens inside: one text, word by word, and why the model answers or abstains."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

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
    with page.expect_response("**/getSentiments") as answered, page.expect_response("**/getSentiment") as whole:
        look(page, "I was so happyy")
    asked = json.loads(answered.value.request.post_data or "")
    assert asked == {"reviews": ["I", "I was", "I was so", "I was so happyy"]}
    expect(page.get_by_role("table", name="Word by word")).to_be_visible()
    expect(page.locator("#table thead th")).to_have_text(["I", "was", "so", "happyy"])
    predictions = answered.value.json()["predictions"]
    shares = page.locator('#table tr[data-label="joy"] td').all_text_contents()
    assert [int(share.rstrip("%")) for share in shares] == [round(100 * one["scores"]["joy"]) for one in predictions]
    expect(page.locator("#words")).to_have_text("I was so happyy")
    expect(page.locator("#threshold")).to_contain_text("It answers joy: at ")
    shown(page, whole.value.json()["inside"])
    assert Axe().run(page).response["violations"] == []
    visitor.screenshot("model-page")


def shown(page: Page, inside: list[dict]) -> None:
    """The picture of the states is what the service says of each token."""
    table = page.locator("#states-table")
    expect(table.locator("thead th")).to_have_text(["i", "was", "so", "happy"])
    expect(page.locator("#read-as")).to_have_text("Read as: happyy → happy.")
    attention = table.locator("tbody").nth(0).locator("tr").nth(0).locator("td").all_text_contents()
    assert [int(share.rstrip("%")) for share in attention] == pytest.approx(
        [100 * step["attention"] for step in inside], abs=0.51
    )
    backwards = table.locator("tbody").nth(2).locator("tr")
    expect(backwards).to_have_count(8)
    last = [float(row.locator("td").last.text_content() or "") for row in backwards.all()]
    assert last == pytest.approx(inside[-1]["states"][8:], abs=0.006)


def test_strong_and_weak_are_told_apart_without_colours(open_page: Callable[..., Visitor]) -> None:
    page = opened(open_page, forced_colors="active").page
    look(page, "I was so happy")
    fear = page.locator('#table tr[data-label="fear"] td')
    # Neither is outlined. Computed colours would not tell: a browser forces them later.
    assert fear.first.screenshot() != fear.last.screenshot()


def test_why_it_abstains_is_said(open_page: Callable[..., Visitor]) -> None:
    page = opened(open_page).page
    look(page, "The meeting is on Tuesday")
    expect(page.locator("#threshold")).to_contain_text("which is under the threshold of")
    expect(page.locator("#words u").first).to_have_css("text-decoration-line", "underline")  # with no label's colour
    look(page, "xqzzk vvbrt")
    expect(page.locator("#threshold")).to_have_text("It says nothing: it knows none of these words.")
    expect(page.locator("#states")).to_be_hidden()  # it was not asked


def with_states(change: Callable[[list[float]], list[Any]]) -> Callable[[Route], None]:
    """Answers with other states of the first token."""

    def answer(route: Route) -> None:
        reply = route.fetch()
        first, *others = reply.json()["inside"]
        route.fulfill(
            response=reply, json=reply.json() | {"inside": [first | {"states": change(first["states"])}, *others]}
        )

    return answer


def test_limits_and_trouble_are_told(open_page: Callable[..., Visitor]) -> None:
    visitor = opened(open_page, viewport={"width": 320, "height": 640})
    page = visitor.page
    visitor.expect_failed_requests()
    page.fill("#text", "word " * 101)
    page.click("#submit")
    expect(page.locator("#notice")).to_have_text("Please use a text of at most 100 words.")
    page.route("**/getSentiments", lambda route: route.fulfill(json={"predictions": []}), times=1)
    page.fill("#text", "I was so happy to see all of my old friends again at the party")
    page.click("#submit")
    expect(page.locator("#notice")).to_contain_text("makes no sense to this page")
    for change in (lambda states: states[1:], lambda states: [None, *states[1:]], lambda states: ["0", *states[1:]]):
        page.route("**/getSentiment", with_states(change), times=1)
        page.click("#submit")
        expect(page.locator("#notice")).to_have_text("Reading …")
        expect(page.locator("#notice")).to_contain_text("makes no sense to this page")
    page.click("#submit")
    expect(page.locator("#inside")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("Word by word", "What it keeps in its state"):
        page.get_by_role("group", name=name).focus()
        expect(page.get_by_role("group", name=name)).to_be_focused()  # or else no keyboard could push it sideways
    look(page, f"I was {'unhappily' * 30}")
    expect(page.locator("#read-as")).to_contain_text("→ (unknown)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
