"""Figures over splits, from answers that were kept."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from training import LABELS
from training.evaluation import metrics, robustness, seeds
from training.texts import data

TEXTS = 400


class Unsure:
    """Right four times in five, and says so with the given confidence."""

    threshold = 0.5

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence

    def predict(self, texts: Sequence[str]) -> metrics.Floats:
        rest = (1 - self.confidence) / (len(LABELS) - 1)
        found = np.full((len(texts), len(LABELS)), rest, np.float32)
        for row, text in enumerate(texts):
            label, _, number = text.partition(" ")
            place = LABELS.index(label) if label in LABELS else 0
            found[row, (place + (number.isdigit() and int(number) % 5 == 0)) % len(LABELS)] = self.confidence
        return found


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[data.Row]:
    random = Random(0)
    made = [data.Row(f"k{n}", f"{(label := random.choice(LABELS))} {n}", label, {}) for n in range(TEXTS)]
    keys = [row.key for row in made]
    splits = {seed: {"validation": " ".join(keys[:200]), "test": " ".join(keys[200:])} for seed in ("0", "1")}
    (tmp_path / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    monkeypatch.setattr(seeds, "SPLITS", tmp_path / "splits.json")
    monkeypatch.setattr(robustness, "out_of_domain", lambda: [("joy", "joy 1"), ("none", "it is")])
    return made


@pytest.mark.parametrize(("confidence", "least", "most"), [(0.95, 1.3, 1.5), (0.8, 0.97, 1.03), (0.6, 0.5, 0.8)])
def test_validation_parts_together_say_how_sure_to_be(
    confidence: float, least: float, most: float, rows: list[data.Row], tmp_path: Path
) -> None:
    models: dict[int, seeds.Answering] = {0: Unsure(confidence), 1: Unsure(confidence)}
    seeds.keep(tmp_path / "answers.npz", models, {0: Unsure(0.9)}, rows)
    found = seeds.figures(tmp_path / "answers.npz", rows)
    assert least <= found["temperature"] <= most
    assert {*found["seeds"]} == {"0", "1"} and {*found["gains"]} == {"0"}
    assert found["seeds"]["1"]["accuracy"] == pytest.approx(0.8)
    assert found["seeds"]["0"]["out_of_domain"] == 1.0
    seeds.keep(tmp_path / "answers.npz", models, {}, rows)
    assert seeds.figures(tmp_path / "answers.npz", rows) == found


def test_without_answers_nothing_is_said(rows: list[data.Row], tmp_path: Path) -> None:
    assert seeds.figures(tmp_path / "none.npz", rows) == {"seeds": {}, "gains": {}, "temperature": 1.0}


def test_a_row_that_is_missing_is_named(rows: list[data.Row]) -> None:
    with pytest.raises(data.DataError, match="k0"):
        seeds.part(rows[1:], 0, "validation")
