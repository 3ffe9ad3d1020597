"""The best that any model of a line of retrained ones said of the regression set: small losses must not add up unseen.

Each retraining may lose a little that no test tells from noise. So a model carries, in its card, what the best one so
far said, and the next is held against that one too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from training import LABELS
from training.evaluation import metrics, regression


def name() -> str:
    """Of the regression set as it is now: what was said of another one cannot be compared."""
    return hashlib.sha256(regression.FILE.read_bytes()).hexdigest()[:12]


def best(card: dict[str, Any]) -> metrics.Floats | None:
    """What the best model so far said.

    Args:
        card: of a model.

    Returns:
        [texts, labels], 1 for what it said; None where the card knows of none, or of another set.
    """
    kept = card.get("retrained", {}).get("best", {})
    if kept.get("set") != name():
        return None
    return np.eye(len(LABELS), dtype=np.float32)[[int(digit) for digit in kept["said"]]]


def remember(models: Sequence[metrics.Floats], labels: Sequence[str]) -> dict[str, str]:
    """What goes into the card of a new model.

    Args:
        models: what each of some models said, [texts, labels]; of equally good ones the first counts.
        labels: of the texts.
    """
    truth = np.array([LABELS.index(label) for label in labels])
    said = max((one.argmax(1) for one in models), key=lambda places: int((places == truth).sum()))
    return {"set": name(), "said": "".join(map(str, said))}
