"""Plan, deploy, roll, rollback, scale and the rest by hand, against a laptop cloud of their own."""

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
import time
import uuid

import pytest

from scripts import ROOT
from scripts.cloudformation import templates
from scripts.stage import lock
from tests.local.small_app import GOOD, says

pytestmark = pytest.mark.cloud


def test_nothing_to_do_is_told_and_is_success(own, run):
    assert "No change." in run("plan").stdout
    assert not json.loads(run("plan", "--json").stdout)["changed"]
    result = run("deploy")
    assert result.stdout == f"Ready: {own.url}\n"
    assert "smoke test passed" in result.stderr
    assert "data: unchanged" in result.stderr


def test_a_plan_shows_the_roll_and_leaves_nothing_behind(own, run, container):
    container(GOOD)
    planned = json.loads(run("plan", "--json", code=2).stdout)["stacks"]
    (service,) = [entry for entry in planned if entry["changed"]]
    assert service["stack"] == "sentiment-local-service"
    assert "TaskDefinition" in [change["logical_id"] for change in service["changes"]]
    assert "~  TaskDefinition" in run("plan", code=2).stdout
    client = own.cloud.client("cloudformation")
    sets = client.list_change_sets(StackName="sentiment-local-service")["Summaries"]
    assert {each["ExecutionStatus"] for each in sets} <= {"EXECUTE_COMPLETE"}
    assert "MODEL" not in says(own).json["model"]


def test_a_misspelt_property_is_refused_with_its_place(own, run, tmp_path, monkeypatch):
    folder = shutil.copytree(templates.TEMPLATES_DIR, tmp_path / "templates")
    file = folder / "api.yaml"
    file.write_text(file.read_text().replace(" MaxAge:", " MaxAgee:"))
    monkeypatch.setattr(templates.load_all, "__defaults__", (folder,))
    for command in ("plan", "deploy"):
        error = " ".join(run(command, code=1).stderr.split())
        assert "rejects the stack sentiment-local-api: Unsupported property [MaxAgee]" in error
        assert "(at /Resources/HttpApi/Properties/CorsConfiguration)" in error
    assert own.request("GET", "/api/getStats").status == 200
    monkeypatch.undo()
    monkeypatch.setenv("STATE", str(own.state))
    assert "No change." in run("plan").stdout


def test_a_roll_and_the_way_back(own, run, container):
    before = says(own).json["model"]
    container(GOOD.replace("MODEL", "rolled"))
    result = run("roll")
    assert says(own).json["model"] == "rolled"
    assert "service: done" in result.stderr

    status = json.loads(run("status", "--json").stdout)
    assert status["image"] == result.stdout.split()[-1]
    assert status["model"] == "rolled"
    assert status["images"][0] == status["image"]
    assert status["deployments"][0].startswith(f"{status['revision']}  COMPLETED, 1 of 1 tasks, since ")
    assert len(status["tasks"]) == status["desired"] == 1
    assert status["tasks"][0]["revision"] == status["revision"]
    assert status["stacks"]["sentiment-local-service"] == "UPDATE_COMPLETE"
    assert "Targets of the load balancer" in run("status").stdout

    run("rollback")
    assert says(own).json["model"] == before


def test_a_roll_back_by_ecs_alone_is_noticed_and_mended(own, run):
    outputs = json.loads(run("outputs", "--json").stdout)
    status = json.loads(run("status", "--json").stdout)
    ecs = own.cloud.client("ecs")
    family, revision = status["revision"].split(":")
    other = f"{family}:{int(revision) - 1}"  # the stack knows nothing of that
    ecs.update_service(cluster=outputs["ClusterName"], service=outputs["ServiceName"], taskDefinition=other)

    result = run("deploy")
    assert f"the service runs {other}, but its stack says {status['revision']}" in result.stderr
    assert json.loads(run("status", "--json").stdout)["revision"] == status["revision"]
    assert "but its stack says" not in run("deploy").stderr


@pytest.mark.parametrize(
    "command",
    [
        ("deploy",),
        ("stacks",),
        ("roll",),
        ("promote",),
        ("rollback", "--to", "x"),
        ("site",),
        ("scale", "2"),
        ("sleep",),
        ("wake",),
        ("rotate-receipt-key", "--yes"),
        ("restore", "--yes"),
        ("forget", "--text", "never said", "--yes"),
        ("pipeline", "--repository", "example/sentiment"),
        ("destroy", "--yes"),
    ],
    ids=lambda command: command[0],
)
def test_while_one_command_holds_the_lock_no_other_changes_the_stage(own, run, command):
    changing = own.cloud
    with lock.hold(changing, "deploy"):
        result = run(*command, code=1)
    assert "Stage local is locked by " in result.stderr
    assert "(deploy, process " in result.stderr
    assert result.stdout == ""
    assert ": working" not in result.stderr


def test_whoever_only_reads_needs_no_lock(own, run, tmp_path):
    with lock.hold(own.cloud, "deploy"):
        for command in (
            ("status",),
            ("outputs",),
            ("logs",),
            ("plan",),
            ("export", "--out", str(tmp_path / "all.csv")),
        ):
            run(*command)


def test_site_waits_for_the_lock_if_it_is_told_to(own, run, monkeypatch):
    take = lock.Lock.take
    with contextlib.ExitStack() as held:
        held.enter_context(lock.hold(own.cloud, "deploy"))

        def until_told(self, wait, tell):
            def told(words):
                tell(words)
                held.close()

            take(self, wait, told)

        monkeypatch.setattr(lock.Lock, "take", until_told)
        result = run("site", "--wait", "1")
    assert "Waiting for the lock of stage local, held by " in result.stderr


def test_scaling_up_to_sleep_and_awake_again(own, run):
    assert json.loads(run("scale", "2", "--json").stdout)["running"] == 2
    assert len(json.loads(run("status", "--json").stdout)["tasks"]) == 2
    assert json.loads(run("sleep", "--json").stdout) == {
        "revision": json.loads(run("status", "--json").stdout)["revision"],
        "desired": 0,
        "running": 0,
    }
    asleep = says(own)
    assert (asleep.status, asleep.headers["retry-after"]) == (503, "3")
    assert json.loads(run("wake", "--json").stdout)["running"] == 1
    assert says(own).status == 200
    assert "No change." in run("plan").stdout


def test_a_deploy_wakes_what_sleeps(own, run):
    run("sleep")
    assert run("deploy").stdout == f"Ready: {own.url}\n"
    assert says(own).status == 200


def test_logs_show_what_the_app_said_and_can_be_narrowed(own, run):
    marker = uuid.uuid4().hex
    client = own.cloud.client("logs")
    group = json.loads(run("outputs", "--json").stdout)["LogGroupName"]
    client.create_log_stream(logGroupName=group, logStreamName=marker)
    events = [{"timestamp": int(time.time() * 1000), "message": text} for text in (f"request {marker}", "other")]
    client.put_log_events(logGroupName=group, logStreamName=marker, logEvents=events)
    found = json.loads(run("logs", "--json", "--request", marker).stdout)["lines"]
    assert [(line["source"], line["message"]) for line in found] == [("service", f"request {marker}")]
    assert "other" in run("logs").stdout
    assert "not a valid duration" in run("logs", "--since", "soon", code=2).stderr


@pytest.mark.parametrize(
    ("path", "body", "source"),
    [
        ("/api/getSentiment", {"review": "I am happy"}, "service"),
        ("/api/setSentiment", {"review": "I am happy", "sentiment": "joy"}, "api-record"),
    ],
)
def test_logs_are_narrowed_to_the_request_whose_id_its_sender_was_given(own, run, path, body, source):
    identity = own.request("POST", path, body).headers["apigw-requestid"]
    deadline = time.monotonic() + 30
    while not (found := json.loads(run("logs", "--json", "--request", identity).stdout)["lines"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # A line of the service names its task besides: "service 2adc96bc".
    assert {line["source"].partition(" ")[0] for line in found} == {source}
    assert all(json.loads(line["message"])["status"] == 200 for line in found)


def test_a_terminal_shows_the_result_below_the_tree(own):
    """Written while the tree is drawn, it would be wiped out with the tree's next picture."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts", "scale", "1", "--stage", "local"],
        cwd=ROOT,
        env={**os.environ, "STATE": str(own.state), "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError), os.fdopen(master, "rb", buffering=0) as screen:  # EIO is a terminal's end
        while part := screen.read(65_536):
            shown += part
    assert process.wait(60) == 0
    _, cursor_is_back, below = shown.rpartition(b"\x1b[?25h")
    assert cursor_is_back
    assert b"1 of 1 tasks run" in below


def test_doctor_finds_this_machine_fit(run):
    result = run("doctor")
    assert "PASS  credentials: account 000000000000" in result.stdout
    assert "FAIL" not in result.stdout
