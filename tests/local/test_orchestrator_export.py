"""The export of a whole table to a file, on the laptop cloud: complete, and resumed after the worst interruption."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

from scripts import ROOT
from scripts.cloudformation.stacks import collect_outputs
from shared import csvformat

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def texts(own):
    """The reviews of a large table: several pages of each segment."""
    made = {f'{number}; "quoted",\n=1+1 {"x" * 4000}' for number in range(4000)}
    fill(own.cloud.client("dynamodb"), collect_outputs(own.cloud)["JudgementsTableName"], sorted(made))
    return made


def exported(target):
    with target.open(encoding="utf-8", newline="") as file:
        return [row["review"] for row in csvformat.read_rows(file)]


def test_an_export_that_is_killed_goes_on_where_it_was(own, texts, tmp_path):
    """Ctrl-C first, then kill -9, then to the end; each time in a process of its own."""
    target = tmp_path / "all.csv"
    command = [sys.executable, "-m", "scripts", "export", "--stage", "local", "--json", "--out", str(target)]

    def start():
        environment = {**os.environ, "STATE": str(own.state)}
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    done = 0
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        process = start()
        while rows(tmp_path) <= done and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code, said
        assert not target.exists()
        done = rows(tmp_path)
        if number == signal.SIGINT:
            assert "what was read is kept" in said
            assert "same command again" in said

    assert 0 < done < len(texts)
    process = start()
    result, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    found = exported(target)
    side = target.with_name("all.csv.sha256")
    assert json.loads(result) == {"file": str(target), "judgements": len(found), "checksum": str(side)}
    assert side.read_text() == f"{hashlib.sha256(target.read_bytes()).hexdigest()}  all.csv\n"
    assert texts <= set(found)
    assert sorted(text for text in found if text in texts) == sorted(texts), "each once"
    assert len(found) == json.loads(result)["judgements"]
    assert sorted(tmp_path.iterdir()) == [target, target.with_name("all.csv.erased"), side]


def rows(folder):
    """How many judgements an interrupted export has kept."""
    kept = 0
    for note in folder.glob("all.csv.parts/*.progress"):
        kept += json.loads(note.read_text())["rows"]
    return kept


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
