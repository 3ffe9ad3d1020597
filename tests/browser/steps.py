"""What a visitor does on the page, step by step, and what the API has stored afterwards. No test is in here."""

from __future__ import annotations

import csv
import io
import re
import urllib.request
import uuid
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, expect

PREFILLED = "I feel bad that I neglected this project for so long"
SAVED = "Saved: "
AGREE = "#chart .top"  # the button of the emotion that the model named


def unique(text: str) -> str:
    """The text with a number at its end that no other test has written; the model does not read digits."""
    return f"{text} {uuid.uuid4().int % 10**12:012}"


class Visitor:
    """One person in front of one page."""

    def __init__(self, page: Page, url: str, screenshots: Path) -> None:
        self.page = page
        self.url = url
        self.screenshots = screenshots
        self.failed_requests_expected = False
        self._complaints: list[str] = []
        # By chance some answers are kept back until the person has judged; here none is, unless a test asks for it.
        page.add_init_script("Math.random = () => 0.99")
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._complaints.append(f"uncaught: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # A page whose modules do not come does not use its settings either.
        failed_request = message.text.startswith("Failed to load resource") or "preloaded using link" in message.text
        if message.type in ("error", "warning") and not (failed_request and self.failed_requests_expected):
            self._complaints.append(f"{message.type}: {message.text}")

    def complaints(self) -> list[str]:
        return self._complaints

    def expect_failed_requests(self) -> None:
        self.failed_requests_expected = True

    # --- steps -----------------------------------------------------------------------------------------------

    def open(self, query: str = "") -> None:
        self.page.goto(f"/{query}")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        expect(self.page.locator("#chart button")).to_have_count(8)
        expect(self.page.locator("#stats")).not_to_be_empty()  # the parts that come later are there

    def ask(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def ask_and_wait(self, text: str) -> str:
        """Asks; returns the label that the model gave."""
        self.ask(text)
        expect(self.page.locator("#link")).to_be_visible()
        expect(self.page.locator(AGREE), "the model can tell").to_be_enabled()
        return self.page.locator("#sentence strong").inner_text()

    def say_it_is(self, label: str) -> None:
        self.page.locator(f'#chart button[data-label="{label}"]').click()

    def send_at_once(self) -> None:
        """Ends the moment in which a judgement can be undone."""
        self.page.click("#another")

    def outcome(self, beginning: str = SAVED) -> str:
        expect(self.page.locator("#outcome")).to_contain_text(beginning)
        return self.page.locator("#outcome").inner_text()

    def module(self, name: str) -> str:
        """The address under which the page has loaded one of its modules: the upload names it after its content."""
        loaded = self.page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
        [address] = [each for each in loaded if re.search(rf"/{name}\.[0-9a-f]+\.js$", each)]
        return str(address)

    def screenshot(self, name: str, whole: bool = True) -> None:
        """Keeps a picture of the whole page, or of the window alone: a dialog belongs to the window."""
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.screenshots / f"{name}.png", full_page=whole, timeout=90_000)

    # --- what the API has ------------------------------------------------------------------------------------

    def stored(self, text: str) -> list[dict[str, str]]:
        """Rows of the export whose review is the text."""
        with urllib.request.urlopen(f"{self.url}/api/getcsv") as response:
            rows = csv.DictReader(io.StringIO(response.read().decode("utf-8"), newline=""))
            return [row for row in rows if row["review"] == text]

    def wait_until_stored(self, text: str, tries: int = 40) -> list[dict[str, str]]:
        """Like `stored`, but gives a judgement under way time to arrive."""
        for _ in range(tries):
            if rows := self.stored(text):
                return rows
            self.page.wait_for_timeout(250)
        return []
