"""The figures and the download when they cannot be had, or not by everybody."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.steps import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

STATS, CSV = "**/getStats", "**/getcsv"


def test_figures_that_cannot_be_had_are_told(visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    visitor.page.route(STATS, lambda route: route.abort())
    visitor.page.reload()
    expect(visitor.page.locator("#stats")).to_contain_text("Fresh figures cannot be had right now.")


def test_a_private_download_asks_for_the_token(visitor: Visitor) -> None:
    page = visitor.page
    visitor.expect_failed_requests()

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer open sesame":
            route.fallback()
        else:
            route.fulfill(status=401, json={})

    page.route(CSV, guard)
    page.click("#download")
    expect(page.locator("#token-input")).to_be_focused()
    visitor.screenshot("token")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#token-state")).to_have_text("That token does not open it.")
    page.fill("#token-input", "open sesame")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.path().read_text(encoding="utf-8").startswith("id,review,sentiment")


def test_a_download_that_fails_is_told(visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    visitor.page.route(CSV, lambda route: route.fulfill(status=503, json={}))
    visitor.page.click("#download")
    expect(visitor.page.locator("#download-state")).to_contain_text("The export is busy.")
    expect(visitor.page.locator("#download-progress")).to_be_hidden()
