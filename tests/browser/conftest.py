"""Fixtures of the browser tests: a Chromium for all, a fresh page for each test that reports what went wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.steps import Visitor
from tests.local.running import RunningApp

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
PATIENCE = 30_000  # milliseconds: an answer may need a cold start, and the machine may be busy
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def open_page(browser: Browser, app: RunningApp) -> Iterator[Callable[..., Visitor]]:
    """Opens the page in a new context: `open_page("?text=x", locale="de-DE", color_scheme="dark")`.

    At the end no page may have complained on its console or broken its Content-Security-Policy. Requests that fail
    because the test wants them to are announced by `visitor.expect_failed_requests()`.
    """
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def opened(query: str = "", **options: Any) -> Visitor:
        context = browser.new_context(**{"base_url": app.url, "locale": "en-GB", **options})
        contexts.append(context)
        context.set_default_timeout(2 * PATIENCE)
        visitor = Visitor(context.new_page(), app.url, SCREENSHOTS)
        visitors.append(visitor)
        visitor.open(query)
        return visitor

    yield opened
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints()]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visitor(open_page: Callable[..., Visitor]) -> Visitor:
    return open_page()


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page
