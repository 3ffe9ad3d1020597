"""The form of log lines, times and problems, and that the logs of the gateway, service and Lambdas share their keys."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus

import pytest

from generator.stacks.api.stack import ACCESS_LOG_FIELDS
from shared import logs
from shared.problems import Problem, try_later
from shared.times import timestamp

SCHEMA = set(re.findall(r"^``(\w+)``", logs.__doc__ or "", re.MULTILINE))


def test_a_line_is_one_object_that_begins_with_time_level_and_message() -> None:
    line = logs.line("INFO", "two\nlines", {"status": 200})
    assert "\n" not in line
    assert list(json.loads(line)) == ["time", "level", "message", "status"]


def test_a_failure_is_told_by_type_and_place_without_its_message() -> None:
    try:
        int("something private")
    except ValueError as error:
        found = logs.failure(error)
    assert found["error"] == "ValueError"
    assert re.fullmatch(
        r"\['test_logs\.py:\d+ test_a_failure_is_told_by_type_and_place_without_its_message'\]", str(found["at"])
    )


def test_the_access_log_s_keys_mean_what_they_mean_elsewhere() -> None:
    assert {"requestId", "route", "status", "milliseconds"} <= ACCESS_LOG_FIELDS.keys() & SCHEMA
    # Near misses would be a second name for one thing.
    for name in ACCESS_LOG_FIELDS.keys() - SCHEMA:
        assert name.lower().replace("_", "") not in {key.lower() for key in SCHEMA}


def test_times_sort_as_texts() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert timestamp(moment) == "2026-01-31T12:00:00.000Z"
    assert timestamp(moment.astimezone(timezone(timedelta(hours=2)))) == "2026-01-31T12:00:00.000Z"
    assert timestamp(moment) < timestamp(moment + timedelta(milliseconds=1)) < timestamp()


@pytest.mark.parametrize("status", [400, 401, 404, 405, 409, 413, 415, 500, 503])
def test_a_problem_s_title_is_rfc_9110_s_whatever_the_version_of_python(status: int) -> None:
    title = Problem(status, "x").document["title"]
    assert title == ("Content Too Large" if status == 413 else HTTPStatus(status).phrase)


def test_trying_later_says_when() -> None:
    problem = try_later("Busy.", 7)
    assert (problem.status, problem.headers) == (503, {"retry-after": "7"})
