"""Figures of merit from probabilities and truth. Only numpy."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from training import LABELS
from training.texts.data import Row

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
BINS = 15


def truth(rows: Sequence[Row]) -> Places:
    """Place of each row's label.

    Args:
        rows: [texts].
    """
    return np.array([LABELS.index(row.label) for row in rows], np.int64)


def accuracy(probabilities: Floats, truth: Places) -> float:
    """Share of texts whose most probable label is the true one.

    Args:
        probabilities: [texts, labels].
        truth: place of the true label, [texts].
    """
    return float((probabilities.argmax(1) == truth).mean())


def confusion(probabilities: Floats, truth: Places) -> Places:
    """How often each true label (rows) was given each label (columns).

    Args:
        probabilities: [texts, labels].
        truth: [texts].
    """
    labels = probabilities.shape[1]
    return np.bincount(truth * labels + probabilities.argmax(1), minlength=labels**2).reshape(labels, labels)


def per_label(matrix: Places) -> dict[str, Floats]:
    """Precision, recall and F1 of each label.

    Args:
        matrix: a confusion matrix.
    """
    right = matrix.diagonal().astype(np.float32)
    precision = right / np.maximum(matrix.sum(0), 1)
    recall = right / np.maximum(matrix.sum(1), 1)
    return {"precision": precision, "recall": recall, "f1": 2 * right / np.maximum(matrix.sum(0) + matrix.sum(1), 1)}


def calibration_error(probabilities: Floats, truth: Places) -> float:
    """Expected calibration error (Guo et al. 2017): confidence against accuracy in 15 bins of equal width.

    Args:
        probabilities: [texts, labels].
        truth: [texts].
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == b] - confidence[bins == b]).sum())) for b in range(BINS)]
    return sum(gaps) / len(truth)


def temperature_for(probabilities: Floats, truth: Places) -> float:
    """By what the logits should be divided so that confidence fits best (temperature scaling, Guo et al. 2017).

    It is confidence, the likeliest label's probability, that the service shows and the threshold is held against. So
    this is the temperature with the least log loss of "the likeliest label is right"; over all labels, one that leaves
    the model three points too sure of itself has hardly a greater loss.

    Args:
        probabilities: [texts, labels], of validation.
        truth: [texts].

    Returns:
        0.5 to 1.5: soft labels leave a network less sure than it may be.
    """
    logits = np.log(np.maximum(probabilities, 1e-9)).astype(np.float64)
    right = probabilities.argmax(1) == truth
    losses: dict[float, float] = {}
    for temperature in np.arange(0.5, 1.501, 0.01):
        scaled = np.exp(logits / temperature)
        confidence = np.clip(scaled.max(1) / scaled.sum(1), 1e-9, 1 - 1e-9)
        losses[float(temperature)] = -float(np.log(np.where(right, confidence, 1 - confidence)).mean())
    return round(min((loss, temperature) for temperature, loss in losses.items())[1], 2)


def threshold_for(probabilities: Floats, truth: Places, right: float, silent: float) -> float:
    """The lowest confidence from which on the answered texts are right often enough, and the others unanswered.

    Args:
        probabilities: [texts, labels].
        truth: place of the label, -1 for a text without emotion, [texts].
        right: share of the answered texts with an emotion that have to be right.
        silent: share of the texts without emotion that have to be left unanswered.

    Returns:
        A threshold; the highest confidence there is where none will do.
    """
    confidence, felt = probabilities.max(1), truth >= 0
    hit = probabilities.argmax(1) == truth
    for threshold in np.unique(np.floor(confidence * 1000) / 1000):
        answered = confidence >= threshold
        told = answered & felt
        enough = (hit & told).sum() >= right * told.sum() and (~answered & ~felt).sum() >= silent * (~felt).sum()
        if enough and told.any():
            return round(float(threshold), 3)
    return round(float(confidence.max()), 3)


def at_coverage(probabilities: Floats, truth: Places, coverage: float) -> float:
    """Accuracy on the given share of texts of which the model is surest.

    Args:
        probabilities: [texts, labels].
        truth: [texts].
        coverage: share of texts.
    """
    surest = np.argsort(-probabilities.max(1), kind="stable")[: round(len(truth) * coverage)]
    return accuracy(probabilities[surest], truth[surest])


def summary(probabilities: Floats, truth: Places) -> dict[str, Any]:
    """Every figure of the model card on one split, as plain numbers.

    Args:
        probabilities: [texts, labels].
        truth: [texts].
    """
    matrix = confusion(probabilities, truth)
    labels = per_label(matrix)
    return {
        "texts": len(truth),
        "accuracy": round(accuracy(probabilities, truth), 4),
        "macro_f1": round(float(labels["f1"].mean()), 4),
        "calibration_error": round(calibration_error(probabilities, truth), 4),
        "accuracy_at_coverage": {
            str(share): round(at_coverage(probabilities, truth, share), 4) for share in (0.9, 0.8, 0.7, 0.5)
        },
        "per_label": {name: [round(float(value), 3) for value in values] for name, values in labels.items()},
        "confusion": matrix.tolist(),
    }


def paired(taught: Floats, baseline: Floats, truth: Places) -> dict[str, Any]:
    """Two models on the same texts, by McNemar's exact test: what only one of them gets right, as tosses of a coin.

    Args:
        taught: probabilities of the one, [texts, labels].
        baseline: of the other.
        truth: [texts].
    """
    right, other = taught.argmax(1) == truth, baseline.argmax(1) == truth
    won, lost = int((right & ~other).sum()), int((other & ~right).sum())
    tail = sum(comb(won + lost, k) for k in range(min(won, lost) + 1)) / 2 ** (won + lost)
    return {
        "baseline": round(float(other.mean()), 4),
        "gain": round(float(right.mean() - other.mean()), 4),
        "won": won,
        "lost": lost,
        "p": float(f"{min(1.0, 2 * tail):.2g}"),
    }
