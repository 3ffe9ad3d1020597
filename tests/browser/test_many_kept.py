"""Many texts: what became of each judgement is told, what is said stays the person's, nothing moves under hands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

BATCH, JUDGE, WITHDRAW = "**/getSentiments", "**/setSentiment", "**/withdraw"
SERIOUS = "I want to kill myself"
HIDDEN = """() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def opened(visitor: Visitor) -> Page:
    visitor.page.goto("/many.html")
    expect(visitor.page.locator("#submit")).to_be_enabled()
    return visitor.page


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return opened(visitor)


def classified(page: Page, *texts: str) -> None:
    page.fill("#text", "\n".join(texts))
    page.click("#submit")
    expect(page.locator("#state")).to_contain_text(f"{len(texts)} of {len(texts)} classified.")


def say_it_is(page: Page, label: str) -> None:
    page.locator("#table select").first.select_option(label)


def told(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-judgement]").first).to_have_text(words)


def test_a_refused_judgement_says_why_and_is_sent_again(page: Page, visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    text = unique("I was so happy for her")
    classified(page, text)
    page.route(JUDGE, lambda route: route.fulfill(status=409, json={}), times=1)
    say_it_is(page, "fear")
    told(page, re.compile("^Not saved. The service already has another answer"))
    page.get_by_role("button", name="Try again").click()
    told(page, "Saved.")
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    assert [row["sentiment"] for row in visitor.stored(text)] == ["fear"]


def test_a_refused_judgement_is_given_up_without_asking_the_service(page: Page, visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    page.route(WITHDRAW, lambda route: route.fulfill(status=403, json={}))
    page.route(JUDGE, lambda route: route.fulfill(status=401, json={}))
    classified(page, unique("I was so happy for her"))
    say_it_is(page, "fear")
    told(page, re.compile("^Not saved. The service asks for a permission"))
    say_it_is(page, "")
    told(page, "Taken back.")


def test_that_it_cannot_be_taken_back_is_told_with_the_reason(page: Page, visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    page.route(WITHDRAW, lambda route: route.fulfill(status=403, json={}))
    classified(page, unique("I was so happy for her"))
    say_it_is(page, "fear")
    told(page, "Saved.")
    say_it_is(page, "")
    told(
        page,
        "Still stored. The service does not accept the proof that it is yours. Whoever runs this page can erase it.",
    )
    expect(page.locator("#table select")).to_have_value("fear")


def with_a_worthless_receipt(route: Route) -> None:
    route.continue_(post_data=json.dumps({**json.loads(route.request.post_data or ""), "receipt": "x"}))


def test_nobody_is_told_that_what_has_no_proof_was_taken_back(page: Page, visitor: Visitor) -> None:
    """A receipt is good for a day. What is judged later is stored, but cannot be found again by the receipt."""
    page.route(JUDGE, with_a_worthless_receipt)
    text = unique("I was so happy for her")
    classified(page, text)
    say_it_is(page, "fear")
    told(page, "Saved.")
    expect(page.locator("#table select option").first).to_be_disabled()
    page.goto("/")
    visitor.wait_until_ready()
    text = unique("I was so happy for her")
    visitor.ask_and_wait(text)
    visitor.say_it_is("fear")
    visitor.send_at_once()
    visitor.outcome("Saved: fear")
    expect(page.locator("#undo")).to_be_hidden()
    expect(page.locator('#visit [data-control="withdraw"]')).to_have_count(0)
    assert len(visitor.stored(text)) == 1


def test_what_was_judged_before_other_texts_came_can_still_be_taken_back(page: Page, visitor: Visitor) -> None:
    text = unique("I was so happy for her")
    classified(page, text)
    say_it_is(page, "fear")
    classified(page, "The meeting is on Tuesday")
    assert [row["sentiment"] for row in visitor.wait_until_stored(text)] == ["fear"]
    page.click("nav a")
    visitor.wait_until_ready()
    entry = page.locator("#visit li")
    expect(entry).to_contain_text(text)
    expect(entry).to_contain_text("fear (you corrected joy). Saved.")
    page.click('#visit [data-control="withdraw"]')
    expect(page.locator("#visit")).to_contain_text("None yet.")
    assert visitor.stored(text) == []


def test_what_another_page_has_sent_is_told_as_saved(visitor: Visitor) -> None:
    page, text = visitor.page, unique("I was so happy for her")
    visitor.ask_and_wait(text)
    visitor.say_it_is("fear")
    opened(visitor)  # before it was sent
    expect_nothing_left(page)
    page.goto("/")
    expect(page.locator("#visit .state")).to_have_text("Saved.")
    opened(visitor)
    classified(page, text)
    say_it_is(page, "joy")
    page.goto("/")
    expect_nothing_left(page)
    opened(visitor)
    told(page, "Saved.")


def expect_nothing_left(page: Page) -> None:
    while page.evaluate("Object.keys(localStorage).some((key) => key.includes('outbox'))"):
        page.wait_for_timeout(100)


def test_a_phone_that_puts_the_page_away_loses_nothing(page: Page) -> None:
    text = unique("I was so happy for her")
    classified(page, text)
    page.clock.install()  # the moment in which a judgement is held does not pass by itself
    say_it_is(page, "fear")
    page.fill("#text", "and then")
    page.evaluate(HIDDEN)
    told(page, "Saved.")
    assert page.evaluate("sessionStorage['feelings.many']").count(text) == 1  # there is room for 1,000 of the longest
    assert "and then" in page.evaluate("sessionStorage['feelings.texts']")


def test_answers_that_arrive_take_nothing_from_under_the_hands(page: Page) -> None:
    asked: list[Route] = []
    page.route(BATCH, lambda route: asked.append(route))

    def answer(number: int, done: int) -> None:
        expect(page.locator("#pause")).to_be_visible()
        while len(asked) < number:
            page.wait_for_timeout(50)
        asked[number - 1].continue_()
        expect(page.locator("#state")).to_contain_text(f"{done} of 201 classified.")

    texts = [*(f"I am glad {number}" for number in range(200)), "The meeting is on Tuesday"]
    page.fill("#text", "\n".join(texts))
    page.click("#submit")
    answer(1, 100)
    page.focus('[data-key="sure"]')
    answer(2, 200)
    expect(page.locator('[data-key="sure"]')).to_be_focused()
    select = page.locator("#table select").nth(3)
    select.focus()
    answer(3, 201)
    expect(select).to_be_focused()
    page.focus("#text")
    expect(page.locator("#table tbody tr").first).to_contain_text("The meeting is on Tuesday")  # the least sure of all


def test_help_is_announced_and_what_is_typed_next_is_kept(page: Page) -> None:
    classified(page, SERIOUS)
    expect(page.locator("#state")).to_have_text("1 of 1 classified. Some sound serious: there is help below.")
    expect(page.locator("#care")).not_to_contain_text("simply write another text")
    page.fill("#text", "Something else altogether")
    page.reload()
    expect(page.locator("#text")).to_have_value("Something else altogether")
    assert "kill" not in page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")


def test_a_text_that_is_too_long_and_a_file_in_another_encoding_are_told(page: Page) -> None:
    with page.expect_request(BATCH) as asked:
        classified(page, "word " * 401, "I was so happy for her")
    assert json.loads(asked.value.post_data or "") == {"reviews": ["I was so happy for her"]}
    too_long = page.locator("#table tr", has_text="word word").locator(".label")
    expect(too_long).to_have_text("That is too long for the model: 2,000 characters at most.")
    latin = "text\nIch hörte".encode("latin-1")
    page.set_input_files("#file", {"name": "notes.csv", "mimeType": "text/csv", "buffer": latin})
    expect(page.locator("#notice")).to_contain_text("save it as “CSV UTF-8” and choose it again")
    assert page.input_value("#file") == ""


@pytest.mark.parametrize("path", ["/many.html", "/model.html"])
def test_lost_settings_and_lost_german_are_told_with_a_way_on(open_page: Callable[..., Visitor], path: str) -> None:
    visitor = open_page()
    visitor.expect_failed_requests()
    page = visitor.page
    page.route("**/config.json", lambda route: route.fulfill(status=404, body=""))
    page.goto(path)
    page.fill("#text", "typed meanwhile")
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/config.json")
    page.click("#lost a")
    expect(page.locator("#submit")).to_be_enabled()
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("typed meanwhile")
    page.route(re.compile(r"/de\.[0-9a-f]+\.js$"), lambda route: route.abort())
    page.click('[data-language="de"]')
    expect(page.locator("#lost")).to_be_visible()


def test_each_page_is_told_apart_by_its_title(open_page: Callable[..., Visitor]) -> None:
    page = open_page(locale="de-DE").page
    expect(page).to_have_title("Sieben Gefühle")
    for path, title in (("many", "Viele Texte · Sieben Gefühle"), ("model", "Im Inneren des Modells · Sieben Gefühle")):
        page.goto(f"/{path}.html")
        expect(page).to_have_title(title)
