"""Logs Insights in the laptop cloud: a query is applied as on AWS, or refused."""

from __future__ import annotations

import importlib
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import cloudwatch_logs

from generator.stacks.api.stack import ACCESS_LOG_FIELDS
from scripts import ROOT
from scripts.local.extensions import queries
from shared import logs as lines

NOW = int(time.time())


@pytest.fixture
def logs() -> Iterator[Any]:
    """The emulator's logs with three groups; as before afterwards."""
    fresh = importlib.reload(cloudwatch_logs)
    queries.register()
    access = dict.fromkeys(ACCESS_LOG_FIELDS, "-") | {"requestId": "b", "route": "POST /getSentiment", "status": "200"}
    wanted = {"requestId": "b", "route": "POST /predict", "status": 200, "at": ["x"], "error": None}
    other = {"requestId": "a", "route": "GET /getStats", "status": 503}
    groups = {
        "access": [json.dumps(access)],
        "service": [lines.line("INFO", "request", wanted), "no JSON", "[1]"],
        "function": [lines.line("ERROR", "request", other)],
    }
    for number, (group, messages) in enumerate(groups.items()):
        fresh._create_log_group({"logGroupName": group})
        fresh._create_log_stream({"logGroupName": group, "logStreamName": "s"})
        events = [{"timestamp": NOW * 1000 - number, "message": message} for message in messages]
        fresh._put_log_events({"logGroupName": group, "logStreamName": "s", "logEvents": events})
    yield fresh
    importlib.reload(cloudwatch_logs)


def ask(logs: Any, query: str) -> tuple[int, Any]:
    groups = ["access", "service", "function"]
    started = logs._start_query(
        {"logGroupNames": groups, "queryString": query, "startTime": NOW - 60, "endTime": NOW + 60}
    )
    if started[0] != 200:
        return started[0], json.loads(started[2])
    found = json.loads(logs._get_query_results(json.loads(started[2]))[2])["results"]
    return 200, [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in found]


def test_the_documented_query_finds_a_request_in_all_logs(logs: Any) -> None:
    page = (ROOT / "docs" / "operations" / "alarms.md").read_text()
    (query,) = re.findall(r"^```text\n(fields .*?)```", page, re.DOTALL | re.MULTILINE)
    status, rows = ask(logs, query.replace('"ID"', '"b"'))
    assert status == 200
    assert [(row["@log"], row["route"], row["status"]) for row in rows] == [
        ("service", "POST /predict", "200"),
        ("access", "POST /getSentiment", "200"),
    ]
    assert list(rows[0]) == re.findall(r"[@\w]+", query.partition("\n")[0])[1:]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fields @log | filter status = 503", ["function"]),
        ("fields @log | filter level = 'ERROR' | limit 5", ["function"]),
        ('fields @log | filter requestId = "b" | filter message = "request"', ["service"]),
        ("fields @log | filter @message like /no JSON/", ["service"]),
        ('fields @log | filter nothing = ""', []),
    ],
)
def test_lines_are_filtered_by_their_fields(logs: Any, query: str, found: list[str]) -> None:
    assert ask(logs, query) == (200, [{"@log": name} for name in found])


@pytest.mark.parametrize(
    "query",
    [
        "stats count(*) by route",
        "filter status >= 500",
        'filter requestId = "b" and status = 200',
        "fields concat(route, status)",
        "fields route | fields status",
        "sort status",
        "parse @message '*' as x",
    ],
)
def test_what_cannot_be_applied_is_refused(logs: Any, query: str) -> None:
    status, answer = ask(logs, query)
    assert (status, answer["__type"]) == (400, "MalformedQueryException")
