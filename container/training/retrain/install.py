"""Putting a retrained model in the old one's place, with its card: all of it or nothing. Decides nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from training.evaluation import card, evaluate
from training.texts import data

BEFORE = "before"  # subfolder of the report's folder: the model that was replaced


def install(new: Path, entry: dict[str, Any], rows: Sequence[data.Row], folder: Path, kept: Path) -> Path:
    """Replace the model of a folder, and tell of it in its card.

    Everything is prepared beside the old files first. What follows then is a handful of renames, which Ctrl-C cannot
    come between.

    Args:
        new: the retrained model's file.
        entry: what the card tells of this retraining.
        rows: all clean rows of the base data, to measure the new model on its test part; empty where it is not there.
        folder: such as ``container/model``.
        kept: where a copy of the replaced files stays.

    Returns:
        The file in its place.
    """
    old = evaluate.Artefact(folder).path
    before = kept / BEFORE
    shutil.rmtree(before, ignore_errors=True)
    shutil.copytree(folder, before)
    building = folder / ".new"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        shutil.copyfile(new, building / new.name)
        _card(entry, rows, folder, building)
        with _uninterrupted():
            for file in sorted(building.iterdir()):
                file.replace(folder / file.name)
            if old.name != new.name:
                old.unlink()
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder / new.name


def _card(entry: dict[str, Any], rows: Sequence[data.Row], folder: Path, building: Path) -> None:
    """Write figures and card of the new model, as far as the old one has any."""
    file = folder / evaluate.FIGURES_FILE
    if not file.is_file():
        return
    figures = json.loads(file.read_text(encoding="utf-8"))
    figures.setdefault("retrained", []).append(entry)
    if rows:
        shutil.copyfile(folder / evaluate.SPLIT_FILE, building / evaluate.SPLIT_FILE)
        figures["shipped"] = evaluate.figures(building, rows)
        card.picture(figures["shipped"]["confusion"], building / card.PICTURE)
    (building / file.name).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (building / card.FILE).write_text(card.render(figures), encoding="utf-8")


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold signals back that would end us, until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, lambda got, _frame: held.append(got)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for got in held:
            signal.raise_signal(got)
