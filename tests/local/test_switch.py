"""An alarm on what traffic costs closes the API, by way of topic and Lambda; `wake` opens it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from generator.catalogue import API_STAGE
from scripts.app import throttle
from scripts.cloudformation import templates
from scripts.cloudformation.stacks import collect_outputs
from scripts.stage import settings
from scripts.stage.settings import Settings, load
from tests.local.conftest import Run
from tests.local.running import RunningApp
from tests.local.test_roll import eventually


@pytest.fixture
def alarm(own: RunningApp, run: Run) -> Iterator[str]:
    """Name of the alarm on what the API's traffic costs; the API is open afterwards, whatever the test did."""
    yield collect_outputs(own.cloud)["TrafficCostsName"]
    run("wake")


Fire = Callable[[], None]


@pytest.fixture
def fire(own: RunningApp, alarm: str) -> Fire:
    """Have the API closed, as CloudWatch does once its metrics, which a laptop does not have, say so."""

    def closing() -> None:
        own.cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="31 cents")
        eventually(lambda: throttle.reason(own.cloud) != "" and limits(own) == (0.0, 0))

    return closing


@contextmanager
def stage_with(**values: Any) -> Iterator[None]:
    """Other settings than those of stages.toml."""
    changed = Settings("local", {**load("local").values, **values})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "load", lambda _stage: changed)
        yield


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


def state(app: RunningApp, alarm: str) -> str:
    """State of the alarm."""
    found = app.cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return str(found[0]["StateValue"])


def test_a_closed_api_does_not_undo_a_deployment(own: RunningApp, run: Run, alarm: str) -> None:
    own.cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="31 cents")
    eventually(lambda: limits(own) == (0.0, 0))

    done = run("stacks")
    assert "the API is closed" in done.stderr and "sentiment wake" in done.stderr
    assert limits(own) == (0.0, 0)
    assert state(own, alarm) == "ALARM"  # nothing of the API was changed


def test_a_deployment_of_another_throttle_leaves_the_api_closed(own: RunningApp, run: Run, fire: Fire) -> None:
    fire()
    with stage_with(throttle_rate=1500):
        assert "The API is closed (The API's traffic" in run("stacks").stderr
        assert limits(own) == (0.0, 0)
        run("roll")
        assert "api: unchanged" in run("deploy").stderr
        assert "The API is closed, and answers 429: The API's traffic" in run("status").stdout
        assert "No change." in run("plan").stdout
        assert (limits(own), status(own)) == ((0.0, 0), 429)
        run("wake")
        assert limits(own) == (1500.0, int(load("local").parameters["ThrottleBurst"]))
        eventually(lambda: status(own) == 200)
        assert "No change." in run("plan").stdout
    run("stacks")
    assert limits(own)[0] == float(load("local").parameters["ThrottleRate"])


def broken_api() -> AbstractContextManager[None]:
    """A template of the API whose update fails after the throttle was changed."""
    whole = templates.load_all()
    (api,) = (one for one in whole if one.stack == "api")
    link = "{Type: AWS::ApiGatewayV2::VpcLink, DependsOn: DefaultStage, Properties: {Name: wrong, SubnetIds: []}}"
    wrong = f"\nResources:\n  Wrong: {link}\n"
    assert api.body.count("\nResources:\n") == 1
    broken = templates.parse("api", api.body.replace("\nResources:\n", wrong))

    @contextmanager
    def patched() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(templates, "load_all", lambda: [broken if one.stack == "api" else one for one in whole])
            yield

    return patched()


def test_an_update_that_fails_goes_back_to_a_closed_api(own: RunningApp, run: Run, fire: Fire) -> None:
    fire()
    with stage_with(throttle_rate=1500), broken_api():
        assert "Wrong" in run("stacks", code=1).stderr
    assert limits(own) == (0.0, 0)


@pytest.mark.parametrize("fails", [False, True], ids=["an update", "an update that fails"])
def test_an_api_that_is_closed_while_it_is_deployed_stays_closed(
    own: RunningApp, run: Run, fire: Fire, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    look = throttle.is_closed

    def then_closed(*arguments: Any) -> bool:
        found = look(*arguments)
        fire()
        return found

    with stage_with(throttle_rate=1500), pytest.MonkeyPatch.context() as patched:
        patched.setattr(throttle, "is_closed", then_closed)
        if fails:
            with broken_api():
                run("stacks", code=1)
        else:
            run("stacks")
    assert limits(own) == (0.0, 0)


@pytest.mark.parametrize("left", [{"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 50}, None])
def test_wake_opens_what_is_partly_closed_and_has_the_alarm_watch_again(
    own: RunningApp, run: Run, alarm: str, fire: Fire, left: dict[str, Any] | None
) -> None:
    fire()
    wanted = throttle.own(load("local"))
    opened = {"ThrottlingRateLimit": wanted.rate, "ThrottlingBurstLimit": wanted.burst}
    own.cloud.client("apigatewayv2").update_stage(
        ApiId=collect_outputs(own.cloud)["ApiId"], StageName=API_STAGE, DefaultRouteSettings=left or opened
    )
    run("wake")
    assert limits(own) == (wanted.rate, wanted.burst)
    assert (state(own, alarm), throttle.reason(own.cloud)) == ("OK", "")
