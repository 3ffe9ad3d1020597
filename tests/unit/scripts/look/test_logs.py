"""Logs put together: in the order of time, narrowed, followed without a line twice; against moto and stubs."""

from datetime import UTC, datetime

import pytest

from scripts.look import logs
from scripts.stage.errors import SettingsError
from scripts.stage.interrupt import Interrupt

GROUPS = {"/rnn": "service", "/record": "api-record"}


def event(identity, time, message, **more):
    return {"eventId": identity, "timestamp": time, "message": message, "logStreamName": "s", **more}


def test_all_pages_of_all_logs_come_in_the_order_of_time(cloud):
    stub = cloud.stub("logs")
    stub.add_response("filter_log_events", {"events": [event("1", 3000, "third\n")], "nextToken": "n"})
    stub.add_response("filter_log_events", {"events": [event("2", 1000, "first")]})
    stub.add_response("filter_log_events", {"events": [event("3", 2000, "second")]})
    found = logs.read(cloud, GROUPS, 1.0)
    assert [line.text for line in found] == [
        "1970-01-01 00:00:01.000Z service: first",
        "1970-01-01 00:00:02.000Z api-record: second",
        "1970-01-01 00:00:03.000Z service: third",
    ]


def test_a_request_is_looked_for_literally(cloud):
    wanted = {"logGroupName": "/rnn", "startTime": 1000, "filterPattern": '"abc-1"'}
    cloud.stub("logs").add_response("filter_log_events", {"events": []}, wanted)
    assert logs.read(cloud, {"/rnn": "service"}, 1.0, 'abc"-1') == []


def test_a_log_that_nobody_has_written_to_yet_is_empty(cloud):
    cloud.stub("logs").add_client_error("filter_log_events", "ResourceNotFoundException", "no such group")
    assert logs.read(cloud, {"/rnn": "service"}, 1.0) == []


def test_a_follower_sees_each_line_once_and_late_ones_too(cloud, monkeypatch):
    monkeypatch.setattr(cloud, "now", lambda: datetime.fromtimestamp(10, UTC))
    stub = cloud.stub("logs")
    stub.add_response("filter_log_events", {"events": [event("1", 9000, "one")]})
    stub.add_response("filter_log_events", {"events": [event("2", 8000, "late"), event("1", 9000, "one")]})
    interrupt = Interrupt()
    monkeypatch.setattr(interrupt, "sleep", lambda _seconds: None)
    seen = []
    for line in logs.follow(cloud, {"/rnn": "service"}, 5.0, "", interrupt):
        seen.append(line.message)
        if line.message == "late":
            interrupt.press()
    assert seen == ["one", "late"]


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_lengths_of_time(text, expected):
    assert logs.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1.5h", "10m ", "٣m", "9" * 400 + "d"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(SettingsError, match="not a valid duration"):
        logs.seconds(text)


def test_logs_are_named_after_stack_and_part():
    assert logs._short("sentiment-dev-service", "LogGroup") == "service"
    assert logs._short("sentiment-dev-api", "RecordLog") == "api-record"
    assert logs._short("sentiment-dev-api", "AccessLog") == "api-access"
