"""What goes wrong with a roll, on the laptop cloud: what the operator sees, and that nothing is lost."""

import functools
import json
import os
import signal
import threading
import time
import uuid

import pytest

from scripts import ROOT
from scripts.cloudformation import follow
from scripts.image import content
from scripts.local import place
from scripts.release import smoke
from tests.local.small_app import GOOD, WAITS, says

pytestmark = pytest.mark.cloud
# Ends its container, gunicorn's master included, as soon as a file lies beside it: a crash at the test's own time.
# The file goes first: the task that ECS starts instead has the same folder, and would crash before it is healthy.
CRASHING = """
import os, signal, threading, time

def crash():
    while not os.path.exists("crash"):
        time.sleep(0.02)
    os.remove("crash")
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=crash, daemon=True).start()
"""


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ('{"nothing": "useful"}', "returns no prediction"),
        ("undefined_name", "status 500"),
    ],
)
def test_an_image_that_answers_wrongly_is_taken_back(own, run, container, monkeypatch, reply, words):
    monkeypatch.setattr(smoke, "smoke_test", functools.partial(smoke.smoke_test, timeout=1.0))
    before = says(own).json["model"]
    container(reply)
    error = run("roll", code=1).stderr
    assert words in error
    assert "Restored to the previous state: service." in error
    assert says(own).json["model"] == before
    monkeypatch.setattr(place, "CONTAINER_DIR", ROOT / "container")
    assert "No change." in run("plan").stdout  # the stack too is as this checkout has it


def test_ctrl_c_while_an_image_is_tried_does_not_stop_the_way_back(own, run, container, monkeypatch):
    before, smoke_test = says(own).json["model"], smoke.smoke_test

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        smoke_test(*arguments, **options)

    monkeypatch.setattr(smoke, "smoke_test", interrupted)
    container('{"nothing": "useful"}')
    error = run("roll", code=1).stderr
    assert "Ctrl-C: cancelling updates in progress" in error
    assert "Restored to the previous state: service." in error
    assert says(own).json["model"] == before


def test_ctrl_c_takes_back_a_roll_that_is_under_way(own, run, container, monkeypatch):
    before, cancel = says(own).json["model"], follow._cancel
    folder = container(GOOD.replace("MODEL", "cancelled"))
    (folder / "sentiment/__init__.py").write_text(WAITS)
    running = own.state / "images" / content.tag(folder)

    def interrupt():
        eventually((running / "waits").exists)
        os.kill(os.getpid(), signal.SIGINT)

    def cancel_and_go_on(work, state):
        cancel(work, state)
        (running / "go").touch()  # CloudFormation stops before the next resource, not in the middle of one

    monkeypatch.setattr(follow, "_cancel", cancel_and_go_on)
    somebody = threading.Thread(target=interrupt)
    somebody.start()
    error = run("roll", code=130).stderr
    somebody.join()
    assert "the update was cancelled; the stack is back in its previous state" in error
    assert "Run the same command again" in error
    assert says(own).json["model"] == before


def test_an_image_that_never_gets_healthy_never_gets_a_request(own, run, container):
    before = says(own).json["model"]
    folder = container(GOOD)
    (folder / "sentiment/app.py").write_text("raise RuntimeError('broken on purpose')")
    error = run("roll", code=1).stderr
    assert "Service (AWS::ECS::Service" in error
    assert "broken on purpose" in error or "Worker failed to boot" in error
    assert says(own).json["model"] == before


def test_an_image_that_does_not_exist_is_named(own, run):
    before = says(own).json["model"]
    error = run("roll", "--image", "laptop/nothing:abc", code=1).stderr
    assert "did not become steady" in error
    assert says(own).json["model"] == before


def test_an_image_that_crashes_after_a_while_is_seen_restarted_and_rolled_back(own, run, container):
    before = says(own).json["model"]
    folder = container(GOOD.replace("MODEL", "crashing"))
    app = folder / "sentiment/app.py"
    app.write_text(CRASHING + app.read_text())
    image = json.loads(run("roll", "--json").stdout)["image"]
    assert says(own).json["model"] == "crashing"  # the roll could not know

    (own.state / "images" / image.rpartition(":")[2] / "crash").touch()
    eventually(lambda: "exit code 137" in run("status").stdout)
    assert "Last stopped task: " in run("status").stdout
    eventually(lambda: "1 of 1 tasks" in run("status").stdout)
    assert says(own).json["model"] == "crashing"
    text = uuid.uuid4().hex
    assert own.request("POST", "/api/setSentiment", {"review": text, "sentiment": "joy"}).status == 200

    run("rollback")
    assert says(own).json["model"] == before
    assert text.encode() in own.request("GET", "/api/getcsv").body


def eventually(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
