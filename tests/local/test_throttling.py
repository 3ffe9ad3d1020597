"""Whoever asks more than the stage allows gets 429 from the gateway, and may go on a moment later."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from scripts.cloudformation.stacks import collect_outputs
from scripts.stage.settings import load
from tests.local.running import RunningApp

RATE, BURST = 5.0, 3


@pytest.fixture
def throttled(app: RunningApp) -> Iterator[RunningApp]:
    """The app with a stage that lets little through; the stage's own limits come back afterwards."""
    gateway = app.cloud.client("apigatewayv2")
    api = collect_outputs(app.cloud)["ApiId"]
    own = load("local").parameters
    for rate, burst in ((RATE, BURST), (float(own["ThrottleRate"]), int(own["ThrottleBurst"]))):
        limits = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
        gateway.update_stage(ApiId=api, StageName="$default", DefaultRouteSettings=limits)
        if rate == RATE:
            yield app


def test_more_than_the_stage_allows_is_answered_429_until_there_is_room_again(throttled: RunningApp) -> None:
    time.sleep(BURST / RATE)  # until the bucket is full
    statuses = [throttled.request("GET", "/api/getStats").status for _ in range(40)]

    assert statuses[0] == 200
    assert set(statuses) == {200, 429}
    time.sleep(BURST / RATE)
    assert throttled.request("GET", "/api/getStats").status == 200


def test_a_throttled_answer_says_who_may_read_it(throttled: RunningApp) -> None:
    answers = [throttled.request("GET", "/api/getStats", headers={"origin": throttled.url}) for _ in range(40)]
    refused = next(answer for answer in answers if answer.status == 429)

    assert refused.json == {"message": "Too Many Requests"}
