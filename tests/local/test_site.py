"""The site as the front serves it: pages asked for anew each time, their parts cached indefinitely, nothing missing."""

from __future__ import annotations

import re

import pytest

from tests.local.running import RunningApp


@pytest.mark.parametrize("path", ["/", "/index.html", "/error.html", "/config.json", "/nothing-here"])
def test_pages_and_configuration_are_asked_for_each_time(app: RunningApp, path: str) -> None:
    answer = app.request("GET", path)

    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"]


def test_every_part_is_named_after_its_content_and_kept_for_ever(app: RunningApp) -> None:
    todo, seen = ["index.html", "error.html"], set()
    while todo:
        key = todo.pop()
        seen.add(key)
        answer = app.request("GET", f"/{key}")
        assert answer.status == 200, key
        hashed = re.search(r"\.[0-9a-f]{12}\.\w+$", key)
        assert (answer.headers["cache-control"] == "public, max-age=31536000, immutable") is bool(hashed), key
        if answer.headers["content-type"].startswith("text/"):
            named = {name.decode() for name in re.findall(rb"[\w-]+\.[0-9a-f]{12}\.\w+", answer.body)}
            todo += sorted(named - seen - set(todo))

    assert {re.sub(r"\.[0-9a-f]{12}", "", key) for key in seen} >= {"app.js", "words.js", "styles.css", "favicon.svg"}
    assert app.request("GET", "/app.js").status == 404


def test_a_page_that_did_not_change_is_not_sent_again(app: RunningApp) -> None:
    first = app.request("GET", "/")

    assert app.request("GET", "/", headers={"If-None-Match": first.headers["etag"]}).status == 304
