"""The last word counts, is taken back by its receipt, and does not come back: through the whole chain."""

from __future__ import annotations

import json
import uuid

import pytest
from click.testing import CliRunner

from scripts.app import receipt_keys
from scripts.cli.main import main
from scripts.judgements.restore import recount
from shared import erasure, receipts
from tests.local.running import RunningApp

pytestmark = pytest.mark.cloud


@pytest.fixture
def app(own: RunningApp) -> RunningApp:
    """A cloud whose counts no other test changes."""
    return own


@pytest.fixture
def run(app, monkeypatch):
    monkeypatch.setenv("STATE", str(app.state))

    def command(*arguments):
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == 0, result.stderr
        return result

    return command


def judge(app, said, label, **more):
    body = {"review": said["review"], "sentiment": label, "receipt": said["receipt"], "judgement": str(uuid.uuid4())}
    return app.request("POST", "/api/setSentiment", {**body, **more})


def counted(app):
    return app.request("GET", "/api/getStats").json["judgements"]


def confused(app, model):
    """How many judgements of a model's answers the confusion matrix has."""
    models = app.request("GET", "/api/getStats").json["models"]
    return sum(sum(row.values()) for one in models if one["model"] == model for row in one["confusion"].values())


def rows(client, table):
    return sum(page["Count"] for page in client.get_paginator("scan").paginate(TableName=table))


def test_what_is_withdrawn_is_nowhere_and_stays_away(app, run, tmp_path):
    other = app.request("POST", "/api/getSentiment", {"review": f"I lost my keys {uuid.uuid4().hex}"}).json
    said = app.request("POST", "/api/getSentiment", {"review": f"I won again {uuid.uuid4().hex}"}).json
    outputs = json.loads(run("outputs", "--json").stdout)
    table, client = outputs["JudgementsTableName"], app.cloud.client("dynamodb")
    recount(app.cloud, outputs)  # other tests of this cloud put rows into the table that nobody counted
    before, in_matrix, stored = counted(app), confused(app, said["model"]), rows(client, table)
    judge(app, other, "anger")
    for label in ("joy", "fear", "joy", "shame"):
        assert judge(app, said, label, **({"second": "guilt"} if label == "shame" else {})).status == 200
    assert counted(app) == before + 2
    assert confused(app, said["model"]) == in_matrix + 2
    assert rows(client, table) == stored + 5

    copied = client.restore_table_to_point_in_time

    def withdraw_after_the_copy(**arguments):
        answer = copied(**arguments)
        body = {"review": said["review"], "receipt": said["receipt"]}
        # Recording is off meanwhile, and taking back is not.
        assert app.request("POST", "/api/withdraw", body).json == {"id": said["id"], "withdrawn": 4}
        return answer

    real = type(app.cloud).client

    def clients(cloud, service):
        made = real(cloud, service)
        if service == "dynamodb":
            made.restore_table_to_point_in_time = withdraw_after_the_copy
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.stage.session.Cloud.client", clients)
        done = json.loads(run("restore", "--yes", "--json").stdout)
    assert done["put_back"] == 0
    kept = client.scan(TableName=done["copy"])["Items"]
    assert said["review"] not in {item["review"]["S"] for item in kept}, "not even in the copy"
    client.delete_table(TableName=done["copy"])
    assert said["review"].encode() not in app.request("GET", "/api/getcsv").body
    assert other["review"].encode() in app.request("GET", "/api/getcsv?raw=1").body
    assert counted(app) == before + 1
    assert confused(app, said["model"]) == in_matrix + 1
    assert rows(client, table) == stored + 1

    run("export", "--out", str(tmp_path / "all.csv"))
    erased = erasure.read_list((tmp_path / "all.csv.erased").read_text().splitlines())
    keys = receipt_keys.keys(app.cloud)
    requests = [receipts.check(one["receipt"], one["review"], keys).request_id for one in (said, other)]
    assert erasure.covered(erased, said["review"], requests[0], ""), "older exports can be read without it"
    assert not erasure.covered(erased, other["review"], requests[1], "")

    wrong = app.request("POST", "/api/withdraw", {"review": other["review"], "receipt": said["receipt"]})
    assert wrong.status == 403
