"""Recording, counting and exporting judgements on the laptop cloud, with 10,000, 100,000 and 1,000,000 in its table."""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import json
import statistics
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts.app import receipt_keys
from scripts.local.journal import Write
from scripts.local.store import Store
from shared import receipts
from shared.reviews import text_id
from tests.bench.figures import Figure
from tests.local import running
from tests.local.running import RunningApp

TITLE = "Judgements: recording, counting, exporting"
ABOUT = """\
The laptop cloud with that many judgements in its table, each of a text of 120 characters. The export is requested as
the page requests it. Rows a second and peak memory are logged by the Lambda that writes the export, so the rate
includes the emulator's own work, which shares the machine. Every row of the file is counted, and none may occur
twice. Judgements are recorded one after another, each with a receipt; statistics are requested one after another.
"""
SIZES = (10_000, 100_000, 1_000_000)
READY_SECONDS = 900.0  # reading a million judgements takes a while
REQUESTS = 300


def measure() -> Iterator[Figure]:
    """Start the laptop cloud with each number of judgements in turn."""
    running.READY_WITHIN = READY_SECONDS
    for size in SIZES:
        yield from _measure(size)


def _measure(size: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir()
        seed(state / "tables.db", size)
        app = running.start_and_wait(state)
        try:
            yield from _record(app, size)
            yield from _stats(app, size)
            yield from _export(app, size)
        finally:
            app.close()


def seed(path: Path, size: int) -> None:
    """Write judgements and counts of three model revisions, as the laptop cloud stores them.

    Args:
        path: the laptop cloud's file of tables.
        size: how many judgements.
    """
    store, stored = Store(path, lambda error: None), threading.Event()
    for number in range(size):
        store.append([Write("sentiment-local-data/JudgementsTable", *_judgement(number))], lambda: None)
    for model in range(3):
        for shard in range(catalogue.COUNT_SHARDS):
            key = {"model": {"S": f"model-{model}"}, "shard": {"N": str(shard)}}
            counts = {f"{label}>{label}": {"N": str(size // 336)} for label in catalogue.LABELS}
            store.append([Write("sentiment-local-data/CountsTable", key, {**key, **counts})], stored.set)
    store.close()
    assert stored.is_set()


def _judgement(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    review = f"judgement {number} of a benchmark, ".ljust(120, "x")
    key = {"id": {"S": text_id(review)}, "judgement": {"S": str(uuid.UUID(int=number))}}
    label = catalogue.LABELS[number % len(catalogue.LABELS)]
    prediction = {"sentiment": label, "verdict": "approved", "classification": label, "model": f"model-{number % 3}"}
    more = {"time": "2026-01-01T00:00:00.000Z", "receipt": "valid", "question": f"{number:016x}", "review": review}
    texts = {name: {"S": value} for name, value in {**prediction, **more}.items()}
    return key, {**key, **texts, "confidence": {"N": "0.812345"}}


def _record(app: RunningApp, size: int) -> Iterator[Figure]:
    key = receipt_keys.keys(app.cloud)[0]  # once: each look-up creates a client

    def judge(number: int) -> tuple[str, str, str]:
        body = {"review": f"bench {number}", "sentiment": "joy", "judgement": str(uuid.uuid4())}
        signed = receipts.issue(key, body["review"], "joy", 0.5, "model-0")
        return "POST", "/api/setSentiment", json.dumps({**body, "receipt": signed})

    yield from _percentiles(app, f"POST /setSentiment, {size:,} judgements", judge)


def _stats(app: RunningApp, size: int) -> Iterator[Figure]:
    yield from _percentiles(app, f"GET /getStats, {size:,} judgements", lambda _: ("GET", "/api/getStats", ""))


def _percentiles(app: RunningApp, name: str, request: Callable[[int], tuple[str, str, str]]) -> Iterator[Figure]:
    milliseconds = []
    connection = http.client.HTTPConnection("127.0.0.1", app.port)
    for number in range(REQUESTS + 20):
        method, path, body = request(number)
        began = time.perf_counter()
        connection.request(method, path, body or None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}")
        if number >= 20:
            milliseconds.append((time.perf_counter() - began) * 1000)
    milliseconds.sort()
    how = f"{REQUESTS} requests, one after another, after 20 to warm up"
    yield Figure(f"{name}, p50", statistics.median(milliseconds), "ms", how)
    yield Figure(f"{name}, p95", milliseconds[int(len(milliseconds) * 0.95)], "ms", how)


def _export(app: RunningApp, size: int) -> Iterator[Figure]:
    began = time.perf_counter()
    accept = {"Accept": "application/json"}
    answer = app.request("GET", "/api/getcsv", headers=accept)
    export, asked = None, 1
    while "json" in answer.headers["content-type"] and "url" not in answer.json:
        if answer.status not in (202, 503):  # the emulator may be busy; the page retries too
            raise RuntimeError(f"the export was answered with {answer.status}: {answer.body!r}")
        export = answer.json.get("export", export)
        time.sleep(0.5)
        asked += 1
        answer = app.request("GET", f"/api/getcsv{f'?export={export}' if export else ''}", headers=accept)
    seconds = time.perf_counter() - began
    rows, size_mb = _count(answer.json["url"] if export else answer.body)
    if rows < size:
        raise RuntimeError(f"the export has {rows} rows of {size}")
    how = f"{rows:,} rows, {size_mb:,.0f} MB, each once"
    yield Figure(f"export of {size:,}, from request to download link", seconds, "s", how)
    if export:
        runs = _runs(app, export)
        wrote = sum(run["seconds"] for run in runs)
        yield Figure(f"export of {size:,}, the Lambda's rate", rows / wrote, "rows/s", f"{len(runs)} run(s)")
        yield Figure(f"export of {size:,}, the Lambda's peak", max(run["peakMiB"] for run in runs), "MiB", "its log")


def _count(source: str | bytes) -> tuple[int, float]:
    """Rows and megabytes of a CSV; raises if a row occurs twice."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else urllib.request.urlopen(source)
    seen: set[bytes] = set()
    with opened as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        length = 0
        for number, row in enumerate(csv.reader(text)):
            length += len(",".join(row)) + 2
            mark = hashlib.blake2b(f"{row[0]} {row[3]}".encode(), digest_size=8).digest()
            if mark in seen:
                raise RuntimeError(f"row {number} occurs twice")
            seen.add(mark)
    return len(seen) - 1, length / 1e6


def _runs(app: RunningApp, export: str) -> list[dict[str, Any]]:
    """What the writer logged about this export, one entry per run."""
    logs = app.cloud.client("logs")
    group = app.cloud.client("cloudformation").describe_stack_resource(
        StackName=catalogue.stack_name("local", "api"), LogicalResourceId="WriterLog"
    )["StackResourceDetail"]["PhysicalResourceId"]
    found = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            for text in event["message"].splitlines():
                if text.startswith("{") and json.loads(text).get("export") == export:
                    found.append(json.loads(text))
    return found
