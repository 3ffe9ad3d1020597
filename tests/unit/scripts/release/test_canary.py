"""What a canary's watch counts; that it runs and goes is tried on the laptop cloud: tests/local."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.app import service, throttle
from scripts.app.service import ServiceState
from scripts.cloudformation import stacks
from scripts.release import canary, comparing, images, scaling, smoke
from scripts.release.comparing import Seen
from scripts.stage.errors import CanaryError, InterruptedDeployError, SmokeTestError
from scripts.stage.settings import Settings

OUTPUTS = {"ClusterName": "c", "ServiceName": "s", "LogGroupName": "g", "SiteUrl": "http://page"}
RELEASE: Any = SimpleNamespace(
    image="new", settings=Settings("dev", {"site_api_url": "/api"}), url=lambda _: "http://page"
)


@pytest.fixture
def beside(monkeypatch):
    """A service with a task, whose stack has a canary as soon as it is told to; what it was told."""
    outputs, told = dict(OUTPUTS), []

    def set_parameters(_work, _settings, _stack, changed):
        told.append(changed["CanaryImageUri"])
        outputs.pop("CanaryName", None)
        outputs.update({"CanaryName": "canary"} if told[-1] else {})

    running = ServiceState("a:1", 1, 1, 0, 0, "COMPLETED", ())
    state = SimpleNamespace(parameters={"CanaryImageUri": ""}, kind=stacks.GOOD)
    monkeypatch.setattr(stacks, "collect_outputs", lambda _: dict(outputs))
    monkeypatch.setattr(stacks, "of_stage", lambda _: [state])
    monkeypatch.setattr(stacks, "outputs_of", lambda *_: dict(outputs))
    monkeypatch.setattr(scaling, "set_parameters", set_parameters)
    monkeypatch.setattr(service, "describe", lambda *_: running)
    monkeypatch.setattr(service, "end", lambda *_: None)
    monkeypatch.setattr(images, "current", lambda _: "old")
    monkeypatch.setattr(canary, "Watch", lambda *_: None)
    return outputs, told


def seen(monkeypatch, old, new):
    """Have the comparison see so many predictions of each."""
    monkeypatch.setattr(canary, "_compare", lambda *_: (Seen(Counter({200: old})), Seen(Counter({200: new})), []))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (500, 0), (0, 500), (500, comparing.FEWEST - 1)])
def test_a_canary_that_was_not_compared_goes_back_unless_that_is_wanted(beside, work, reporter, monkeypatch, old, new):
    seen(monkeypatch, old, new)
    with pytest.raises(CanaryError, match="Too few predictions were made to compare the canary of new") as raised:
        canary.try_out(work, RELEASE, 30)
    assert f"0 of the canary's {new} predictions failed, 0 of the others' {old}" in raised.value.message
    assert "--without-traffic" in raised.value.next_step
    assert beside[1] == ["new", ""]

    canary.try_out(work, RELEASE, 30, without_traffic=True)
    assert "was not compared" in reporter.said[-1]
    assert beside[1] == ["new", ""] * 2


def test_a_canary_that_was_compared_goes_on(beside, work, reporter, monkeypatch):
    seen(monkeypatch, comparing.FEWEST, comparing.FEWEST)
    canary.try_out(work, RELEASE, 30)
    assert "The canary was no worse" in reporter.said[-1]
    assert beside[1] == ["new", ""]


def test_what_a_killed_command_left_is_removed_before_another_canary_begins(beside, work, reporter, monkeypatch):
    beside[0]["CanaryName"] = "left"
    seen(monkeypatch, comparing.FEWEST, comparing.FEWEST)
    canary.try_out(work, RELEASE, 30)
    assert beside[1] == ["", "new", ""]
    assert "Another canary, which a killed command had left, is removed." in reporter.said


def test_a_second_ctrl_c_does_not_leave_the_canary_that_an_update_is_about_to_make(beside, work, monkeypatch):
    """The first one was pressed between two looks at the stack, so the update was not cancelled."""
    told = beside[1]

    def set_parameters(_work, _settings, _stack, changed):
        told.append(changed["CanaryImageUri"])
        if told == ["new"]:
            monkeypatch.setattr(stacks, "of_stage", lambda _: [SimpleNamespace(parameters=changed, kind=stacks.BUSY)])
            work.interrupt.press()
            work.interrupt.press()
        work.interrupt.sleep(0)

    monkeypatch.setattr(scaling, "set_parameters", set_parameters)
    with pytest.raises(InterruptedDeployError, match=r"the canary is removed, and old runs as before\.$"):
        canary.try_out(work, RELEASE, 30)
    assert told == ["new", ""]


def test_ctrl_c_while_the_canary_goes_does_not_keep_it_but_stops_what_follows(beside, work, reporter, monkeypatch):
    seen(monkeypatch, comparing.FEWEST, comparing.FEWEST)

    def end(*_):
        work.interrupt.press()
        assert not work.interrupt.stopping, "or CloudFormation's update would be cancelled, and the canary come back"
        work.interrupt.sleep(0)

    monkeypatch.setattr(service, "end", end)
    with pytest.raises(InterruptedDeployError, match="the canary is removed"):
        canary.try_out(work, RELEASE, 30)
    assert beside[1] == ["new", ""]
    assert canary.ON_CTRL_C in reporter.said


def test_two_ctrl_c_while_the_canary_goes_leave_at_once_and_say_so(beside, work, monkeypatch):
    seen(monkeypatch, comparing.FEWEST, comparing.FEWEST)
    work.interrupt.press()

    def end(*_):
        work.interrupt.press()
        work.interrupt.press()
        work.interrupt.sleep(0)

    monkeypatch.setattr(service, "end", end)
    with pytest.raises(InterruptedDeployError, match="it may still run") as raised:
        canary.try_out(work, RELEASE, 30)
    assert "`sentiment status --stage dev` shows it" in raised.value.next_step
    assert beside[1] == ["new"]


def test_a_canary_begins_only_if_the_api_is_open(beside, work, monkeypatch):
    seen(monkeypatch, 0, 0)
    monkeypatch.setattr(throttle, "is_closed", lambda *_: True)
    with pytest.raises(CanaryError, match="the API is closed") as raised:
        canary.try_out(work, RELEASE, 30)
    assert "`sentiment wake --stage dev` opens the API" in raised.value.next_step
    assert beside[1] == []
    canary.try_out(work, RELEASE, 30, without_traffic=True)
    assert beside[1] == ["new", ""], "it is still tried whether its task starts"


def test_requests_that_got_no_prediction_are_told(beside, work, monkeypatch):
    def compare(_work, _watch, asking, *_):
        asking.statuses.update({200: 3, 429: 90, 0: 27})
        return Seen(), Seen(), []

    monkeypatch.setattr(canary, "_compare", compare)
    with pytest.raises(CanaryError) as raised:
        canary.try_out(work, RELEASE, 30)
    told = "Of the 120 requests that this command sent, the API answered 27 not at all, 90 with 429."
    assert told in raised.value.message
    assert "`sentiment status --stage dev` shows whether the API works" in raised.value.next_step
    assert canary.Asking("", "", 1.0, Counter({200: 9})).lost == ""


def test_requests_are_sent_evenly_and_a_few_at_a_time(monkeypatch):
    asked = []

    def ask(*words):
        asked.append(words)
        return 200

    monkeypatch.setattr(smoke, "ask", ask)
    asking = canary.Asking("http://page", "/api", every=15.0)
    for passed, so_far in [(14, 0), (15, 1), (29, 1), (60, 4), (3600, 24), (3600, 44)]:
        asking.ask(passed)
        assert len(asked) == so_far == asking.statuses.total()
    assert {words[:2] for words in asked} == {("http://page", "/api")}
    assert {words[2] for words in asked} == set(canary.REVIEWS)


def test_a_slow_api_does_not_keep_the_watch_from_looking(monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def slow(*_):
        clock.now += 30
        return 0

    monkeypatch.setattr(canary, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(smoke, "ask", slow)
    asking = canary.Asking("http://page", "/api", every=1.0)
    asking.ask(60)
    assert asking.statuses == {0: 1}


def test_what_was_judged_before_the_api_first_answered_counts_for_neither(cloud, monkeypatch):
    told = iter([None, [("old", 100, 90), ("new", 7, 0)], None, [("old", 103, 91), ("new", 9, 2)]])

    def statistics(*_):
        models = next(told)
        if models is None:
            raise SmokeTestError("The statistics do not answer.")
        return {"models": [{"model": model, "answered": of, "right": right} for model, of, right in models]}

    monkeypatch.setattr(smoke, "statistics", statistics)
    watch = canary.Watch(cloud, "http://page", "/api")
    watch.old.models.add("old")
    watch.new.models.add("new")
    for counted in [(0, 0, 0, 0), (0, 0, 0, 0), (3, 1, 2, 2)]:
        watch._count_judgements()
        assert (watch.old.judged, watch.old.right, watch.new.judged, watch.new.right) == counted
    with pytest.raises(StopIteration):
        next(told)
