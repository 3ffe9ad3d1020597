"""An alarm on what traffic costs closes the API, by way of topic and Lambda; `wake` opens it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.catalogue import API_STAGE
from scripts.cloudformation.stacks import collect_outputs
from scripts.stage.settings import load
from tests.local.conftest import Run
from tests.local.running import RunningApp
from tests.local.test_roll import eventually


@pytest.fixture
def alarm(own: RunningApp, run: Run) -> Iterator[str]:
    """Name of the alarm on what the API's traffic costs; the API is open afterwards, whatever the test did."""
    yield collect_outputs(own.cloud)["TrafficCostsName"]
    run("wake")


def limits(app: RunningApp) -> tuple[float, int]:
    """The throttle of the deployed API."""
    api = collect_outputs(app.cloud)["ApiId"]
    found = app.cloud.client("apigatewayv2").get_stage(ApiId=api, StageName=API_STAGE)["DefaultRouteSettings"]
    return float(found["ThrottlingRateLimit"]), int(found["ThrottlingBurstLimit"])


def status(app: RunningApp) -> int:
    """What a visitor's prediction is answered."""
    return app.request("POST", "/api/getSentiment", {"review": "I am happy"}).status


def test_traffic_that_costs_too_much_closes_the_api_until_wake_opens_it(own: RunningApp, run: Run, alarm: str) -> None:
    settings = load("local").parameters
    own_limits = float(settings["ThrottleRate"]), int(settings["ThrottleBurst"])
    assert (status(own), limits(own)) == (200, own_limits)

    # What CloudWatch does once its metrics, which a laptop does not have, say so.
    own.cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="31 cents")
    eventually(lambda: limits(own) == (0.0, 0))
    assert [status(own) for _ in range(5)] == [429] * 5
    assert "closed" in run("status").stdout

    assert "is open again" in run("wake").stderr
    assert limits(own) == own_limits
    eventually(lambda: status(own) == 200)
    assert "closed" not in run("status").stdout


def test_an_api_that_was_opened_is_closed_again_if_it_still_costs_too_much(
    own: RunningApp, run: Run, alarm: str
) -> None:
    for _ in range(2):
        own.cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="31 cents")
        eventually(lambda: limits(own) == (0.0, 0))
        run("wake")
        assert limits(own) != (0.0, 0)


def test_a_closed_api_does_not_undo_a_deployment(own: RunningApp, run: Run, alarm: str) -> None:
    def state() -> str:
        return str(own.cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"])

    own.cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="31 cents")
    eventually(lambda: limits(own) == (0.0, 0))

    done = run("stacks")
    assert "the API is closed" in done.stderr and "sentiment wake" in done.stderr
    assert limits(own) == (0.0, 0)
    assert state() == "ALARM"  # nothing of the API was changed
