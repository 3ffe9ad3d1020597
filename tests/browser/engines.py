"""Firefox and WebKit through the WebDriver commands that both speak; Chromium is in chromium.py and does far more.

Firefox takes the commands on its own Marionette socket, WebKitGTK over HTTP through WebKitWebDriver. Both come from
the system's packages, so that no driver has to be downloaded.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.local.running import free_port

ENTER = "\ue007"
PATIENCE_SECONDS = 60.0
# Identifies an element in WebDriver's JSON: https://www.w3.org/TR/webdriver2/#elements
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# The commands, as Marionette names them, and where WebDriver has them below the session.
_PLACES = {
    "Navigate": ("url", "POST"),
    "FindElement": ("element", "POST"),
    "ElementSendKeys": ("element/{id}/value", "POST"),
    "ElementClear": ("element/{id}/clear", "POST"),
    "ElementClick": ("element/{id}/click", "POST"),
    "ExecuteScript": ("execute/sync", "POST"),
    "TakeScreenshot": ("screenshot", "GET"),
}

Command = Callable[[str, dict[str, Any]], Any]


class Engine:
    """A browser window.

    Args:
        command: sends one WebDriver command with its parameters and returns its value.
    """

    def __init__(self, command: Command) -> None:
        self._command = command

    def open(self, url: str) -> None:
        self._command("Navigate", {"url": url})

    def type(self, selector: str, keys: str) -> None:
        """Replace what stands in a field, key by key."""
        element = self._find(selector)
        self._command("ElementClear", {"id": element})
        self._command("ElementSendKeys", {"id": element, "text": keys})

    def click(self, selector: str) -> None:
        self._command("ElementClick", {"id": self._find(selector)})

    def ask(self, script: str) -> Any:
        """What a script returns; it must say ``return``."""
        return self._command("ExecuteScript", {"script": script, "args": []})

    def wait_for_text(self, selector: str, beginning: str) -> str:
        """The text of an element once it begins like that.

        Raises:
            AssertionError: it never did.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            text = str(self.ask(f"return document.querySelector({json.dumps(selector)}).textContent"))
            if text.startswith(beginning):
                return text
            assert time.monotonic() < deadline, f"{selector} says {text!r}, not {beginning!r}"
            time.sleep(0.1)

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._command("TakeScreenshot", {})))

    def _find(self, selector: str) -> str:
        return str(self._command("FindElement", {"using": "css selector", "value": selector})[_ELEMENT])


def _firefox() -> str | None:
    """Debian's Firefox, or that of other systems."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Engine]:
    """A headless Firefox with a new profile in the folder."""
    port = free_port()
    (folder / "user.js").write_text(
        f'user_pref("marionette.port", {port});\nuser_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("app.normandy.enabled", false);\nuser_pref("network.captive-portal-service.enabled", false);\n'
    )
    command = [_firefox() or "firefox", "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    with _running(command, folder):
        connection = _connect(port)
        with connection, connection.makefile("rwb") as stream:
            _receive(stream)  # the greeting
            sent = iter(range(1, 10_000))

            def send(name: str, parameters: dict[str, Any]) -> Any:
                message = json.dumps([0, next(sent), f"WebDriver:{name}", parameters]).encode()
                stream.write(b"%d:%s" % (len(message), message))
                stream.flush()
                _, _, error, value = _receive(stream)
                assert error is None, error
                return value["value"] if isinstance(value, dict) and value.keys() == {"value"} else value

            send("NewSession", {})
            yield Engine(send)


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[Engine]:
    """WebKitGTK's MiniBrowser on a virtual screen."""
    port = free_port()
    driver = ["xvfb-run", "--auto-servernum", "WebKitWebDriver", "--host=127.0.0.1", f"--port={port}"]
    with _running(driver, folder):
        _connect(port).close()
        base = f"http://127.0.0.1:{port}/session"
        session = _http(base, "POST", {"capabilities": {"alwaysMatch": {}}})["sessionId"]

        def send(name: str, parameters: dict[str, Any]) -> Any:
            place, method = _PLACES[name]
            return _http(f"{base}/{session}/{place.format(**parameters)}", method, parameters)

        try:
            yield Engine(send)
        finally:
            _http(f"{base}/{session}", "DELETE", {})


def missing(name: str) -> str | None:
    """Why an engine cannot be had on this machine; None when it can."""
    programs = {"firefox": [_firefox() or "firefox"], "webkit": ["WebKitWebDriver", "xvfb-run"]}[name]
    absent = [program for program in programs if not shutil.which(program)]
    packages = {"firefox": "firefox-esr", "webkit": "webkit2gtk-driver xvfb xauth"}[name]
    return f"no {' and no '.join(absent)} (Debian: apt-get install {packages})" if absent else None


@contextlib.contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _connect(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        except OSError:
            assert time.monotonic() < deadline, "the browser does not start"
            time.sleep(0.1)


def _receive(stream: Any) -> Any:
    """One message of Marionette: its length, a colon, JSON."""
    digits = b""
    while not digits.endswith(b":"):
        digits += stream.read(1) or b":"
    return json.loads(stream.read(int(digits[:-1])))


def _http(url: str, method: str, parameters: dict[str, Any]) -> Any:
    data = json.dumps(parameters).encode() if method == "POST" else None
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as reply:
            return json.load(reply)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode(errors="replace")) from error
