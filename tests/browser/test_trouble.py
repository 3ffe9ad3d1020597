"""What the page does when a question cannot be answered at once: no text is lost, and everybody is told why."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from scripts.cloudformation.stacks import collect_outputs
from tests.browser.steps import Visitor, unique
from tests.local.running import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

PREDICT = "**/getSentiment"


def test_offline_asks_as_soon_as_the_network_is_back(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.context.set_offline(True)
    text = unique("I was sad when my grandmother died")
    visitor.ask(text)
    expect(page.locator("#sentence")).to_have_text("You are offline. I ask as soon as you are back. Your text is kept.")
    visitor.screenshot("offline")
    page.context.set_offline(False)
    expect(page.locator("#chart .top")).to_be_visible()
    expect(page.locator("#text")).to_have_value(text)


def test_waking_up_is_told_and_waited_for(visitor: Visitor, app: RunningApp) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    outputs = collect_outputs(app.cloud)
    service = {"cluster": outputs["ClusterName"], "service": outputs["ServiceName"]}
    app.cloud.client("ecs").update_service(**service, desiredCount=0)
    try:
        while app.request("POST", "/api/getSentiment", {"review": "I am happy"}).status != 503:
            page.wait_for_timeout(100)  # the last task still finishes what it has
        visitor.ask(unique("I passed the exam"))
        expect(page.locator("#sentence")).to_contain_text("The model is waking up, about a minute.")
        visitor.screenshot("waking")
    finally:
        app.cloud.client("ecs").update_service(**service, desiredCount=1)
    expect(page.locator("#chart .top")).to_be_visible(timeout=60_000)


def test_waiting_can_be_stopped(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route(PREDICT, lambda route: route.fulfill(status=503, json={}))
    visitor.ask("I passed the exam")
    page.click("#stop")
    expect(page.locator("#sentence")).to_be_empty()
    expect(page.locator("#text")).to_have_value("I passed the exam")
    expect(page.locator("#stop")).to_be_hidden()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "This page and the service do not fit together"),
        (413, "The service did not accept this text."),
        (415, "This page and the service do not fit together"),
    ],
)
def test_a_final_refusal_is_told_in_words_and_can_be_tried_again(visitor: Visitor, status: int, words: str) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route(PREDICT, lambda route: route.fulfill(status=status, body="not JSON"), times=1)
    text = unique("I was angry because he insulted me")
    visitor.ask(text)
    expect(page.locator("#sentence")).to_contain_text(words)
    expect(page.locator("#sentence")).to_contain_text("Your text is kept.")
    expect(page.locator("#text")).to_have_value(text)
    visitor.screenshot(f"refused-{status}")
    page.click("#again")
    expect(page.locator("#chart .top")).to_be_visible()


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_what_may_pass_is_tried_again_by_itself(visitor: Visitor, status: int) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route(PREDICT, lambda route: route.fulfill(status=status, json={}), times=1)
    visitor.ask(unique("I was angry because he insulted me"))
    expect(page.locator("#chart .top")).to_be_visible()


def test_what_the_service_itself_refuses_is_shown_with_its_reason(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route(PREDICT, lambda route: route.continue_(post_data='{"review": 7}'), times=1)
    visitor.ask("seven")
    expect(page.locator("#sentence")).to_contain_text("The service did not accept this text.")
    expect(page.locator("#text")).to_be_focused()  # where typing on does no harm


def test_empty_and_too_long_are_told_before_asking(visitor: Visitor) -> None:
    page = visitor.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "getSentiment" in request.url else None)
    visitor.ask("   ")
    expect(page.locator("#notice")).to_have_text("Please write something first.")
    page.fill("#text", "a" * 1799)
    expect(page.locator("#count")).to_be_empty()
    page.fill("#text", "a" * 1800)
    expect(page.locator("#count")).to_have_text("1,800 of 2,000 characters")
    visitor.ask("😀" * 2001)
    expect(page.locator("#notice")).to_have_text("That is too long for the model: 2,000 characters at most.")
    visitor.screenshot("too-long")
    assert asked == []
    visitor.ask("😀" * 1990 + " good luck")
    expect(page.locator("#link")).to_be_visible()


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe das nicht gewusst",
        "Ich bin traurig",
        "Meine Mutter war sehr krank und ich hatte Angst",
        "Je suis triste",
        "J'ai perdu mon chien hier",
        "Ma mère était malade",
        "мне очень грустно сегодня",
        "私はとても悲しい",
    ],
)
def test_a_text_that_is_plainly_not_english_is_noted(visitor: Visitor, text: str) -> None:
    visitor.page.fill("#text", text)
    expect(visitor.page.locator("#notice")).to_contain_text("does not look like English")
    for english in (
        "I am in love, and he said that we die once",
        "Our café burnt down",
        "He es gone",
        "No son of mine",
    ):
        visitor.page.fill("#text", english)
        expect(visitor.page.locator("#notice")).to_be_empty()


def test_odd_texts_travel_unharmed(visitor: Visitor) -> None:
    text = unique('=HYPERLINK("x");שלום 🙂 \t <b>bold</b> & “quotes” I was so happy and proud')
    visitor.ask_and_wait(text)
    visitor.page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome()
    expect(visitor.page.locator("#visit q").first).to_have_text(text)
    assert visitor.page.locator("#visit b").count() == 0


def test_half_a_surrogate_pair_does_no_harm(visitor: Visitor) -> None:
    visitor.page.evaluate("document.getElementById('text').value = 'I am glad \\ud83d'")
    visitor.page.press("#text", "Enter")
    expect(visitor.page.locator("#link")).to_be_visible()


def test_an_answer_belongs_to_its_text(visitor: Visitor) -> None:
    page = visitor.page
    text = unique("I was angry")
    visitor.ask_and_wait(text)
    page.fill("#text", "something else")
    expect(page.locator("#chart .top")).to_be_hidden()
    expect(page.locator("#chart button").first).to_be_disabled()
    page.fill("#text", text)
    expect(page.locator("#chart .top")).to_be_visible()


def test_a_page_without_its_settings_says_so(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()
    page.route("**/config.json", lambda route: route.fulfill(status=404, body=""))
    page.reload()
    expect(page.locator("#sentence")).to_contain_text("settings cannot be read.")
    page.unroute("**/config.json")
    page.click("#again")
    visitor.wait_until_ready()
