"""The figures and the download when they cannot be had, or not by everybody."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from scripts.cloudformation.stacks import collect_outputs
from tests.browser.steps import Visitor
from tests.local.running import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

STATS, CSV = "**/getStats", "**/getcsv"


def test_figures_that_cannot_be_had_are_told(visitor: Visitor) -> None:
    visitor.expect_failed_requests()
    visitor.page.route(STATS, lambda route: route.abort())
    visitor.page.reload()
    expect(visitor.page.locator("#stats")).to_contain_text("Statistics are unavailable right now.")


@pytest.fixture
def large_table(app: RunningApp) -> Iterator[int]:
    """More judgements than fit into one answer of a Lambda; gone again after the test."""
    client, number = app.cloud.client("dynamodb"), 2_500
    table = collect_outputs(app.cloud)["JudgementsTableName"]
    keys = [{"id": {"S": f"{i:032x}"}, "judgement": {"S": "large table"}} for i in range(number)]
    values = {"review": {"S": "long " * 390}, "sentiment": {"S": "joy"}, "verdict": {"S": "unprompted"}}
    values["time"] = {"S": "2026-01-01T00:00:00.000Z"}

    def write(requests: list[dict]) -> None:
        for start in range(0, number, 25):  # the most that DynamoDB writes at once
            client.batch_write_item(RequestItems={table: requests[start : start + 25]})

    write([{"PutRequest": {"Item": key | values}} for key in keys])
    yield number
    write([{"DeleteRequest": {"Key": key}} for key in keys])


def test_a_large_table_comes_whole_with_its_progress(visitor: Visitor, large_table: int) -> None:
    page = visitor.page
    page.evaluate(
        """() => {
            window.told = [];
            new MutationObserver(() => window.told.push(document.getElementById("download-state").textContent))
                .observe(document.getElementById("download-state"), { childList: true });
        }"""
    )
    with page.expect_download(timeout=60_000) as download:
        page.click("#download")
    with download.value.path().open(encoding="utf-8", newline="") as file:
        assert sum(row["judgement"] == "large table" for row in csv.DictReader(file)) == large_table
    told = page.evaluate("window.told")
    assert any(words.endswith("so far …") for words in told)
    assert told[-1].startswith("Downloaded: ")


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
    visitor.screenshot("token", whole=False)
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
