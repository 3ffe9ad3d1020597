"""The gate's power: a model that is better passes the more often the more people say so; one that is worse never."""

from __future__ import annotations

import numpy as np
import pytest

from training import LABELS
from training.evaluation.metrics import Floats
from training.retrain.power import Asked, passes

TEXTS = 400
LABELS_OF = np.random.default_rng(1).integers(0, len(LABELS), TEXTS)


def saying(share: float) -> Floats:
    """Probabilities of a model that is sure, and right on a share of the texts."""
    right = np.random.default_rng(2).random(TEXTS) < share
    said = np.where(right, LABELS_OF, (LABELS_OF + 1) % len(LABELS))
    found = np.full((TEXTS, len(LABELS)), 0.05, np.float32)
    found[np.arange(TEXTS), said] = 0.7
    return found


def passing(old: float, new: float, honest: int, hostile: float = 0.0) -> float:
    one = Asked(LABELS_OF, saying(old), saying(new), (LABELS_OF, saying(old), saying(old)))
    random = np.random.default_rng(3)
    return float(np.mean([passes(one, honest, hostile, random) for _ in range(60)]))


def test_more_judgements_show_the_same_gain_more_often() -> None:
    assert passing(0.7, 0.8, 60) < passing(0.7, 0.8, 150) < passing(0.7, 0.8, 600) == 1


def test_lies_take_more_judgements() -> None:
    assert passing(0.7, 0.8, 150, hostile=0.4) < passing(0.7, 0.8, 150)


@pytest.mark.parametrize("hostile", [0.0, 0.2])
def test_a_worse_model_never_passes(hostile: float) -> None:
    assert passing(0.8, 0.7, 150, hostile) == 0
