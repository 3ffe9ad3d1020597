"""Many texts: pasted or dropped, classified in batches through trouble, judged where it helps, and downloaded."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

BATCH = "**/getSentiments"
HAPPY, DULL = "I was so happy to see my old friends again", "The meeting is on Tuesday"


@pytest.fixture
def page(open_page: Callable[..., Visitor]) -> Page:
    page = open_page(bypass_csp=True, reduced_motion="reduce").page
    page.click("nav a")
    expect(page.locator("#submit")).to_be_enabled()
    return page


def classify(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("#submit")


def rows(page: Page) -> list[list[str]]:
    return [row.locator("td").all_inner_texts()[:4] for row in page.locator("#table tbody tr").all()]


def test_lines_are_classified_with_the_unsure_first(page: Page) -> None:
    classify(page, f"{HAPPY}\n\n  {DULL}  \n")
    expect(page.locator("#state")).to_have_text("2 of 2 classified.")
    assert [(row[1], row[2]) for row in rows(page)] == [(DULL, "unsure"), (HAPPY, "joy")]
    page.click('[data-key="order"]')
    assert [row[0] for row in rows(page)] == ["1", "2"]
    expect(page.locator("th").first).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("th").first).to_have_accessible_name("No.")  # without the arrow
    page.click('[data-key="order"]')
    assert [row[0] for row in rows(page)] == ["2", "1"]
    assert Axe().run(page).response["violations"] == []


def test_a_row_is_judged_and_stored(page: Page, visitor: Visitor) -> None:
    text = unique("I was so happy for her")
    classify(page, text)
    page.select_option("#table select", "fear")
    expect(page.locator("#table [data-judgement]")).to_have_text("Saved.")
    [stored] = visitor.stored(text)
    assert (stored["sentiment"], stored["verdict"], stored["classification"]) == ("fear", "revised", "joy")


def test_a_row_is_taken_back_held_or_stored(page: Page, visitor: Visitor) -> None:
    text = unique("I was so happy for her")
    classify(page, text)
    select, state = page.locator("#table select"), page.locator("#table [data-judgement]")
    select.select_option("fear")
    expect(state).to_have_text("Saved.")
    select.select_option("joy")
    expect(state).to_have_text("Saving …")
    select.select_option("")
    expect(state).to_have_text("Taken back.")
    expect(select).to_have_value("")
    assert visitor.stored(text) == []


def test_a_row_that_waits_is_replaced_by_what_is_said_later(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page()
    visitor.expect_failed_requests()
    page, text = visitor.page, unique("I was so happy for her")
    page.click("nav a")
    expect(page.locator("#submit")).to_be_enabled()
    classify(page, text)
    select, state = page.locator("#table select"), page.locator("#table [data-judgement]")
    page.route("**/setSentiment", lambda route: route.abort())
    select.select_option("fear")
    expect(state).to_have_text("Not saved yet.")
    select.select_option("joy")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('outbox')).length") == 1
    page.unroute("**/setSentiment")
    expect(state).to_have_text("Saved.")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["joy"]


def test_a_column_of_a_csv_is_chosen_and_comes_back_with_the_answers(page: Page, tmp_path: Path) -> None:
    content = f'day;note\r\n1;"{HAPPY}; ""really"""\r\n2;=1+1\r\n3;\r\n'
    page.set_input_files("#file", {"name": "notes.csv", "mimeType": "text/csv", "buffer": content.encode()})
    expect(page.locator("#column")).to_have_value("note")  # its texts are the longest
    expect(page.locator("#state")).to_have_text("Texts found: 2.")
    page.click("#submit")
    expect(page.locator("#state")).to_have_text("2 of 2 classified.")
    with page.expect_download() as download:
        page.click("#download")
    with download.value.path().open(encoding="utf-8", newline="") as file:
        happy, formula = csv.DictReader(file)
    assert (happy["day"], happy["note"], happy["classification"]) == ("1", f'{HAPPY}; "really"', "joy")
    assert 0.5 < float(happy["confidence"]) <= 1
    assert formula["note"] == "'=1+1"  # no spreadsheet runs it


def test_a_thousand_rows_go_in_batches_and_what_is_more_is_told(page: Page) -> None:
    sizes: list[int] = []

    def answer(route: Route) -> None:
        reviews = json.loads(route.request.post_data or "")["reviews"]
        sizes.append(len(reviews))
        route.fulfill(json={"predictions": [{"status": 400, "title": "no", "type": "about:blank"}] * len(reviews)})

    page.route(BATCH, answer)
    page.fill("#text", "\n".join(f"text {number}" for number in range(1_050)))
    expect(page.locator("#state")).to_have_text("The first 1,000 of 1,050 are classified.")
    page.click("#submit")
    expect(page.locator("#state")).to_have_text("1,000 of 1,000 classified.")
    assert sizes == [100] * 10
    expect(page.locator("#table tbody tr")).to_have_count(100)
    page.click("#more")
    expect(page.locator("#table tbody tr")).to_have_count(200)


def test_it_pauses_and_goes_on_where_it_was(page: Page) -> None:
    asked: list[list[str]] = []
    held: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["reviews"])
        if len(asked) == 2:
            held.append(route)
        else:
            route.continue_()

    page.route(BATCH, answer)
    classify(page, "\n".join(f"I am glad {number}" for number in range(150)))
    expect(page.locator("#state")).to_contain_text("100 of 150 classified.")
    page.click("#pause")
    expect(page.locator("#state")).to_have_text("100 of 150 classified. Paused.")
    expect(page.locator("#pause")).to_have_text("Go on")
    page.click("#pause")
    expect(page.locator("#state")).to_have_text("150 of 150 classified.")
    assert [len(reviews) for reviews in asked] == [100, 50, 50]


def test_offline_it_waits_and_goes_on(page: Page, open_page: Callable[..., Visitor]) -> None:
    visitor = open_page()
    visitor.expect_failed_requests()
    page = visitor.page
    page.click("nav a")
    expect(page.locator("#submit")).to_be_enabled()
    page.context.set_offline(True)
    classify(page, HAPPY)
    expect(page.locator("#state")).to_have_text("0 of 1 classified. You are offline. It goes on by itself.")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text("1 of 1 classified.")


@pytest.mark.parametrize(("status", "words"), [(404, "do not fit together"), (401, "permission"), (413, "accept")])
def test_a_refusal_is_told_and_can_be_tried_again(open_page: Callable[..., Visitor], status: int, words: str) -> None:
    visitor = open_page()
    visitor.expect_failed_requests()
    page = visitor.page
    page.click("nav a")
    page.route(BATCH, lambda route: route.fulfill(status=status, body=""), times=1)
    expect(page.locator("#submit")).to_be_enabled()
    classify(page, HAPPY)
    expect(page.locator("#state")).to_contain_text(words)
    page.click("#pause")
    expect(page.locator("#state")).to_have_text("1 of 1 classified.")


def test_on_a_phone_nothing_scrolls_sideways(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(viewport={"width": 320, "height": 640}, locale="de-DE", bypass_csp=True)
    page = visitor.page
    page.click("nav a")
    expect(page.locator("#submit")).to_be_enabled()
    classify(page, f"{HAPPY}\n{DULL}")
    expect(page.locator("#state")).to_have_text("2 von 2 eingeordnet.")
    fits = "[document.documentElement, window.table].every((one) => one.scrollWidth <= one.clientWidth)"
    assert page.evaluate(fits)
    visitor.screenshot("many-phone")
    expect(page.get_by_role("row", name=re.compile(DULL)).get_by_role("cell")).to_have_count(5)  # a table all the same
    page.add_style_tag(content=":root { font-size: 200% !important }")
    assert page.evaluate(fits)


def test_a_reload_keeps_rows_receipts_and_what_is_left_to_do(page: Page, visitor: Visitor) -> None:
    text = unique("I was so happy for her")
    asked: list[Route] = []

    def first_alone(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route(BATCH, first_alone)
    page.fill("#text", "\n".join([text, *(f"I am glad {number}" for number in range(100))]))
    page.click("#submit")
    expect(page.locator("#state")).to_contain_text("100 of 101 classified.")
    row = page.locator("#table tr", has_text=text)
    row.locator("select").select_option("fear")
    expect(row.locator("[data-judgement]")).to_have_text("Saved.")
    page.reload()
    expect(page.locator("#submit")).to_be_enabled()
    expect(page.locator("#text")).to_have_value(re.compile("^I was so happy for her"))
    expect(page.locator("#state")).to_have_text("100 of 101 classified. Paused.")
    page.unroute(BATCH)
    page.click("#pause")
    expect(page.locator("#state")).to_have_text("101 of 101 classified.")
    page.click('[data-key="order"]')
    expect(row.locator("[data-judgement]")).to_have_text("Saved.")
    row.locator("select").select_option("")
    expect(row.locator("[data-judgement]")).to_have_text("Taken back.")
    assert visitor.stored(text) == []


def test_a_text_that_needs_care_is_not_kept_for_a_reload(page: Page) -> None:
    serious = "I want to kill myself"
    classify(page, f"{serious}\n{HAPPY}")
    expect(page.locator("#care")).to_be_visible()
    page.reload()
    expect(page.locator("#state")).to_contain_text("2 of 2 classified.")
    expect(page.locator("#table")).to_contain_text("(not kept)")
    assert page.input_value("#text") == ""
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert HAPPY in kept
    assert serious not in kept
