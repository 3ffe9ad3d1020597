"""Plan, deploy, roll, rollback, scale and the rest by hand, against a laptop cloud of their own."""

import json
import shutil
import threading
import time
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import cli, ledger
from scripts.__main__ import main
from tests.local.running import ROOT, start_and_wait

pytestmark = pytest.mark.cloud

APP = """
import hashlib
from flask import Flask, request

LABELS = "anger disgust fear guilt joy sadness shame".split()

def create_app():
    app = Flask("app")

    @app.get("/healthz")
    def healthz():
        return {"status": "ok"}

    @app.post("/predict")
    def predict():
        review = request.get_json()["review"].strip()
        identity = hashlib.md5(review.encode()).hexdigest()
        return REPLY

    return app
"""
GUNICORN = """
import os
bind = os.environ["HOST"] + ":" + os.environ["PORT"]
worker_class = "gthread"
threads = 4
keepalive = 75
"""
GOOD = """{
    "id": identity, "review": review, "classification": "joy", "confidence": 0.9,
    "scores": dict.fromkeys(LABELS, 0.1), "model": "MODEL",
}"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    running = start_and_wait(tmp_path_factory.mktemp("own") / "state")
    yield running
    running.close()


@pytest.fixture
def run(own, monkeypatch):
    """Run a command of the orchestrator against that cloud; its result, JSON understood."""
    monkeypatch.setenv("STATE", str(own.state))

    def command(*arguments, code=0):
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == code, result.stderr
        assert "Traceback" not in result.stderr
        return result

    return command


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Have the checkout's container be another one: an app of a few lines that gives a reply."""

    def make(reply):
        folder = tmp_path / uuid.uuid4().hex
        (folder / "sentiment").mkdir(parents=True)
        (folder / "sentiment/__init__.py").touch()
        (folder / "sentiment/app.py").write_text(APP.replace("REPLY", reply))
        (folder / "model").mkdir()
        (folder / "model/model.onnx").write_text(uuid.uuid4().hex)
        shutil.copy(ROOT / "container/requirements.txt", folder)
        (folder / "gunicorn.conf.py").write_text(GUNICORN)
        monkeypatch.setattr(cli, "CONTAINER_DIR", folder)
        return folder

    return make


def says(own, text="hello there"):
    return own.request("POST", "/api/getSentiment", {"review": text})


def test_nothing_to_do_is_told_and_is_success(own, run):
    assert "No change." in run("plan").stdout
    assert not any(entry["changed"] for entry in json.loads(run("plan", "--json").stdout))
    result = run("deploy")
    assert result.stdout == f"Ready: {own.url}\n"
    assert "smoke test passed" in result.stderr
    assert "data: unchanged" in result.stderr


def test_a_plan_shows_the_roll_and_leaves_nothing_behind(own, run, container):
    container(GOOD)
    planned = json.loads(run("plan", "--json", code=2).stdout)
    (service,) = [entry for entry in planned if entry["changed"]]
    assert service["stack"] == "sentiment-local-service"
    assert "TaskDefinition" in [change["logical_id"] for change in service["changes"]]
    assert "~  TaskDefinition" in run("plan", code=2).stdout
    client = own.cloud.client("cloudformation")
    sets = client.list_change_sets(StackName="sentiment-local-service")["Summaries"]
    assert {each["ExecutionStatus"] for each in sets} <= {"EXECUTE_COMPLETE"}
    assert "MODEL" not in says(own).json["model"]


def test_a_roll_and_the_way_back(own, run, container):
    before = says(own).json["model"]
    container(GOOD.replace("MODEL", "rolled"))
    result = run("roll")
    assert says(own).json["model"] == "rolled"
    assert "service: done" in result.stderr

    status = json.loads(run("status", "--json").stdout)
    assert status["image"] == result.stdout.split()[-1]
    assert len(status["tasks"]) == status["desired"] == 1
    assert status["tasks"][0]["revision"] == status["revision"]
    assert status["stacks"]["sentiment-local-service"] == "UPDATE_COMPLETE"
    assert "Targets of the load balancer" in run("status").stdout

    run("rollback")
    assert says(own).json["model"] == before


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ('{"nothing": "useful"}', "gives no prediction"),
        ("undefined_name", "status 500"),
    ],
)
def test_an_image_that_answers_wrongly_is_taken_back(own, run, container, monkeypatch, reply, words):
    monkeypatch.setattr("scripts.smoke.smoke_test.__defaults__", ("", 1.0))
    before = says(own).json["model"]
    container(reply)
    error = run("roll", code=1).stderr
    assert words in error
    assert "What ran before runs again: service." in error
    assert says(own).json["model"] == before
    container_free_plan(run, monkeypatch)


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


def test_two_at_once_the_second_says_who_is_at_it(own, run):
    with ledger.deploying(own.cloud, "deploy"):
        error = run("deploy", code=1).stderr
    assert "is at stage local already: deploy" in error
    assert "service: working" not in error


def test_scaling_up_to_sleep_and_awake_again(own, run):
    assert json.loads(run("scale", "2", "--json").stdout)["running"] == 2
    assert len(json.loads(run("status", "--json").stdout)["tasks"]) == 2
    assert json.loads(run("sleep", "--json").stdout) == {
        "revision": json.loads(run("status", "--json").stdout)["revision"],
        "desired": 0,
        "running": 0,
    }
    assert says(own).status == 503
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
    found = json.loads(run("logs", "--json", "--request", marker).stdout)
    assert [(line["source"], line["message"]) for line in found] == [("service", f"request {marker}")]
    assert "other" in run("logs").stdout
    assert "no length of time" in run("logs", "--since", "soon", code=2).stderr


def test_all_judgements_of_a_large_table_are_exported(own, run, tmp_path):
    texts = {f'{number}; "quoted",\n=1+1 {"x" * 1500}' for number in range(1500)}
    table = json.loads(run("outputs", "--json").stdout)["JudgementsTableName"]
    fill(own.cloud.client("dynamodb"), table, sorted(texts))
    target = tmp_path / "all.csv"
    result = json.loads(run("export", "--json", "--out", str(target)).stdout)
    assert result == {"file": str(target), "judgements": 1500}
    from scripts.lambdas import module

    with target.open(encoding="utf-8", newline="") as file:
        assert {row["review"] for row in module("csvformat").read_rows(file)} == texts
    assert list(tmp_path.iterdir()) == [target]


def test_doctor_finds_this_machine_fit(run):
    result = run("doctor")
    assert "PASS  credentials: account 000000000000" in result.stdout
    assert "FAIL" not in result.stdout


def fill(client, table, texts):
    def put(texts):
        for start in range(0, len(texts), 25):
            batch = [
                {
                    "PutRequest": {
                        "Item": {
                            "id": {"S": uuid.uuid4().hex},
                            "judgement": {"S": str(uuid.uuid4())},
                            "review": {"S": text},
                            "sentiment": {"S": "joy"},
                            "verdict": {"S": "unprompted"},
                            "time": {"S": "2026-01-01T00:00:00.000Z"},
                        }
                    }
                }
                for text in texts[start : start + 25]
            ]
            assert not client.batch_write_item(RequestItems={table: batch}).get("UnprocessedItems")

    threads = [threading.Thread(target=put, args=(texts[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def container_free_plan(run, monkeypatch):
    """What was taken back leaves the stack as this checkout has it."""
    monkeypatch.setattr(cli, "CONTAINER_DIR", Path(ROOT / "container"))
    assert "No change." in run("plan").stdout
