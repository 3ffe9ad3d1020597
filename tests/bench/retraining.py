"""Retraining on 10,000, 100,000 and 1,000,000 judgements: what export and reading take, and the whole of it.

The largest takes a while; ``BENCH_MOST=100000`` leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import onnxruntime

from scripts import ROOT
from shared import csvformat
from shared.reviews import text_id
from shared.times import timestamp
from tests.bench import judgements
from tests.bench.figures import Figure
from tests.local import running

TITLE = "Retraining"
ABOUT = """\
`python -m training.retrain` on a CSV file with that many judgements, each of another text: a sentence of
tests/data/players.tsv with its label, in which two words of five are others, drawn from the model's vocabulary as often
as language has them (Zipf); one judgement every 20 seconds. Reading is the part up to texts with one answer each, in a
process of its own. The export is `sentiment export` of a laptop cloud with as many judgements, without the laptop cloud
itself. Seconds are of processor time, so that what else the machine does does not count; memory is the process's
largest, of which torch and the model are some 330 MiB where it retrains.
"""
SIZES = [size for size in (10_000, 100_000, 1_000_000) if size <= int(os.environ.get("BENCH_MOST", 1_000_000))]
OTHERS = 0.4  # share of a sentence's words that are drawn
SECONDS_APART = 20
READING = """
import sys
from pathlib import Path
from training.retrain import checkpoint, judgements
reading = judgements.Reading(checkpoint.load(Path("container/model")).tokenizer, b"1")
reading.read(Path(sys.argv[1]))
reading.thin()
"""
MEASURING = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def measure() -> Iterator[Figure]:
    """Write a file of each size, and read and learn it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "container")}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / "judgements.csv"
            write(path, size)
            how = f"{size:,} rows, {path.stat().st_size / 1e6:,.0f} MB"
            yield from _export(Path(folder) / f"export-{size}", size)
            for name, command in (
                ("reading", [sys.executable, "-c", READING, str(path)]),
                ("the whole", [sys.executable, "-m", "training.retrain", "--csv", str(path), "--out", folder]),
            ):
                more = ["--seed", "1", "--model", _model(Path(folder))] if name != "reading" else []
                seconds, mib = _run([*command, *more], environment)
                yield Figure(f"{name} of {size:,} judgements", seconds, "s", how)
                yield Figure(f"{name} of {size:,} judgements, peak memory", mib, "MiB", how)


def _export(folder: Path, size: int) -> Iterator[Figure]:
    """Export as many judgements from a laptop cloud."""
    state, target = folder / "state", folder / "judgements.csv"
    state.mkdir(parents=True)
    judgements.seed(state / "tables.db", size)
    running.READY_WITHIN = judgements.READY_SECONDS
    app = running.start_and_wait(state)
    try:
        command = [sys.executable, "-m", "scripts", "export", "--stage", "local", "--out", str(target)]
        seconds, mib = _run(command, {**os.environ, "STATE": str(state)})
    finally:
        app.close()
    how = f"{size:,} rows, {target.stat().st_size / 1e6:,.0f} MB"
    yield Figure(f"export of {size:,} judgements", seconds, "s", how)
    yield Figure(f"export of {size:,} judgements, peak memory", mib, "MiB", how)
    shutil.rmtree(folder)


def write(path: Path, size: int, seed: int = 1) -> None:
    """Write judgements as the export does.

    Args:
        path: the file.
        size: how many.
        seed: source of chance.
    """
    random = Random(seed)
    lines = (ROOT / "tests/data/players.tsv").read_text(encoding="utf-8").splitlines()
    sentences = [(text.split(), label) for label, _, text in (line.partition("\t") for line in lines)]
    words = _vocabulary()
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csvformat.header())
        for number in range(size):
            typed, label = random.choice(sentences)
            text = " ".join(
                words[int(len(words) ** random.random()) - 1] if random.random() < OTHERS else word for word in typed
            )
            row = dict.fromkeys(csvformat.COLUMNS, "") | {
                "id": text_id(text),
                "review": text,
                "sentiment": label,
                "judgement": f"00000000-0000-4000-8000-{number:012x}",
                "verdict": "revised",
                "classification": "joy",
                "confidence": "0.4",
                "model": "0123456789ab",
                "time": timestamp(start + timedelta(seconds=SECONDS_APART * number)),
                "receipt": "valid",
                "question": f"question {number}",
            }
            file.write(csvformat.write_row(row))


def _vocabulary() -> list[str]:
    """The words of the shipped model, the commonest first."""
    [path] = (ROOT / "container/model").glob("*.onnx")
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    return [word for word in metadata["vocabulary"].split("\n") if word.isalpha()]


def _model(folder: Path) -> str:
    """A copy of the shipped model, which a run may replace."""
    copy = folder / "model"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "container/model", copy)
    return str(copy)


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of processor time and the largest memory in MiB that a command took.

    Linux counts what a process held before it became another program, its parent's memory, as its own. So a small
    process starts the command and measures it.
    """
    with tempfile.TemporaryFile() as said:
        measured = subprocess.run(
            [sys.executable, "-c", MEASURING, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=said
        )
        if measured.returncode != 0:
            said.seek(0)
            raise RuntimeError(said.read()[-2000:].decode(errors="replace"))
    seconds, kib = map(float, measured.stdout.split())
    return seconds, kib / 1024
