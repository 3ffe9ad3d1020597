"""A container of a few lines in place of the real one, which answers what a test wants. No test is in here."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from scripts import ROOT
from tests.local.running import Answer, RunningApp

APP = """
import os
from flask import Flask, request
from shared import receipts
from shared.reviews import text_id

LABELS = "anger disgust fear guilt joy sadness shame".split()

def create_app():
    app = Flask("app")

    @app.get("/healthz")
    def healthz():
        return {"status": "ok"}

    @app.post("/predict")
    def predict():
        review = request.get_json()["review"].strip()
        identity = text_id(review)
        reply = REPLY
        key = receipts.read_keys(os.environ["RECEIPT_KEY"])[0]
        said = [reply.get(name) for name in ("classification", "confidence", "model")]
        return {**reply, "receipt": receipts.issue(key, review, *said)}

    return app
"""
GUNICORN = """
import os
bind = os.environ["HOST"] + ":" + os.environ["PORT"]
worker_class = "gthread"
threads = 4
keepalive = 75
"""
# In front of an app's code: beside it, the task says that it has begun, and waits for the word to go on.
WAITS = """
import pathlib
import time

pathlib.Path("waits").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.02)
"""
GOOD = """{
    "id": identity, "review": review, "classification": "joy", "confidence": 0.9,
    "scores": dict.fromkeys(LABELS, 0.1), "model": "MODEL",
}"""


def write(folder: Path, reply: str) -> Path:
    """Make a container folder.

    Args:
        folder: where; it must not exist.
        reply: what it answers to a prediction, as a Python expression over `identity`, `review` and `LABELS`.
    """
    (folder / "sentiment").mkdir(parents=True)
    (folder / "sentiment/__init__.py").touch()
    (folder / "sentiment/app.py").write_text(APP.replace("REPLY", reply))
    (folder / "model").mkdir()
    (folder / "model/model.onnx").write_text(uuid.uuid4().hex)
    shutil.copytree(ROOT / "container/shared", folder / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "container/requirements.txt", folder)
    (folder / "gunicorn.conf.py").write_text(GUNICORN)
    return folder


def says(own: RunningApp, text: str = "hello there") -> Answer:
    """What the model answers through the front."""
    return own.request("POST", "/api/getSentiment", {"review": text})
