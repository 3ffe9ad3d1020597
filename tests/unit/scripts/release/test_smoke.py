"""The smoke test against an app of a few lines: it passes what works, names what does not, and leaves no trace."""

import json
import threading
import time
import uuid
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from moto import mock_aws

from generator import catalogue
from scripts.app import receipt_keys
from scripts.release import smoke
from scripts.stage.errors import InterruptedDeployError, SmokeTestError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings
from shared import counters, receipts
from shared.judgements import Judgement, Prediction, to_item
from shared.reviews import text_id
from shared.times import timestamp

OUTPUTS = {"JudgementsTableName": "judgements", "CountsTableName": "counts"}
TABLES = {"judgements": [("id", "S"), ("judgement", "S")], "counts": [("model", "S"), ("shard", "N")]}


class Server(ThreadingHTTPServer):
    """What the app answers from.

    Attributes:
        faults: what goes wrong, by path: a list of (status, body), used up one by one.
        token: that an export asks for; empty for none.
    """

    faults: dict[str, list[tuple[int, str]]]
    token = ""
    keys: tuple[str, ...]
    cloud: Cloud
    dynamodb: Any


class App(BaseHTTPRequestHandler):
    """Page and API."""

    server: Server

    def do_GET(self):
        fault = self.server.faults.get(self.path)
        if fault:  # as JSON, an export would be one that is written apart
            kind = ["text/csv"] if self.path == "/api/getcsv" else []
            self.reply(*fault.pop(0), *kind)
        elif self.path == "/":
            self.reply(200, "<!doctype html>", "text/html")
        elif self.path == "/config.json":
            self.reply(200, json.dumps({"apiUrl": "/api"}))
        elif self.path == "/api/getcsv":
            if self.server.token and self.headers["Authorization"] != f"Bearer {self.server.token}":
                self.reply(401, "{}")
                return
            rows = self.server.dynamodb.scan(TableName="judgements")["Items"]
            lines = [",".join(row[name]["S"] for name in ("id", "review", "sentiment", "model")) for row in rows]
            self.reply(200, "\r\n".join(["id,review,sentiment,model", *lines]), "text/csv")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.server.faults.get(self.path)
        if fault:
            self.reply(*fault.pop(0))
        elif self.path == "/api/getSentiment":
            scores = dict.fromkeys(catalogue.LABELS, 0.1)
            identity = text_id(body["review"])
            answer = {"id": identity, "classification": "joy", "confidence": 0.9, "scores": scores}
            shown = receipts.issue(self.server.keys[0], body["review"], "joy", 0.9, "3f2a91bc")
            self.reply(200, json.dumps({**answer, "receipt": shown}))
        else:
            proved = receipts.check(body["receipt"], body["review"], self.server.keys)
            self.server.dynamodb.put_item(TableName="judgements", Item=item(body, proved.model, proved.request_id))
            shard = counters.shard(proved.request_id)
            key = {"model": {"S": proved.model}, "shard": {"N": str(shard)}}
            self.server.dynamodb.put_item(TableName="counts", Item={**key, "joy>joy": {"N": "1"}})
            self.reply(200, json.dumps({**body, "verdict": "approved"}))

    def reply(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def item(body, model, request_id="q0123456789abcdef"):
    prediction = Prediction("joy", Decimal("0.9"), model, request_id)
    identity = body.get("judgement", str(uuid.uuid4()))
    return to_item(Judgement(identity, body["review"], body["sentiment"], timestamp(), prediction))


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        cloud = Cloud("dev", region="us-east-1")
        client = cloud.client("dynamodb")
        for table, keys in TABLES.items():
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys],
                KeySchema=[
                    {"AttributeName": name, "KeyType": kind}
                    for (name, _), kind in zip(keys, ("HASH", "RANGE"), strict=True)
                ],
            )
        server = Server(("127.0.0.1", 0), App)
        receipt_keys.ensure(cloud)
        server.keys = receipt_keys.keys(cloud)
        server.faults, server.dynamodb, server.cloud = {}, client, cloud
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        server.server_close()


UNSURE = {
    "id": text_id(catalogue.SMOKE_REVIEW),
    "classification": None,
    "scores": dict.fromkeys(catalogue.LABELS, 0.1),
}
NO_CONFIDENCE = json.dumps(UNSURE)
NO_RECEIPT = json.dumps({**UNSURE, "confidence": 0.1})
UNBELIEVED = json.dumps({"sentiment": "joy", "verdict": "unprompted"})


def run(app, api_url="/api", token="", timeout=0.0, sleep=time.sleep):
    url = f"http://127.0.0.1:{app.server_address[1]}/"
    smoke.smoke_test(url, api_url, Reporter(), app.cloud, OUTPUTS, token, timeout, sleep)


def held(app, table):
    return app.dynamodb.scan(TableName=table)["Items"]


def test_a_working_app_passes_and_nothing_is_left_of_the_test(app):
    theirs = item({"review": catalogue.SMOKE_REVIEW, "sentiment": "joy"}, "3f2a91bc")
    app.dynamodb.put_item(TableName="judgements", Item=theirs)
    run(app)
    assert held(app, "judgements") == [theirs]
    assert held(app, "counts") == []


@pytest.mark.parametrize(
    ("path", "fault", "words"),
    [
        ("/", (200, "plain"), "not HTML"),
        ("/config.json", (200, "[]"), "not a JSON object"),
        ("/config.json", (200, '{"apiUrl": "https://elsewhere"}'), "'https://elsewhere' instead of '/api'"),
        ("/api/getSentiment", (503, "no task"), "status 503: b'no task'"),
        ("/api/getSentiment", (400, "{}"), "status 400"),
        ("/api/getSentiment", (200, "{}"), "no prediction"),
        ("/api/getSentiment", (200, NO_CONFIDENCE), "no prediction"),
        ("/api/getSentiment", (200, NO_RECEIPT), "no receipt"),
        ("/api/setSentiment", (200, UNBELIEVED), "does not accept"),
        ("/api/setSentiment", (500, "boom"), "judgement does not work"),
        ("/api/setSentiment", (200, "{}"), "does not echo"),
        ("/api/getcsv", (200, "<html>"), "no CSV"),
        ("/api/getcsv", (200, "id,review,sentiment"), "lacks the judgement"),
    ],
)
def test_what_does_not_work_is_named_and_nothing_is_left(app, path, fault, words):
    app.faults[path] = [fault]
    with pytest.raises(SmokeTestError) as raised:
        run(app)
    assert words in str(raised.value)
    assert held(app, "judgements") == []
    assert held(app, "counts") == []


def test_what_only_takes_a_moment_is_waited_for(app):
    app.faults["/api/getSentiment"] = [(503, ""), (404, "")]
    run(app, timeout=30)


def test_who_does_not_want_to_wait_any_longer_may_leave(app):
    def leave(_seconds):
        raise InterruptedDeployError("left")

    app.faults["/api/getSentiment"] = [(503, "")] * 9
    with pytest.raises(InterruptedDeployError, match="left"):
        run(app, timeout=30, sleep=leave)


def test_an_app_that_does_not_answer_is_told_as_that(app):
    with pytest.raises(SmokeTestError, match="no answer"):
        smoke.smoke_test("http://127.0.0.1:1/", "/api", Reporter(), app.cloud, OUTPUTS, timeout=0)


def test_a_private_export_is_asked_for_with_its_token(app):
    app.token = "secret"
    run(app, token="secret")
    with pytest.raises(SmokeTestError, match="status 401"):
        run(app)


def test_the_token_is_read_from_the_parameter_store(app):
    settings = Settings("dev", {"export_token_parameter": "/sentiment/dev/token"})
    with pytest.raises(SmokeTestError, match="/sentiment/dev/token does not exist"):
        smoke.export_token(app.cloud, settings)
    app.cloud.client("ssm").put_parameter(Name="/sentiment/dev/token", Type="SecureString", Value="secret\n")
    assert smoke.export_token(app.cloud, settings) == "secret"
    assert smoke.export_token(app.cloud, Settings("dev", {"export_token_parameter": ""})) == ""
