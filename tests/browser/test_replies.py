"""Every reply that can come, in one table: each has words and a way on, and nothing typed or judged is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

PREDICT, JUDGE, STATS, CSV = "**/getSentiment", "**/setSentiment", "**/getStats", "**/getcsv"
STATUSES = (400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 429, 500, 501, 502, 503, 504, 507)
SCORES = {"anger": 0.1, "disgust": 0.1, "fear": 0.1, "guilt": 0.1, "joy": 0.4, "sadness": 0.1, "shame": 0.1}
GOOD = {"id": "x", "review": "x", "classification": "joy", "confidence": 0.4, "scores": SCORES, "model": "m1"}
MALFORMED = {
    "null": "null",
    "list": "[]",
    "number": "7",
    "empty": "",
    "page": "<!DOCTYPE html><p>Sign in to the hotel's network",
    "object": "{}",
    "no confidence": json.dumps({k: v for k, v in GOOD.items() if k != "confidence"}),
    "NaN": json.dumps({**GOOD, "confidence": "NaN"}),
    "too sure": json.dumps({**GOOD, "confidence": 12}),
    "no model": json.dumps({**GOOD, "model": None}),
    "no scores": json.dumps({**GOOD, "scores": None}),
    "half the scores": json.dumps({**GOOD, "scores": {"joy": 1}}),
    "unknown label": json.dumps({**GOOD, "classification": "boredom"}),
    "label as number": json.dumps({**GOOD, "classification": 4}),
    "receipt as number": json.dumps({**GOOD, "receipt": 4}),
}
REPLIES: dict[str, dict] = {str(status): {"status": status, "body": "{}"} for status in STATUSES}
REPLIES |= {f"200 {name}": {"status": 200, "body": body} for name, body in MALFORMED.items()}
Opener = Callable[..., Visitor]


def answered(visitor: Visitor, name: str) -> Callable[[Route], None]:
    visitor.expect_failed_requests()
    if name == "no network":
        return lambda route: route.abort()
    return lambda route: route.fulfill(content_type="application/json", **REPLIES[name])


def assert_no_holes(words: str) -> None:
    """No sentence has an unfilled place or a figure that is none."""
    for hole in ("{", "}", "NaN", "undefined", "null", "[object"):
        assert hole not in words


@pytest.mark.parametrize("name", [*REPLIES, "no network"])
def test_a_question(visitor: Visitor, name: str) -> None:
    page = visitor.page
    page.route(PREDICT, answered(visitor, name))
    text = unique("I was angry because he insulted me")
    visitor.ask(text)
    expect(page.locator("#again, #stop").locator("visible=true")).to_have_count(1, timeout=8_000)
    words = page.locator("#sentence").inner_text()
    assert words.endswith("Your text is kept.")
    assert_no_holes(words)
    expect(page.locator("#text")).to_have_value(text)
    expect(page.locator("#chart button").first).to_be_disabled()
    page.unroute(PREDICT)
    # By itself it may have been asked again already, and answered.
    page.evaluate("document.querySelector('#again:not([hidden]), #stop:not([hidden])')?.click()")
    visitor.ask(text)
    expect(page.locator("#chart .top")).to_be_enabled()


JUDGED = [name for name in REPLIES if not name.startswith("200 ") or name[4:] in ("null", "list", "empty", "page")]


@pytest.mark.parametrize("name", [*JUDGED, "no network"])
def test_a_judgement(visitor: Visitor, name: str) -> None:
    page = visitor.page
    page.route(JUDGE, answered(visitor, name))
    text = unique("I was angry because he insulted me")
    visitor.ask_and_wait(text)
    visitor.say_it_is("joy")
    visitor.send_at_once()
    expect(page.locator("#outcome")).to_contain_text("Not saved")
    assert_no_holes(page.locator("#outcome").inner_text())
    entry = page.locator("#visit li").first
    expect(entry).to_contain_text("Not saved")
    assert visitor.stored(text) == []
    page.unroute(JUDGE)
    page.clock.install()
    page.reload()  # kept on the device: a new page sends it, after the moment in which it could have been taken back
    page.clock.fast_forward(10_000)
    expect(page.locator('#visit li[data-state="saved"]')).to_have_count(1)
    assert [row["sentiment"] for row in visitor.stored(text)] == ["joy"]


MATRIX = {"joy": {"joy": 3}}
FIGURES = {
    "null": "null",
    "list": "[]",
    "empty": "",
    "object": "{}",
    "models": json.dumps({"judgements": 3, "confusion": MATRIX, "models": None}),
    "confusion": json.dumps({"judgements": 3, "confusion": [1], "models": []}),
    "words": json.dumps({"judgements": 3, "confusion": {"joy": {"joy": "many"}}, "models": []}),
    "negative": json.dumps({"judgements": 3, "confusion": {"joy": {"joy": -1}}, "models": []}),
}


@pytest.mark.parametrize("name", [*(str(status) for status in STATUSES), *FIGURES, "no network"])
def test_the_figures(visitor: Visitor, name: str) -> None:
    page = visitor.page
    if name in FIGURES:
        page.route(STATS, lambda route: route.fulfill(content_type="application/json", body=FIGURES[name]))
    else:
        page.route(STATS, answered(visitor, name))
    page.reload()
    expect(page.locator("#stats")).to_contain_text("Statistics are unavailable right now.")
    assert_no_holes(page.locator("#stats").inner_text())


FILES = {"null": "null", "list": "[]", "object": "{}", "number": '{"export": "x", "bytes": "y"}'}


@pytest.mark.parametrize("name", [*(str(status) for status in STATUSES), *FILES, "no network"])
def test_the_download(visitor: Visitor, name: str) -> None:
    page = visitor.page
    if name in FILES:
        page.route(CSV, lambda route: route.fulfill(content_type="application/json", body=FILES[name]))
    else:
        page.route(CSV, answered(visitor, name))
    page.click("#download")
    if name == "401":
        expect(page.locator("#token-input")).to_be_focused()
        return
    expect(page.locator("#download-progress")).to_be_hidden()
    words = page.locator("#download-state").inner_text()
    assert words.endswith(".")
    assert_no_holes(words)
    expect(page.locator("#download")).to_be_enabled()
