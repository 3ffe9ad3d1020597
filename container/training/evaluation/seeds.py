"""Figures over several splits: from what each split's model and its untaught baseline answered to their test texts.

The models themselves would be 45 MB; their answers are kept instead, in ``answers.npz``: for each seed probabilities of
the test rows that ``splits.json`` names, and of ``out_of_domain.tsv``, of the taught model and of its baseline; of
the former those of the validation rows too, from which the temperature was chosen. Numbers only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from training import LABELS
from training.evaluation import metrics, robustness
from training.texts import data

SPLITS = Path(data.__file__).with_name("splits.json")
SHARES = 65_535  # probabilities are kept as so many parts of one


class Answering(Protocol):
    """What answers: see ``evaluate.Artefact``."""

    threshold: float

    def predict(self, texts: Sequence[str]) -> metrics.Floats:
        """Probabilities, [texts, labels]."""


def part(rows: Sequence[data.Row], seed: int, name: str = "test") -> list[data.Row]:
    """One part of a split, as ``splits.json`` lists it.

    Args:
        rows: all clean rows.
        seed: of the split.
        name: ``test`` or ``validation``.

    Raises:
        DataError: it names rows that the data lacks.
    """
    by_key = {row.key: row for row in rows}
    keys = json.loads(SPLITS.read_text(encoding="utf-8"))[str(seed)][name].split()
    missing = [key for key in keys if key not in by_key]
    if missing:
        raise data.DataError(f"{SPLITS} names {len(missing)} rows that the data lacks, such as {missing[0]}")
    return [by_key[key] for key in keys]


def keep(file: Path, taught: dict[int, Answering], alone: dict[int, Answering], rows: Sequence[data.Row]) -> None:
    """Let models predict, and keep that; what others predicted before stays.

    Args:
        file: to write.
        taught: model of each seed.
        alone: its baseline that had no teacher.
        rows: all clean rows.
    """
    found: dict[str, Any] = {}
    if file.is_file():
        with np.load(file) as kept:
            found = {name: kept[name] for name in kept.files}
    others = [text for _, text in robustness.out_of_domain()]
    for kind, models in (("taught", taught), ("alone", alone)):
        for seed, model in models.items():
            said = model.predict([row.text for row in part(rows, seed)])
            found[f"{kind}-{seed}"] = (said * SHARES).round().astype(np.uint16)
            found[f"{kind}-{seed}-out_of_domain"] = (model.predict(others) * SHARES).round().astype(np.uint16)
            if kind == "taught":
                said = model.predict([row.text for row in part(rows, seed, "validation")])
                found[f"{kind}-{seed}-validation"] = (said * SHARES).round().astype(np.uint16)
    np.savez_compressed(file, **found)


def figures(file: Path, rows: Sequence[data.Row]) -> dict[str, Any]:
    """Main figures of each seed, and what each gained over its baseline.

    Args:
        file: what ``keep`` wrote; where there is none, nothing is said.
        rows: all clean rows.

    Returns:
        ``seeds``, ``gains``, and ``temperature``: by what logits should still be divided, going by the validation rows
        of all seeds together; 1 where the recipe's own is right.
    """
    if not file.is_file():
        return {"seeds": {}, "gains": {}, "temperature": 1.0}
    with np.load(file) as kept:
        answers = {name: kept[name].astype(np.float32) / SHARES for name in kept.files}
    seeds, gains = {}, {}
    for seed in sorted(
        int(name.removeprefix("taught-")) for name in answers if name.count("-") == 1 and "taught" in name
    ):
        truth = metrics.truth(part(rows, seed))
        said = answers[f"taught-{seed}"]
        main = metrics.summary(said, truth)
        seeds[str(seed)] = {
            key: main[key] for key in ("accuracy", "macro_f1", "calibration_error", "accuracy_at_coverage")
        } | {"out_of_domain": _out_of_domain(answers[f"taught-{seed}-out_of_domain"])}
        if f"alone-{seed}" in answers:
            baseline = answers[f"alone-{seed}"]
            gains[str(seed)] = metrics.paired(said, baseline, truth) | {
                "baseline_out_of_domain": _out_of_domain(answers[f"alone-{seed}-out_of_domain"])
            }
    return {"seeds": seeds, "gains": gains, "temperature": _temperature(answers, rows)}


def _temperature(answers: dict[str, metrics.Floats], rows: Sequence[data.Row]) -> float:
    seeds = [int(name.split("-")[1]) for name in answers if name.endswith("-validation")]
    if not seeds:
        return 1.0
    said = np.concatenate([answers[f"taught-{seed}-validation"] for seed in seeds])
    truth = np.concatenate([metrics.truth(part(rows, seed, "validation")) for seed in seeds])
    return metrics.temperature_for(said, truth)


def _out_of_domain(said: metrics.Floats) -> float:
    """Accuracy on the labelled sentences of our own."""
    lines = robustness.out_of_domain()
    labelled = [place for place, (label, _) in enumerate(lines) if label in LABELS]
    return round(metrics.accuracy(said[labelled], np.array([LABELS.index(lines[place][0]) for place in labelled])), 3)
