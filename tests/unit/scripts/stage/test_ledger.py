"""Who is deploying, and which images ran well, against moto's parameter store."""

import json
import os
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from scripts.stage import ledger
from scripts.stage.errors import StackBusyError
from scripts.stage.session import Cloud


@pytest.fixture
def ssm(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def held_by(cloud, **facts):
    holder = {"id": "x", "who": "ada", "host": "elsewhere", "pid": 1, "command": "deploy", "since": "noon"}
    value = json.dumps({**holder, "beat": time.time(), **facts})
    cloud.client("ssm").put_parameter(Name=ledger.lock_name("dev"), Value=value, Type="String")


def test_the_second_who_deploys_is_told_who_was_first(ssm):
    with ledger.deploying(ssm, "deploy"), pytest.raises(StackBusyError, match=f"{socket.gethostname()}.*deploy"):
        ledger.deploying(ssm, "roll").__enter__()
    with ledger.deploying(ssm, "roll"):  # the first has given the stage free
        pass


def test_another_machine_that_is_heard_of_keeps_the_stage(ssm):
    held_by(ssm)
    with pytest.raises(StackBusyError, match="ada@elsewhere is at stage dev already: deploy, since noon"):
        ledger.deploying(ssm, "roll").__enter__()


def test_whoever_is_no_longer_heard_of_loses_the_stage(ssm):
    held_by(ssm, beat=time.time() - ledger.STALE_SECONDS - 1)
    with ledger.deploying(ssm, "roll"):
        assert ledger._holder(ssm)["command"] == "roll"
    assert ledger._holder(ssm) == {}


def test_a_process_of_this_machine_that_has_died_loses_the_stage_at_once(ssm):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    held_by(ssm, host=socket.gethostname(), pid=pid)
    with ledger.deploying(ssm, "roll"):
        pass


def test_a_process_of_this_machine_that_lives_keeps_it(ssm):
    held_by(ssm, host=socket.gethostname(), pid=os.getpid())
    with pytest.raises(StackBusyError):
        ledger.deploying(ssm, "roll").__enter__()


def test_while_it_works_it_is_heard_of(ssm, monkeypatch):
    monkeypatch.setattr(ledger, "BEAT_SECONDS", 0.01)
    with ledger.deploying(ssm, "deploy"):
        first = ledger._holder(ssm)["beat"]
        deadline = time.monotonic() + 30
        while ledger._holder(ssm)["beat"] == first and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ledger._holder(ssm)["beat"] > first


def test_the_stage_is_given_free_after_a_failure(ssm):
    with pytest.raises(ValueError, match="x"), ledger.deploying(ssm, "deploy"):
        raise ValueError("x")
    assert ledger._holder(ssm) == {}


def test_somebody_elses_lock_is_not_given_free(ssm):
    with ledger.deploying(ssm, "deploy"):
        ssm.client("ssm").delete_parameter(Name=ledger.lock_name("dev"))
        held_by(ssm)
    assert ledger._holder(ssm)["who"] == "ada"


def test_who_has_lost_the_stage_does_not_take_it_back(ssm):
    held_by(ssm)
    beats = iter([False, True])
    over: Any = SimpleNamespace(wait=lambda _seconds: next(beats))
    ledger._beat(ssm, {"id": "mine", "who": "bob"}, over)
    assert ledger._holder(ssm)["who"] == "ada"


def test_images_that_ran_well_are_remembered_newest_first_each_once(ssm):
    assert ledger.images(ssm) == []
    ledger.remember_image(ssm, "b", before="a")
    ledger.remember_image(ssm, "c", before="b")
    ledger.remember_image(ssm, "a", before="c")
    assert ledger.images(ssm) == ["a", "c", "b"]
    for number in range(20):
        ledger.remember_image(ssm, str(number))
    assert len(ledger.images(ssm)) == ledger.HISTORY
    assert ledger.images(ssm)[0] == "19"


def test_what_is_remembered_carries_the_stages_tags_and_can_be_forgotten(ssm):
    ledger.remember_image(ssm, "a")
    found = ssm.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=ledger.history_name("dev"))
    assert {entry["Key"]: entry["Value"] for entry in found["TagList"]} == {"project": "sentiment", "stage": "dev"}
    ledger.forget(ssm)
    assert ledger.images(ssm) == []


def test_the_patient_wait_for_the_others_end(ssm, monkeypatch):
    monkeypatch.setattr(Cloud, "poll_seconds", 0.01)
    first = ledger.deploying(ssm, "deploy")
    first.__enter__()
    ending = threading.Timer(0.2, first.__exit__, (None, None, None))
    ending.start()
    with ledger.deploying(ssm, "roll", patience=30.0):
        ending.join()
        assert ledger._holder(ssm)["command"] == "roll"


def test_patience_has_an_end(ssm, monkeypatch):
    monkeypatch.setattr(Cloud, "poll_seconds", 0.01)
    held_by(ssm)
    with pytest.raises(StackBusyError, match="ada@elsewhere"):
        ledger.deploying(ssm, "roll", patience=0.05).__enter__()
