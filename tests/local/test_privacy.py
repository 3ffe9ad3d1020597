"""What people typed: never in a log, and gone from everywhere when it is erased."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from pathlib import Path

from scripts import ROOT
from scripts.cloudformation.stacks import collect_outputs
from scripts.look import logs
from tests.local.running import RunningApp

WITHIN = 20.0  # seconds until the store has erased it, on a busy machine
TABLES = {"tables.db", "tables.db-wal"}


def files_with(folder: Path, words: str) -> list[str]:
    """Files of the state folder that hold these words in any of the ways in which JSON may write them."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and words.encode() in path.read_bytes()
    ]


def forget(app: RunningApp, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts", "forget", "--stage", "local", "--yes", "--json", *options]
    environment = {"STATE": str(app.state), "PATH": "/usr/bin:/bin", "HOME": str(app.state)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def ask_and_judge(app: RunningApp, text: str) -> str:
    """Send the text wherever a text can be sent, rightly and wrongly; the id that it is stored under."""
    reply = app.request("POST", "/api/getSentiment", {"review": text, "explain": True}).json
    body = {"review": text, "sentiment": "joy", "judgement": str(uuid.uuid4()), "receipt": reply["receipt"]}
    assert app.request("POST", "/api/setSentiment", body).json["verdict"] != "unprompted"
    app.request("POST", "/api/setSentiment", {**body, "sentiment": "fear"})  # a conflict
    app.request("POST", "/api/setSentiment", {**body, "receipt": text, "judgement": str(uuid.uuid4())})
    for path in ("/api/getSentiment", "/api/setSentiment"):
        app.request("POST", path, {"review": text * 400, "sentiment": text, text: text})
        app.request("POST", path, f'{{"review": "{text}'.encode())
        app.request("POST", path, {"review": text, "sentiment": "joy"}, {"Content-Type": f"text/{text[-12:]}"})
    assert text.encode() in app.request("GET", "/api/getcsv").body
    return str(reply["id"])


def test_no_log_holds_what_people_type(app: RunningApp) -> None:
    canary = f"canary {uuid.uuid4()}"
    ask_and_judge(app, canary)
    written = [line.text for line in logs.read(app.cloud, logs.groups(app.cloud), 0, "")]
    assert any("/predict" in line for line in written), "the logs that are looked through hold no request"
    assert [line for line in written if canary in line] == []
    assert set(files_with(app.state, canary)) - TABLES == set()
    assert not [line for line in app.said if canary in line]


def test_an_erased_text_is_nowhere_any_more(app: RunningApp, tmp_path: Path) -> None:
    canary, other = f"canary {uuid.uuid4()}", f"canary {uuid.uuid4()}"
    text_id = ask_and_judge(app, canary)
    ask_and_judge(app, other)
    outputs = collect_outputs(app.cloud)
    client = app.cloud.client("s3")
    client.put_object(Bucket=outputs["ExportBucketName"], Key="exports/1/sentiment.csv", Body=canary.encode())
    copy = tmp_path / "copy.csv"
    copy.write_bytes(app.request("GET", "/api/getcsv").body)
    kept = client.list_object_versions(Bucket=outputs["ExportBucketName"]).get("Versions", [])  # other tests' too
    before = app.request("GET", "/api/getStats").json["judgements"]
    known = (ROOT / "container/training/retrain/forgotten.tsv").read_text()
    try:
        done = forget(app, "--text", canary, "--csv", str(copy))
        assert done.returncode == 0, done.stderr
        assert text_id in (ROOT / "container/training/retrain/forgotten.tsv").read_text()
    finally:
        (ROOT / "container/training/retrain/forgotten.tsv").write_text(known)
    told = json.loads(done.stdout)
    assert (told["id"], told["judgements"], told["exports"]) == (text_id, 2, len(kept))
    assert str(copy) in told["files"]

    exported = app.request("GET", "/api/getcsv").body
    assert canary.encode() not in exported
    assert other.encode() in exported
    assert canary not in copy.read_text() and other in copy.read_text()
    assert "Contents" not in client.list_objects_v2(Bucket=outputs["ExportBucketName"])
    assert app.request("GET", "/api/getStats").json["judgements"] == before
    deadline = time.monotonic() + WITHIN
    while files_with(app.state, canary):
        assert time.monotonic() < deadline, files_with(app.state, canary)
        time.sleep(0.1)
    assert set(files_with(app.state, other)) - TABLES == set()
