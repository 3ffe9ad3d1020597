"""The page on an origin of its own (PAGE_PORT): the browser asks the API before it sends, as it does on AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.steps import Visitor, unique
from tests.local.running import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


def test_ask_judge_undo_and_download_across_origins(open_page: Callable[..., Visitor], app: RunningApp) -> None:
    visitor = open_page(base_url=app.page_url)
    page, preflights = visitor.page, list[tuple[str, str]]()
    browser = page.context.new_cdp_session(page)

    def answered(event: Any) -> None:
        if event["type"] == "Preflight":
            preflights.append((event["response"]["url"], str(event["response"]["status"])))

    browser.on("Network.responseReceived", answered)
    browser.send("Network.enable")
    page.reload()
    visitor.wait_until_ready()
    assert page.evaluate("location.origin") == app.page_url != app.url

    text = unique("I felt guilty that I was rude to the waiter")
    visitor.ask_and_wait(text)
    page.click("#why")
    expect(page.locator("#why-told")).not_to_be_empty()
    visitor.say_it_is("joy")
    visitor.send_at_once()
    visitor.outcome("Saved: joy")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["joy"]
    page.click("#undo")
    visitor.outcome("Taken back.")
    assert visitor.stored(text) == []
    with page.expect_download() as download:
        page.click("#download")
    assert "review" in download.value.path().read_text(encoding="utf-8")

    asked = {url.removeprefix(app.api_url) for url, status in preflights if status == "204"}
    assert asked >= {"/getSentiment", "/setSentiment", "/withdraw"}
    assert [status for _, status in preflights if status != "204"] == []
