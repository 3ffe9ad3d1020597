"""Where the system's Chromium is and how it is started; what the tests do with it is in the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = (
    "--no-sandbox",  # tests may run as root, where the sandbox cannot
    "--disable-gpu",
    "--disable-background-networking",  # nothing but the page under test goes over the network
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# What Playwright 1.65 turns off. Of two such arguments Chromium obeys the last, which is Playwright's, so that one is
# left out and ours has the same and three more: the parts of the address bar that are pages themselves, for which each
# page of a test started another process, half of its processor time.
PLAYWRIGHTS = (
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,msForceBrowserSignIn,msEdgeUpdateLaunchServicesPreferredVersion"
)
OURS = f"{PLAYWRIGHTS},WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup"


def find() -> str | None:
    """Path of a Chromium: $CHROMIUM, the system's, or one on the PATH; None where there is none."""
    named = [os.environ.get("CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser")]
    chrome = shutil.which("google-chrome")
    return next((path for path in [*named, chrome] if path), None)


@contextmanager
def launch(executable: str, more: Sequence[str] = ()) -> Iterator[Browser]:
    """A headless browser, closed at the end.

    Args:
        executable: path of the Chromium to start.
        more: arguments besides ours.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*ARGUMENTS, OURS, *more], ignore_default_args=[PLAYWRIGHTS]
        )
        try:
            yield browser
        finally:
            browser.close()
