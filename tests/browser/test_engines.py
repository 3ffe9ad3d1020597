"""The page in the other engines: asked, approved, revised and shown in German, by real keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.csvformat import read_rows
from tests import needs
from tests.browser import engines
from tests.browser.conftest import SCREENSHOTS
from tests.browser.engines import ENTER, Engine
from tests.browser.steps import unique
from tests.local.running import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


@pytest.fixture(params=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if reason := engines.missing(request.param):
        needs.lack(f"{request.param.upper()} NOT TESTED: {reason}")
    with getattr(engines, request.param)(tmp_path) as started:
        yield started


def test_ask_approve_and_revise(engine: Engine, app: RunningApp, request: pytest.FixtureRequest) -> None:
    engine.open(app.url)
    # No answer is kept back until it is judged; Firefox runs scripts in a sandbox with a Math of its own.
    engine.ask("(window.wrappedJSObject || window).Math.random = () => 0.99; return 1")
    engine.click('[data-language="en"]')

    approved = unique("I was so happy to see my old friends again")
    engine.type("#text", approved + ENTER)
    assert engine.wait_for_text("#sentence", "This sounds like") == "This sounds like joy."
    assert engine.ask("return [...document.querySelectorAll('#chart .share')].length") == 7
    engine.click("#chart .top")
    engine.click("#another")
    assert engine.wait_for_text("#visit li", "").find("joy") >= 0

    engine.type("#text", unique("When my grandmother died I cried for days") + ENTER)
    assert engine.wait_for_text("#sentence", "This sounds like sadness") == "This sounds like sadness."
    engine.click('#chart button[data-label="guilt"]')
    engine.wait_for_text("#outcome", "Saved: guilt")
    engine.screenshot(SCREENSHOTS / f"{request.node.callspec.params['engine']}.png")

    engine.click('[data-language="de"]')
    assert engine.wait_for_text("#submit", "Fragen") == "Fragen"
    assert engine.ask("return document.documentElement.lang") == "de"
    assert engine.ask("return document.documentElement.scrollWidth <= innerWidth") is True
    exported = app.request("GET", "/api/getcsv").body.decode()
    stored = {row["review"]: row["sentiment"] for row in read_rows(exported.splitlines(keepends=True))}
    assert stored[approved] == "joy"
