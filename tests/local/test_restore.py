"""The rehearsal of a restoration: judgements get lost, the copy brings them back, and the counts are exact again."""

import json
import uuid

import pytest
from click.testing import CliRunner

from scripts.cli.main import main
from scripts.judgements.restore import _nothing_recorded, recount
from scripts.stage.errors import DeployError
from shared.counters import tally

pytestmark = pytest.mark.cloud


@pytest.fixture
def app(own):
    """A cloud whose counts no other test has parted from its judgements, as erasing a text does."""
    return own


@pytest.fixture
def run(app, monkeypatch):
    monkeypatch.setenv("STATE", str(app.state))

    def command(*arguments, code=0):
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == code, result.stderr
        return result

    return command


def judge(app, text, sentiment):
    """A prediction and a judgement about it, as the page makes them; the judgement's key."""
    said = app.request("POST", "/api/getSentiment", {"review": text}).json
    sent = {"review": text, "sentiment": sentiment, "judgement": str(uuid.uuid4()), "receipt": said["receipt"]}
    reply = app.request("POST", "/api/setSentiment", sent)
    assert reply.status == 200
    return {"id": {"S": reply.json["id"]}, "judgement": {"S": reply.json["judgement"]}}


def counts(client, table):
    """What was counted, without the zeros that changes leave behind."""
    return tally(client.scan(TableName=table)["Items"])


def test_lost_judgements_come_back_and_later_ones_stay(app, run):
    outputs = json.loads(run("outputs", "--json").stdout)
    table, client = outputs["JudgementsTableName"], app.cloud.client("dynamodb")
    marker = uuid.uuid4().hex
    lost = [judge(app, f"I was glad about {marker} and {number}", "joy") for number in range(3)]
    before = counts(client, outputs["CountsTableName"])
    # The emulator copies the table as it is at the call, whatever moment is named, so the loss comes after that.
    copied = client.restore_table_to_point_in_time

    def copy_and_lose(**arguments):
        answer = copied(**arguments)
        for key in lost:
            client.delete_item(TableName=table, Key=key)
        broken = client.scan(TableName=outputs["CountsTableName"])["Items"][0]
        client.delete_item(
            TableName=outputs["CountsTableName"], Key={name: broken[name] for name in ("model", "shard")}
        )
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.stage.session.Cloud.client", _clients(app, copy_and_lose))
        done = json.loads(run("restore", "--yes", "--json").stdout)
    assert done["put_back"] == 3
    assert all("Item" in client.get_item(TableName=table, Key=key) for key in lost)
    assert counts(client, outputs["CountsTableName"]) == before
    client.delete_table(TableName=done["copy"])


def test_counting_anew_changes_nothing_where_nothing_is_wrong(app, run):
    outputs = json.loads(run("outputs", "--json").stdout)
    judge(app, f"I was afraid of {uuid.uuid4().hex}", "fear")
    asked = {"review": f"I lost it {uuid.uuid4().hex}"}
    receipt = app.request("POST", "/api/getSentiment", asked).json["receipt"]
    for sentiment, blind in (("fear", True), ("joy", False), ("shame", False)):
        body = {**asked, "sentiment": sentiment, "receipt": receipt, "blind": blind, "judgement": str(uuid.uuid4())}
        assert app.request("POST", "/api/setSentiment", body).status == 200
    client = app.cloud.client("dynamodb")
    before = counts(client, outputs["CountsTableName"])
    kinds = {kind for counted in before.values() for kind in counted}
    assert any(kind.first for kind in kinds) and any(kind.after for kind in kinds)
    assert recount(app.cloud, outputs) == client.scan(TableName=outputs["JudgementsTableName"])["Count"]
    assert counts(client, outputs["CountsTableName"]) == before


def test_nothing_is_recorded_meanwhile_and_everything_afterwards(app):
    text = f"I was sad about {uuid.uuid4().hex}"
    with _nothing_recorded(app.cloud):
        reply = app.request("POST", "/api/setSentiment", {"review": text, "sentiment": "sadness"})
        assert reply.status >= 429, "the page keeps what is answered like this, and sends it again"
    assert app.request("POST", "/api/setSentiment", {"review": text, "sentiment": "sadness"}).status == 200


def test_a_moment_that_is_none_is_told(run):
    assert "'yesterday' is not a valid time" in run("restore", "--yes", "--to", "yesterday", code=2).stderr


def test_without_consent_nothing_happens(run):
    assert "There is no terminal to prompt on" in run("restore", code=2).stderr
    assert DeployError("x").exit_code == 1


def _clients(app, restore):
    """Clients of the orchestrator, with another way to restore."""
    real = type(app.cloud).client

    def client(cloud, service):
        made = real(cloud, service)
        if service == "dynamodb":
            made.restore_table_to_point_in_time = restore
        return made

    return client
