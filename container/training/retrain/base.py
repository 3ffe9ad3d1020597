"""The base data, where it is there: what is shown again beside judgements, and what a model must not get worse on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from training.network.ship import SPLIT_FILE
from training.texts import data


@dataclass(frozen=True)
class Base:
    """The parts of the base data; all empty where it is not there.

    Attributes:
        rows: all clean rows.
        train: what the old model has learned from.
        validation: what it was chosen on.
        test: what nothing is ever learned from or decided on.
    """

    rows: list[data.Row] = field(default_factory=list)
    train: list[data.Row] = field(default_factory=list)
    validation: list[data.Row] = field(default_factory=list)
    test: list[data.Row] = field(default_factory=list)


def read(path: Path | None, folder: Path) -> Base:
    """Read the base data and the split that the model in a folder was trained on.

    Args:
        path: ``isear.csv``; None where it is not there.
        folder: of the model.

    Raises:
        DataError: it is not that file, or the split is missing or of other data.
    """
    if path is None:
        return Base()
    rows = data.read(path)
    file = folder / SPLIT_FILE
    try:
        split = json.loads(file.read_text(encoding="utf-8"))
        keys = {part: set(split[part]) for part in ("train", "validation", "test")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise data.DataError(f"{file} does not say which rows the model was trained on: {error!r}") from error
    parts = {part: [row for row in rows if row.key in chosen] for part, chosen in keys.items()}
    return Base(rows, parts["train"], parts["validation"], parts["test"])
