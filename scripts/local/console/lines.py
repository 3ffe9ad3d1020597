"""Log lines of the last minutes, also those of one request alone, from the API to the task."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from scripts.local.console.blocks import Block, Cell, code, form, link, table
from scripts.look import logs
from scripts.stage.errors import SettingsError
from scripts.stage.session import Cloud

LINES = 200  # the newest ones
SINCE = ("5m", "15m", "1h", "1d")
_REQUEST = re.compile(r'"requestId": ?"([^"]{1,200})"')


def view(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """Log lines, newest first.

    Args:
        cloud: where.
        query: ``request`` is what a line must contain, such as a request id; ``since`` how far back.
    """
    request, since = query.get("request", ""), query.get("since") or SINCE[1]
    try:
        seconds = logs.seconds(since)
    except SettingsError:
        since, seconds = SINCE[1], logs.seconds(SINCE[1])
    found = logs.read(cloud, logs.groups(cloud), time.time() - seconds, request)
    rows = [[line.text.partition("Z ")[0], line.source, *_message(line.message)] for line in reversed(found[-LINES:])]
    note = f"{len(found)} in the last {since}" + (f", {LINES} of them shown" if len(found) > LINES else "")
    return [
        form("logs", [("request", "Request id", request, ()), ("since", "How far back", since, SINCE)], "Show"),
        table("Log lines", ("Time (UTC)", "Log", "Line", "Request"), rows, f"{note}. From FilterLogEvents."),
    ]


def _message(text: str) -> list[Cell]:
    found = _REQUEST.search(text)
    return [code(text), link("follow", "logs", request=found[1]) if found else ""]
