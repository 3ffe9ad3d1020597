"""The base data, where it is there: what is shown again beside judgements, and what a model must not get worse on."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from training.evaluation import regression
from training.network.ship import SPLIT_FILE
from training.texts import data

FEWEST = 100  # validation texts, so that a comparison on them says something


@dataclass(frozen=True)
class Base:
    """The parts of the base data; all empty where it is not there.

    Attributes:
        rows: all clean rows.
        train: what the old model has learned from.
        validation: what it was chosen on.
        test: words of the texts that nothing is ever learned from or decided on.
    """

    rows: list[data.Row] = field(default_factory=list)
    train: list[data.Row] = field(default_factory=list)
    validation: list[data.Row] = field(default_factory=list)
    test: frozenset[regression.Words] = frozenset()

    @property
    def trained(self) -> frozenset[regression.Words]:
        """Words of the texts that the old model has learned from."""
        return frozenset(regression.words(row.text) for row in self.train)

    def unseen(self, judged: Collection[regression.Words]) -> list[data.Row]:
        """Validation rows that nobody has judged, if they are enough to compare models on.

        Args:
            judged: words of the judged texts.
        """
        rows = [row for row in self.validation if regression.words(row.text) not in judged]
        return rows if len(rows) >= FEWEST else []


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
    test = frozenset(regression.words(row.text) for row in parts["test"])
    return Base(rows, parts["train"], parts["validation"], test)
