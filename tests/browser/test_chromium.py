"""How the tests' Chromium is started."""

from __future__ import annotations

import psutil
import pytest
from playwright.sync_api import Browser

from tests.browser import chromium

pytestmark = pytest.mark.browser


def test_one_list_says_what_is_turned_off(browser: Browser) -> None:
    """Another Playwright has another list: then PLAYWRIGHTS has to be what it passes."""
    lines = [process.cmdline() for process in psutil.Process().children(recursive=True)]
    started = [line for line in lines if not any(argument.startswith("--type=") for argument in line)]
    assert {one for line in started for one in line if one.startswith("--disable-features=")} == {chromium.OURS}
