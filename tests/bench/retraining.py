"""Retraining on 10,000, 100,000 and 1,000,000 judgements, from the file to the decision."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from scripts import ROOT
from shared import csvformat
from shared.reviews import text_id
from shared.times import timestamp
from tests.bench.figures import Figure
from training import LABELS

TITLE = "Retraining"
ABOUT = """\
`python -m training.retrain` with the shipped model, on files of made judgements: texts of 5 to 25 of the model's words,
the common ones more often, one in four judged twice, one in ten a variant of one sentence, spread over months. Of more
than 40,000 texts a sample is learned from. Processor time and peak memory are the whole process's, torch included.
"""
SIZES = (10_000, 100_000, 1_000_000)
FLOOD = "the ferry left without us because the captain wanted his dinner"
START = datetime(2026, 1, 1, tzinfo=UTC)


def measure() -> Iterator[Figure]:
    """Make each file and retrain on it."""
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _retrain(Path(folder), count)


def _retrain(folder: Path, count: int) -> Iterator[Figure]:
    file, model = folder / "judgements.csv", folder / "model"
    write(file, count)
    shutil.copytree(ROOT / "container" / "model", model)
    command = ["-m", "training.retrain", "--csv", str(file), "--model", str(model), "--out", str(folder / "out")]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, *command, "--seed", "0", "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "container"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    size = f"{file.stat().st_size / 1e6:,.0f} MB"
    yield Figure(f"{count:,} judgements: processor time", after.ru_utime - before.ru_utime, "s", size)
    yield Figure(f"{count:,} judgements: by the clock", seconds, "s", f"{json.loads(done.stdout)['learned']:,} learned")
    yield Figure(f"{count:,} judgements: peak memory", after.ru_maxrss / 1024, "MB", "the largest so far")


def write(file: Path, count: int) -> None:
    """Write made judgements.

    Args:
        file: where to.
        count: how many.
    """
    from sentiment.model import Model

    random, text = Random(count), ""
    words = [word for word in Model.find(ROOT / "container" / "model")._tokenizer.vocabulary[2:] if word.isalpha()]
    with file.open("w", encoding="utf-8", newline="") as lines:
        lines.write(csvformat.header())
        for number in range(count):
            if number % 10 == 0:
                text = f"{FLOOD} {words[number % len(words)]} {number}"
            elif number % 4 or not text:
                chosen = (int(len(words) * random.random() ** 4) for _ in range(random.randrange(5, 25)))
                text = " ".join(words[place] for place in chosen)
            lines.write(
                csvformat.write_row(
                    {
                        "id": text_id(text),
                        "review": text,
                        "sentiment": random.choice(LABELS),
                        "judgement": str(uuid.UUID(int=random.getrandbits(128), version=4)),
                        "verdict": "revised",
                        "model": "0123456789ab",
                        "time": timestamp(START + timedelta(seconds=number * 20)),
                        "receipt": "valid",
                        "question": f"{random.getrandbits(64):016x}",
                    }
                )
            )
