"""What can be done about a judgement as long as the visit lasts: change it, add a second feeling, take it back."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

JUDGE, WITHDRAW = "**/setSentiment", "**/withdraw"
CONFLICT = {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "taken"}


def saved(visitor: Visitor, label: str = "joy") -> str:
    text = unique("I felt guilty that I was rude to the waiter")
    visitor.ask_and_wait(text)
    visitor.say_it_is(label)
    visitor.send_at_once()
    visitor.outcome(f"Saved: {label}")
    return text


def control(page: Page, name: str) -> str:
    return f'#visit li:first-child [data-control="{name}"]'


def test_undo_lasts_as_long_as_the_visit(visitor: Visitor) -> None:
    page, text = visitor.page, saved(visitor)
    assert len(visitor.stored(text)) == 1
    page.click("#undo")
    visitor.outcome("Taken back.")
    assert visitor.stored(text) == []
    expect(page.locator("#visit")).to_contain_text("None yet.")
    visitor.say_it_is("shame")
    visitor.send_at_once()
    visitor.outcome("Saved: shame")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["shame"]


def test_the_list_changes_adds_and_takes_back_also_after_a_reload(visitor: Visitor) -> None:
    page, text = visitor.page, saved(visitor)
    page.reload()
    visitor.wait_until_ready()
    for name, label in (("said", "shame"), ("second", "guilt")):
        page.focus(control(page, name))
        page.select_option(control(page, name), label)
        expect(page.locator(control(page, name))).to_be_focused()
    expect(page.locator("#visit li")).to_have_count(1)
    expect(page.locator("#visit li")).to_contain_text("shame + guilt")
    expect(page.locator("#visit .state")).to_have_text("Saved.")
    visitor.screenshot("your-judgements")
    last = max(visitor.stored(text), key=lambda row: row["time"])
    assert (last["sentiment"], last["second"], last["receipt"]) == ("shame", "guilt", "valid")
    page.click(control(page, "withdraw"))
    expect(page.locator("#visit-told")).to_have_text("Taken back.")
    expect(page.locator("#visit")).to_be_focused()
    assert visitor.stored(text) == []


def test_taking_back_a_change_in_time_also_takes_back_what_was_sent_before(visitor: Visitor) -> None:
    page, text = visitor.page, saved(visitor)
    page.select_option(control(page, "said"), "shame")
    visitor.outcome("Saving: shame")
    page.click("#undo")
    visitor.outcome("Taken back.")
    expect(page.locator("#visit")).to_contain_text("None yet.")
    assert visitor.stored(text) == []


def test_taking_back_waits_for_the_network(visitor: Visitor) -> None:
    page, text = visitor.page, saved(visitor)
    visitor.expect_failed_requests()
    page.route(WITHDRAW, lambda route: route.abort())
    page.click("#undo")
    visitor.outcome("Taking it back: joy")
    page.unroute(WITHDRAW)
    page.reload()
    visitor.wait_until_ready()
    expect(page.locator("#visit")).to_contain_text("None yet.")
    assert visitor.stored(text) == []


def test_a_service_that_refuses_is_told(visitor: Visitor) -> None:
    page, text = visitor.page, saved(visitor)
    visitor.expect_failed_requests()
    page.route(WITHDRAW, lambda route: route.fulfill(status=403, json={}), times=1)
    page.click(control(page, "withdraw"))
    expect(page.locator("#visit .state")).to_contain_text("Still stored. The service does not accept the proof")
    visitor.outcome("The service does not accept the proof that it is yours.")
    assert len(visitor.stored(text)) == 1
    page.click(control(page, "withdraw"))
    expect(page.locator("#visit")).to_contain_text("None yet.")


def test_after_a_conflict_trying_again_sends_another_id(visitor: Visitor) -> None:
    page, sent = visitor.page, []
    visitor.expect_failed_requests()

    def refuse_once(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "")["judgement"])
        if len(sent) == 1:
            route.fulfill(status=409, json=CONFLICT)
        else:
            route.continue_()

    page.route(JUDGE, refuse_once)
    text = unique("I was terrified and could not breathe")
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome("Not saved: ")
    page.click(control(page, "again"))
    expect(page.locator("#visit .state")).to_have_text("Saved.")
    assert len(set(sent)) == 2
    assert len(visitor.stored(text)) == 1
