"""The lock's protocol step by step, and what it says, against moto. Races: tests/local/test_lock.py."""

import getpass
import json
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws
from moto.backends import get_backend

from scripts.stage import generations, lock
from scripts.stage.errors import LockLostError, StageLockedError
from scripts.stage.session import Cloud

ADA = {"id": "x", "who": "ada", "host": "elsewhere", "pid": 7, "command": "deploy", "since": "noon"}


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Cloud, "poll_seconds", 0.01)
    with mock_aws():
        yield


@pytest.fixture
def cloud():
    return Cloud("dev", region="us-east-1")


@pytest.fixture
def clock(monkeypatch):
    """The taker's own elapsed time, to be set by hand."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(lock, "elapsed", lambda: Clock.now)
    return Clock


def backend():
    return get_backend("ssm")["123456789012"]["us-east-1"]


def store():
    return backend()._parameters


def leave(number=1, value=None, age=0.0):
    """Leave a generation behind, of an age by the server's clock."""
    text = value if isinstance(value, str) else json.dumps(ADA if value is None else value)
    name = f"/sentiment/dev/lock/{number}"
    backend().put_parameter(name, "", text, "String", "", "", False, [], "text", None, None)
    grow_old(number, age)


def grow_old(number, seconds):
    store()[f"/sentiment/dev/lock/{number}"][-1].last_modified_date -= timedelta(seconds=seconds)


def numbers():
    return sorted(int(name.rpartition("/")[2]) for name, versions in store().items() if versions and "/lock/" in name)


def newest():
    return json.loads(store()[f"/sentiment/dev/lock/{numbers()[-1]}"][-1].value)


def refused(cloud):
    with pytest.raises(StageLockedError) as caught:
        lock.hold(cloud, "roll").__enter__()
    return caught.value


def test_who_looks_sees_who_holds_the_lock_and_who_has_left_it(cloud):
    assert lock.look(cloud) is None
    with lock.hold(cloud, "roll"):
        held = lock.look(cloud)
        assert held is not None and (held.command, held.left) == ("roll", False)
    assert lock.look(cloud) is None, "it is released"
    leave(number=9, age=61)
    held = lock.look(cloud)
    assert held is not None and (held.command, held.left) == ("deploy", True)
    assert held.by.startswith("ada@elsewhere (deploy, process 7, since noon, last heartbeat 6")


def test_who_takes_over_a_lock_says_from_whom(cloud):
    leave(age=61)
    said: list[str] = []
    with lock.hold(cloud, "roll", tell=said.append):
        pass
    assert [words.partition(" (")[0] for words in said] == [
        "Taking over the lock of stage dev, which was left by ada@elsewhere"
    ]


def test_a_second_command_is_told_who_holds_the_lock(cloud):
    with lock.hold(cloud, "deploy"):
        error = refused(Cloud("dev", region="us-east-1"))
    assert error.message.startswith(f"Stage dev is locked by {lock._user()}@{os.uname().nodename} (deploy, process ")
    assert "expires 60 seconds after its last heartbeat" in error.next_step
    with lock.hold(cloud, "roll"):  # the first has released it
        assert newest()["command"] == "roll"
    assert newest()["released"] is True


def test_stages_have_locks_of_their_own(cloud):
    with lock.hold(cloud, "deploy"), lock.hold(Cloud("prod", region="us-east-1"), "deploy"):
        pass


def test_a_lock_is_stale_by_the_servers_clock_whatever_ours_says(cloud, monkeypatch):
    leave(age=30)
    for skew in (-3600, 0, 3600):
        monkeypatch.setattr(time, "time", lambda skew=skew, real=time.time: real() + skew)
        message = refused(cloud).message
        assert re.search(r"ada@elsewhere \(deploy, process 7, since noon, last heartbeat (29|3\d) seconds", message)
        monkeypatch.undo()
    grow_old(1, 40)
    with lock.hold(cloud, "roll"):
        assert newest()["command"] == "roll"
        assert numbers()[-1] == 2


def test_a_process_id_and_a_host_name_count_for_nothing(cloud):
    """Both may be another machine's, or another container's."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    leave(value={**ADA, "host": os.uname().nodename, "pid": pid})
    assert f"ada@{os.uname().nodename} (deploy, process {pid}" in refused(cloud).message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no JSON", "locked by an unknown holder (last heartbeat"),
        ("[]", "locked by an unknown holder (last heartbeat"),
        ('{"released": "yes"}', "locked by an unknown holder (last heartbeat"),
        ('{"who": "ada", "pid": null, "beat": "soon"}', "locked by ada (last heartbeat"),
        ('{"who": {"a": 1}, "host": "\\u001b[31mred\\n", "pid": "x"}', "{'a': 1}@[31mred (process x, last heartbeat"),
    ],
)
def test_a_malformed_lock_says_what_is_known_and_goes_stale_like_any_other(cloud, value, words):
    leave(value=value)
    assert words in refused(cloud).message
    grow_old(1, 61)
    with lock.hold(cloud, "roll"):
        assert numbers()[-1] == 2


def test_what_is_no_generation_is_left_alone(cloud):
    for name in ("notes", "01", "-3", "a1"):
        cloud.client("ssm").put_parameter(Name=f"/sentiment/dev/lock/{name}", Value="x", Type="String")
    with lock.hold(cloud, "destroy") as held:
        held.remove()
    left = [name.rpartition("/")[2] for name, versions in store().items() if versions]
    assert left == ["notes", "01", "-3", "a1"]


def test_a_heartbeat_from_the_future_ends_too(cloud, clock):
    """A server's clock may be set back, the laptop's above all."""
    leave(age=-3600)
    assert "last heartbeat 0 seconds ago" in refused(cloud).message

    def tell(_words):
        clock.now += 61

    with lock.hold(cloud, "roll", 3600, tell):
        assert newest()["command"] == "roll"


def test_an_answer_without_a_date_makes_nobody_stale(cloud, monkeypatch):
    monkeypatch.setattr(generations, "server_time", lambda _answer: None)
    leave(age=3600)
    assert refused(cloud).message == "Stage dev is locked by ada@elsewhere (deploy, process 7, since noon)."


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": ""}, {"date": None}])
def test_a_date_that_cannot_be_read_is_none(headers):
    assert generations.server_time({"ResponseMetadata": {"HTTPHeaders": headers}}) is None


def test_the_servers_time_is_its_date():
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 12:00:00 GMT"}}}
    assert generations.server_time(answer) == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_wait_says_for_whom_and_ends_with_the_others_release(cloud):
    first = lock.hold(Cloud("dev", region="us-east-1"), "deploy")
    first.__enter__()
    ending = threading.Timer(0.05, first.__exit__, (None, None, None))
    said = []

    def tell(words):
        said.append(words)
        ending.start()

    with lock.hold(cloud, "roll", 30.0, tell):
        ending.join()
        assert newest()["command"] == "roll"
    assert len(said) == 1
    assert said[0].startswith("Waiting for the lock of stage dev, held by ")


def test_a_wait_has_an_end(cloud):
    leave()
    with pytest.raises(StageLockedError, match="ada@elsewhere"):
        lock.hold(cloud, "roll", 0.05).__enter__()


def test_it_is_released_after_a_failure(cloud):
    with pytest.raises(ValueError, match="x"), lock.hold(cloud, "deploy"):
        raise ValueError("x")
    assert newest()["released"] is True


def test_heartbeats_are_new_generations_and_old_ones_go(cloud, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.01)
    leave(1, age=200)
    leave(2, age=100)
    with lock.hold(cloud, "deploy"):
        deadline = time.monotonic() + 30
        while numbers()[-1] < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert numbers()[0] == 3, "stale ones are deleted, and no other"
        assert len(numbers()) >= 4
    assert numbers()[-1] >= 7


def test_each_generation_is_written_once(cloud):
    with lock.hold(cloud, "deploy") as held:
        held.beat()
        held.beat()
    with lock.hold(cloud, "roll"):
        pass
    assert numbers() == [1, 2, 3, 4, 5, 6]
    assert all(len(versions) == 1 for versions in store().values() if versions)


def test_generations_carry_the_stages_tags(cloud):
    with lock.hold(cloud, "deploy"):
        found = cloud.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/sentiment/dev/lock/1")
    assert {entry["Key"]: entry["Value"] for entry in found["TagList"]} == {"project": "sentiment", "stage": "dev"}


def test_more_than_a_page_of_generations(cloud):
    for number in range(1, 26):
        leave(number, {"released": True})
    with lock.hold(cloud, "deploy"):
        assert numbers()[-1] == 26


def change(cloud):
    cloud.client("ssm").put_parameter(Name="/changed", Value="x", Type="String", Overwrite=True)


def test_a_holder_that_lost_the_lock_changes_nothing_more_and_says_who_has_it(cloud, clock):
    with lock.hold(cloud, "deploy") as held:
        change(cloud)
        clock.now += 61
        leave(2)
        with pytest.raises(LockLostError) as caught:
            change(cloud)
        assert (
            "no heartbeat got through for 60 seconds. It is now held by ada@elsewhere (deploy" in caught.value.message
        )
        assert "continues" in caught.value.next_step
        assert cloud.client("ssm").get_parameter(Name="/changed")["Parameter"]["Version"] == 1, "reading is no change"
        for _ in range(2):  # and it stays lost
            with pytest.raises(LockLostError):
                held.check()
    assert newest() == ADA, "the other's lock is not released"
    change(cloud)  # whoever holds no lock is not held back by it


def test_a_lost_lock_that_was_released_meanwhile_is_lost_all_the_same(cloud, clock):
    with lock.hold(cloud, "deploy") as held:
        clock.now += 61
        leave(2, {**ADA, "released": True})
        with pytest.raises(LockLostError, match=r"It was taken and released again by ada@elsewhere \(deploy"):
            held.check()


def test_a_check_costs_nothing_while_nobody_can_have_taken_over(cloud, clock):
    with lock.hold(cloud, "deploy") as held:
        leave(2)  # against the protocol
        clock.now += lock.SURE_SECONDS - 1
        held.check()
        clock.now += 2
        with pytest.raises(LockLostError):
            held.check()


def test_a_check_after_a_long_pause_sends_a_heartbeat_first(cloud, clock):
    with lock.hold(cloud, "deploy") as held:
        clock.now += 3600
        held.check()
        assert numbers() == [1, 2]
        held.check()
        assert numbers() == [1, 2]


def test_one_that_slept_through_a_removal_does_not_hold_what_it_writes(cloud, clock, monkeypatch):
    """Numbers begin again at 1 after ``remove``: there the sleeper's next one is free, and would be the newest."""
    leave(1, {"released": True})
    leave(2, {"released": True})
    with lock.hold(cloud, "deploy") as sleeper:
        listings, real = [sleeper._list()], lock.Lock._list  # it sleeps between looking and writing
        monkeypatch.setattr(lock.Lock, "_list", lambda self: listings.pop() if listings else real(self))
        store().clear()
        clock.now += 3600
        leave(1)
        for _ in range(2):
            with pytest.raises(LockLostError):
                sleeper.check()
    assert numbers() == [1, 4]


def test_one_that_slept_through_a_removal_leaves_nothing(cloud, clock):
    with lock.hold(cloud, "deploy") as sleeper:
        store().clear()
        clock.now += 3600
        with pytest.raises(LockLostError, match="It was removed, as `destroy` does"):
            sleeper.check()
    assert numbers() == []


def test_a_first_taker_that_overlooked_another_does_not_hold_the_lock(cloud, monkeypatch):
    listings = [lock.Listing((), datetime.now(UTC))]
    real = lock.Lock._list
    monkeypatch.setattr(lock.Lock, "_list", lambda self: listings.pop() if listings else real(self))
    leave(5)
    refused(cloud)
    assert numbers() == [1, 5]


class Broken:
    """A client one of whose answers gets lost after the server has done what it was asked."""

    def __init__(self, client, error):
        self.client, self.error = client, error

    def __getattr__(self, name):
        return getattr(self.client, name)

    def put_parameter(self, **arguments):
        self.client.put_parameter(**arguments)
        if self.error:
            error, self.error = self.error, None
            raise error


@pytest.mark.parametrize("code", ["ParameterAlreadyExists", "TooManyUpdates"])
def test_a_write_whose_answer_was_lost_is_recognised_by_what_is_there(cloud, clock, code):
    """botocore sends a call again when no answer came; the second is told that the parameter exists."""
    held = lock.Lock(cloud, "deploy")
    held._ssm = Broken(held._ssm, ClientError({"Error": {"Code": code}}, "PutParameter"))
    held.take(0, print)
    assert numbers() == [1]
    assert held._sent == lock.NEVER, "when it got there is not known"
    held.check()
    assert numbers() == [1, 2]
    held._ssm = Broken(held._ssm, ClientError({"Error": {"Code": code}}, "PutParameter"))
    clock.now += 50
    held.check()
    assert numbers() == [1, 2, 3, 4]
    held._ssm = Broken(held._ssm, ConnectTimeoutError(endpoint_url="x"))
    clock.now += 50
    with pytest.raises(ConnectTimeoutError):
        held.check()
    with pytest.raises(LockLostError):  # not sure until a heartbeat got through
        leave(6)
        held.check()


def test_a_heartbeat_that_is_not_confirmed_proves_nothing(cloud, clock, monkeypatch):
    def listing(self):
        if numbers()[-1] > 1:
            raise ConnectTimeoutError(endpoint_url="x")
        return real(self)

    real = lock.Lock._list
    with lock.hold(cloud, "deploy") as held:
        clock.now += 50
        with monkeypatch.context() as patch:
            patch.setattr(lock.Lock, "_list", listing)
            with pytest.raises(ConnectTimeoutError):
                held.check()
        assert numbers() == [1, 2]
        leave(3)
        with pytest.raises(LockLostError):
            held.check()


def test_what_lies_unconfirmed_is_released_too(cloud):
    with lock.hold(cloud, "deploy") as held:
        held._write(held._facts)
    assert numbers() == [1, 2, 3]
    assert newest()["released"] is True


def test_removing_leaves_nothing_and_the_next_begins_again(cloud):
    with lock.hold(cloud, "destroy") as held:
        held.beat()
        held.remove()
        assert numbers() == []
        with pytest.raises(LockLostError, match="removed"):
            held.beat()
    assert numbers() == []
    with lock.hold(cloud, "deploy"):
        assert numbers() == [1]


def test_removing_deletes_the_newest_last_and_none_that_came_after(cloud, monkeypatch):
    with lock.hold(cloud, "destroy") as held:
        held.beat()
        deleted = []
        beat, delete = held.beat, held._ssm.delete_parameter

        def beat_and_pause():
            beat()
            leave(4)

        def note_and_delete(**arguments):
            deleted.append(arguments["Name"][-1])
            return delete(**arguments)

        monkeypatch.setattr(held, "beat", beat_and_pause)
        monkeypatch.setattr(held._ssm, "delete_parameter", note_and_delete)
        held.remove()
    assert deleted == ["1", "2", "3"]
    assert numbers() == [4]


def test_whoever_lost_the_lock_removes_nothing(cloud):
    with lock.hold(cloud, "destroy") as held:
        leave(2)
        with pytest.raises(LockLostError):
            held.remove()
    assert numbers() == [1, 2]


def test_a_lock_within_a_lock_is_refused_and_the_outer_one_still_guards(cloud, clock):
    with lock.hold(cloud, "deploy"):
        refused(cloud)
        clock.now += 61
        leave(2)
        with pytest.raises(LockLostError):
            change(cloud)


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no user"), ImportError("pwd")])
def test_a_user_id_without_a_name_is_told_as_it_is(monkeypatch, error):
    monkeypatch.setattr(getpass, "getuser", lambda: (_ for _ in ()).throw(error))
    assert lock._user() == f"uid {os.getuid()}"


def test_the_times_leave_room_for_heartbeats_that_get_lost_and_for_a_call_under_way():
    assert 2 * lock.BEAT_SECONDS < lock.SURE_SECONDS
    assert lock.SURE_SECONDS + 15 < lock.STALE_SECONDS
    assert timedelta(seconds=lock.STALE_SECONDS) <= timedelta(minutes=1)
