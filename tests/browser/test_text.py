"""What stands in the box when the page opens, and in which language the page speaks."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from generator import catalogue
from tests.browser.steps import PREFILLED, Visitor
from tests.local.running import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


def test_a_draft_survives_a_reload(visitor: Visitor) -> None:
    visitor.page.fill("#text", "half a thought, ")
    visitor.page.reload()
    expect(visitor.page.locator("#text")).to_have_value("half a thought, ")


def test_a_draft_stays_in_its_tab(visitor: Visitor) -> None:
    visitor.page.fill("#text", "half a thought")
    other = visitor.page.context.new_page()
    other.goto("/")
    expect(other.locator("#text")).to_have_value(PREFILLED)


def test_a_shared_link_prefills_and_its_draft_survives_too(open_page: Callable[..., Visitor]) -> None:
    text = "I won! & <i>cried</i> + 100 % “happy” 🙂"
    page = open_page(f"#text={quote(text)}").page
    expect(page.locator("#text")).to_have_value(text)
    page.fill("#text", "changed")
    page.reload()
    expect(page.locator("#text")).to_have_value("changed")


def test_the_link_to_a_text_leads_to_it(visitor: Visitor) -> None:
    text = "I won & cried = 100 % joy"
    visitor.ask_and_wait(text)
    visitor.page.click("#link")
    visitor.wait_until_ready()
    expect(visitor.page.locator("#text")).to_have_value(text)


def test_german_by_the_browser_and_by_choice(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(locale="de-DE")
    page = visitor.page
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("h1")).to_have_text("Wie fühlt sich das an?")
    visitor.ask("I feel so happy about my new friends")
    expect(page.locator("#sentence strong")).to_have_text("Freude")
    visitor.say_it_is("fear")
    visitor.send_at_once()
    assert visitor.outcome("Gespeichert: ") == "Gespeichert: Angst (statt Freude)."
    visitor.screenshot("german")
    page.click('[data-language="en"]')
    expect(page.locator("#outcome")).to_have_text("Saved: fear (you corrected joy).")
    expect(page.locator("#visit li").first).to_contain_text("fear (you corrected joy). Saved.")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_both_languages_have_the_same_words(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(locale="de-DE")
    everything: list[set[str]] = [set(), set()]
    for page in ("index.html", "many.html", "model.html"):
        visitor.page.goto(f"/{page}")
        expect(visitor.page.locator("#submit")).to_be_enabled()
        if page == "index.html":
            visitor.wait_until_ready()  # its parts bring words of their own
        words = visitor.page.evaluate(
            """async (module) => {
                const { languages } = await import(module);
                return Object.values(languages).map((words) => Object.entries(words)
                    .map(([key, text]) => [key, ...(text.match(/\\{\\w+\\}/g) ?? []).sort()].join(" ")));
            }""",
            visitor.module("words"),
        )
        english, german = map(set, words)
        assert english - german == set()  # German words of all pages are in one file
        everything = [everything[0] | english, everything[1] | german]
    assert everything[0] == everything[1]


def test_the_first_paint_is_english_and_says_all_that_stands_there(browser: Browser, app: RunningApp) -> None:
    context = browser.new_context(base_url=app.url, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto("/")
        marked = page.locator("[data-say]").all()
        assert len(marked) > 15
        assert all((each.text_content() or "").strip() for each in marked)
        expect(page.locator("#text")).to_have_value(PREFILLED)
        expect(page.locator("noscript")).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize("address", ["?text=", "#text="])
def test_no_request_but_the_first_of_an_old_link_carries_the_text(
    open_page: Callable[..., Visitor], address: str
) -> None:
    visitor = open_page()
    page = visitor.page
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"{request.url} {request.headers.get('referer', '')}"))
    page.goto(f"/{address}my%20secret")
    visitor.wait_until_ready()
    expect(page.locator("#text")).to_have_value("my secret")
    assert page.url.endswith("/#text=my%20secret")
    page.click("#submit")
    expect(page.locator("#link")).to_be_visible()
    told = [request for request in seen if "secret" in request.split("#")[0]]
    assert len(told) == (1 if address == "?text=" else 0)
    page.reload()
    expect(page.locator("#text")).to_have_value("my secret")


def test_clearing_and_an_example_can_be_taken_back(visitor: Visitor) -> None:
    page = visitor.page
    page.fill("#text", "my own words")
    page.click("#clear")
    expect(page.locator("#text")).to_have_value("")
    page.click("#clear")
    expect(page.locator("#text")).to_have_value("my own words")
    page.click("#examples button >> nth=1")
    expect(page.locator("#chart .top")).to_be_enabled()
    expect(page.locator("#clear")).to_have_text("Bring back my text")
    page.click("#clear")
    expect(page.locator("#text")).to_have_value("my own words")


def test_the_examples_show_each_label_and_one_that_it_cannot_tell(app: RunningApp, visitor: Visitor) -> None:
    found = [
        app.request("POST", "/api/getSentiment", {"review": text}).json["classification"]
        for text in visitor.page.locator("#examples button").all_inner_texts()
    ]
    assert found == [*catalogue.LABELS, None]


def test_an_address_that_is_not_there_gets_the_error_page(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page()
    visitor.expect_failed_requests()
    response = visitor.page.goto("/no/such/page")
    assert response is not None
    assert response.status == 404
    expect(visitor.page.locator("h1")).to_have_text("There is nothing here.")
    visitor.screenshot("error-page")
    visitor.page.click("text=Go to the page")
    visitor.wait_until_ready()
