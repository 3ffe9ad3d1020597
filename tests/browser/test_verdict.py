"""The verdict is one group in which nothing is preferred; and sometimes the person answers first."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
INSIDE = """buttons => buttons.map(button => button.getBoundingClientRect())
    .every(({ top, bottom }) => top >= 0 && bottom <= innerHeight)"""
SENT = "**/setSentiment"


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_all_verdicts_are_within_reach_on_a_phone(open_page: Callable[..., Visitor], locale: str) -> None:
    visitor = open_page(locale=locale, **PHONE)
    page = visitor.page
    page.fill("#text", unique("I was so happy for her"))
    page.tap("#submit")
    buttons = page.locator("#chart button")
    expect(buttons).to_have_count(8)
    expect(page.locator("#chart .top")).to_be_enabled()
    page.wait_for_timeout(200)
    assert buttons.evaluate_all(INSIDE)
    assert all(box["height"] >= 44 for button in buttons.all() if (box := button.bounding_box()))
    sentence = page.locator("#sentence").bounding_box()
    assert sentence and sentence["y"] >= 0
    visitor.screenshot(f"verdict-phone-{locale}", whole=False)


def test_none_of_these_is_stored(visitor: Visitor) -> None:
    text = unique("The meeting is on Tuesday")
    visitor.ask(text)
    visitor.say_it_is("none")
    visitor.send_at_once()
    visitor.outcome("Saved: none of these")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["none"]


@pytest.fixture
def blind(open_page: Callable[..., Visitor]) -> Visitor:
    visitor = open_page()
    visitor.page.evaluate("Math.random = () => 0")  # this answer belongs to the sample
    return visitor


def test_in_a_sample_the_person_says_first(blind: Visitor) -> None:
    page = blind.page
    text = unique("I was so happy for her")
    blind.ask(text)
    expect(page.locator("#sentence")).to_have_text("What would you say?")
    expect(page.locator("#chart .top")).to_have_count(0)
    assert not "".join(page.locator("#chart .share").all_inner_texts())
    expect(page.locator("#why")).to_be_hidden()
    blind.screenshot("blind")
    with page.expect_request(SENT) as sent:
        blind.say_it_is("fear")
        expect(page.locator("#sentence")).to_have_text("This sounds like joy.")
        blind.send_at_once()
    assert json.loads(sent.value.post_data or "")["blind"] is True
    blind.outcome("Saved: fear (you corrected joy).")
    [row] = blind.stored(text)
    assert (row["blind"], row["verdict"]) == ("true", "revised")


def test_who_has_seen_the_answer_is_not_blind(blind: Visitor) -> None:
    text = unique("I was so happy for her")
    blind.ask(text)
    blind.page.click("#reveal")
    expect(blind.page.locator("#sentence")).to_have_text("This sounds like joy.")
    blind.say_it_is("joy")
    blind.send_at_once()
    blind.outcome()
    assert [row["blind"] for row in blind.stored(text)] == [""]


def test_an_undone_blind_judgement_leaves_the_answer_seen(blind: Visitor) -> None:
    text = unique("I was so happy for her")
    blind.ask(text)
    blind.say_it_is("fear")
    blind.page.click("#undo")
    expect(blind.page.locator("#sentence")).to_have_text("This sounds like joy.")
    blind.say_it_is("joy")
    blind.send_at_once()
    blind.outcome()
    assert [row["blind"] for row in blind.stored(text)] == [""]


def test_a_stage_may_have_no_sample(blind: Visitor) -> None:
    page = blind.page
    page.route("**/config.json", lambda route: route.fulfill(json={**route.fetch().json(), "blindSample": 0}))
    page.reload()
    blind.wait_until_ready()
    page.evaluate("Math.random = () => 0")
    blind.ask_and_wait(unique("I was so happy for her"))
