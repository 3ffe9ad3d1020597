"""A text that needs care: help instead of a game, nothing to judge, nothing kept."""

from __future__ import annotations

import datetime
import json
import re
import zoneinfo
from collections.abc import Callable

import jsonschema
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.steps import Visitor
from tests.browser.test_files import SITE

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

PREDICT = "**/getSentiment"
SCORES = dict.fromkeys(("anger", "disgust", "fear", "guilt", "joy", "sadness", "shame"), 0.142857)
REPLY = {
    "id": "x",
    "review": "x",
    "classification": None,
    "confidence": 0,
    "scores": SCORES,
    "model": "m",
    "care": True,
}
TEXT = "I do not want to live any more"
LINES = json.loads((SITE / "helplines.json").read_text(encoding="utf-8"))


def asked(open_page: Callable[..., Visitor], **options: object) -> Visitor:
    visitor = open_page(**options)
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=REPLY))
    visitor.ask(TEXT)
    expect(visitor.page.locator("#care")).to_be_visible()
    return visitor


def test_there_is_help_and_nothing_to_judge(open_page: Callable[..., Visitor]) -> None:
    visitor = asked(open_page, timezone_id="Europe/London", bypass_csp=True, reduced_motion="reduce")
    page = visitor.page
    expect(page.locator("#sentence")).to_have_text("That sounds serious. You do not have to carry it alone.")
    expect(page.locator('#care a[href="tel:116123"]')).to_be_visible()
    expect(page.locator("#care")).to_contain_text("call 999")
    for judging in ("#chart", "#why", "#link", "#another", "#undo", "#reveal"):
        expect(page.locator(judging)).to_be_hidden()
    for key in ("1", "2", "Escape"):
        page.keyboard.press(key)
    page.fill("#text", TEXT)
    assert Axe().run(page).response["violations"] == []
    visitor.screenshot("care")
    assert visitor.stored(TEXT) == []


def test_the_text_is_not_kept_in_the_browser(open_page: Callable[..., Visitor]) -> None:
    page = asked(open_page).page
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "live" not in kept


@pytest.mark.parametrize(
    ("options", "number", "emergency"),
    [
        ({"timezone_id": "Europe/Berlin", "locale": "de-DE"}, "tel:08001110111", "112"),
        ({"timezone_id": "Europe/Vienna", "locale": "en-US"}, "tel:142", "112"),
        ({"timezone_id": "America/Chicago", "locale": "en-US"}, "sms:988", "911"),
        ({"timezone_id": "Asia/Tokyo", "locale": "en-NZ"}, "tel:1737", "111"),
    ],
)
def test_the_lines_are_those_of_the_country(
    open_page: Callable[..., Visitor], options: dict[str, str], number: str, emergency: str
) -> None:
    page = asked(open_page, **options).page
    expect(page.locator(f'#care a[href="{number}"]')).to_be_visible()
    expect(page.locator("#care")).to_contain_text(emergency)
    expect(page.locator("#care li").first).to_contain_text(
        re.compile(r"(found in public texts|öffentlichen Texten gefunden): 20\d\d\.")
    )


def test_elsewhere_and_without_the_file_there_is_a_way_too(open_page: Callable[..., Visitor]) -> None:
    page = asked(open_page, timezone_id="Asia/Tokyo", locale="ja-JP").page
    expect(page.locator("#care")).to_contain_text("your local emergency number")
    expect(page.locator('#care a[href="https://findahelpline.com"]')).to_be_visible()
    expect(page.locator("#care")).to_contain_text("Help lines by country:")  # and of no "other" one
    visitor = open_page()
    visitor.expect_failed_requests()
    visitor.page.route("**/helplines.json", lambda route: route.abort())
    visitor.page.route(PREDICT, lambda route: route.fulfill(json=REPLY))
    visitor.ask(TEXT)
    expect(visitor.page.locator("#care")).to_contain_text("your local emergency number")


LINE = {
    "type": "object",
    "required": ["name", "dial", "source", "seen"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "dial": {"type": "string", "pattern": r"^\d[\d ]{2,}$"},
        "text": {"type": "string", "pattern": r"^\d[\d ]{2,}$"},
        "source": {"type": "string", "pattern": "^https://"},
        "seen": {"type": "string", "pattern": r"^20\d\d$"},
        "checked": {"type": "string", "pattern": r"^20\d\d-\d\d-\d\d$"},
    },
}
COUNTRY = {
    "type": "object",
    "required": ["zones", "emergency", "lines"],
    "additionalProperties": False,
    "properties": {
        "zones": {"type": "array", "minItems": 1, "items": {"enum": sorted(zoneinfo.available_timezones())}},
        "emergency": {"type": "string", "pattern": r"^\d{3}$"},
        "lines": {"type": "array", "minItems": 1, "items": LINE},
    },
}
FILE = {
    "type": "object",
    "required": ["about", "directories", "countries"],
    "additionalProperties": False,
    "properties": {
        "about": {"type": "string"},
        "directories": {
            "type": "array",
            "minItems": 1,
            "items": {"required": ["name", "source"], "properties": {"source": {"pattern": "^https://"}}},
        },
        "countries": {"propertyNames": {"pattern": "^[A-Z]{2}$"}, "additionalProperties": COUNTRY},
    },
}
OLDEST_YEARS = 8


def lines() -> list[tuple[str, dict[str, str]]]:
    return [(code, line) for code, country in LINES["countries"].items() for line in country["lines"]]


def test_every_line_has_a_number_a_source_and_a_year() -> None:
    jsonschema.validate(LINES, FILE)


def test_no_sign_of_a_line_is_too_old_or_of_the_future() -> None:
    today = datetime.date.today()
    for _, line in lines():
        found = datetime.date.fromisoformat(line.get("checked", f"{line['seen']}-01-01"))
        assert found <= today, line
        assert today.year - found.year <= OLDEST_YEARS, f"check it, as docs/operations/help-lines.md says: {line}"


def test_the_list_of_what_has_to_be_checked_is_complete() -> None:
    page = (SITE.parent / "docs/operations/help-lines.md").read_text(encoding="utf-8")
    table = [[cell.strip() for cell in row.strip("|").split("|")] for row in page.splitlines() if row.startswith("| ")]
    listed = [(row[0], row[1], row[2], row[-1]) for row in table[1:]]
    assert listed == [
        (
            code,
            line["name"],
            line["dial"] + (f", text {line['text']}" if "text" in line else ""),
            line.get("checked", f"no; seen {line['seen']}"),
        )
        for code, line in lines()
    ]
