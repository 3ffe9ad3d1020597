"""Judgements on their way: undone in time, kept through trouble, stored once."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

JUDGE = "**/setSentiment"


def test_undo_in_time_stores_nothing(visitor: Visitor) -> None:
    page = visitor.page
    text = unique("I felt guilty that I was rude to the waiter")
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    page.click("#undo")
    expect(page.locator("#chart .top")).to_be_visible()
    page.wait_for_timeout(5_000)  # longer than a judgement is held
    assert visitor.stored(text) == []


def test_another_pick_in_time_replaces_the_first(visitor: Visitor) -> None:
    text = unique("I felt guilty that I was rude to the waiter")
    visitor.ask_and_wait(text)
    visitor.say_it_is("joy")
    visitor.say_it_is("disgust")
    visitor.send_at_once()
    visitor.outcome("Saved: disgust")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["disgust"]


def test_a_pick_after_saving_is_kept_beside_the_first(visitor: Visitor) -> None:
    text = unique("I felt guilty that I was rude to the waiter")
    visitor.ask_and_wait(text)
    for label in ("joy", "disgust"):
        visitor.say_it_is(label)
        visitor.send_at_once()
        visitor.outcome(f"Saved: {label}")
    assert sorted(row["sentiment"] for row in visitor.stored(text)) == ["disgust", "joy"]
    expect(visitor.page.locator("#visit li"), "one line for one answer").to_have_count(1)


def test_a_judgement_whose_reply_got_lost_is_stored_once(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    sent: list[str | None] = []

    def lose_the_reply(route: Route) -> None:
        sent.append(route.request.post_data)
        route.fetch()
        route.abort()

    def remember(request: Request) -> None:
        if request.url.endswith(JUDGE[2:]):
            sent.append(request.post_data)

    page.route(JUDGE, lose_the_reply, times=1)
    page.on("requestfinished", remember)
    text = unique("I was disgusted by the spoiled food")
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome()
    first, second = sent
    assert first is not None and first == second  # the same UUID
    assert len(json.loads(first)["judgement"]) == 36
    assert len(visitor.stored(text)) == 1


def test_a_judgement_made_offline_survives_a_reload_and_arrives(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    text = unique("I felt guilty that I forgot her birthday")
    visitor.ask_and_wait(text)
    page.route(JUDGE, lambda route: route.abort())
    page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome("Not saved yet: ")
    expect(page.locator("#outcome")).to_contain_text("It is kept on this device and sent by itself.")
    visitor.screenshot("not-saved-yet")
    page.unroute(JUDGE)
    page.reload()
    visitor.wait_until_ready()
    expect(page.locator("#visit li").first).to_contain_text("Saved.")
    assert len(visitor.stored(text)) == 1


def test_leaving_the_page_sends_what_is_held(visitor: Visitor) -> None:
    text = unique("I felt guilty because I slammed the door")
    visitor.ask_and_wait(text)
    visitor.page.click("#chart .top")
    visitor.page.goto("about:blank")
    assert len(visitor.wait_until_stored(text)) == 1


def test_a_refused_judgement_is_told_and_can_be_given_again(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route(JUDGE, lambda route: route.continue_(post_data='{"review": "x", "sentiment": "boredom"}'), times=1)
    text = unique("I was terrified and could not breathe")
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome("Not saved: ")
    expect(page.locator("#visit li").first).to_contain_text("Not saved.")
    page.locator("#chart button.top").click()
    visitor.send_at_once()
    visitor.outcome("Saved: ")
    assert len(visitor.stored(text)) == 1
