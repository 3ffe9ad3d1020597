"""Figures of merit, against values worked out by hand."""

import numpy as np
import pytest

from training.evaluation import metrics

# Four texts, two labels: confidences .9, .8, .6, .7; the third is wrong.
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], np.float32)
TRUTH = np.array([0, 1, 1, 1])


def test_accuracy_and_confusion() -> None:
    assert metrics.accuracy(PROBABILITIES, TRUTH) == 0.75
    assert metrics.confusion(PROBABILITIES, TRUTH).tolist() == [[1, 0], [1, 2]]


def test_precision_recall_and_f1() -> None:
    found = metrics.per_label(metrics.confusion(PROBABILITIES, TRUTH))
    assert found["precision"].tolist() == [0.5, 1.0]
    assert found["recall"].tolist() == pytest.approx([1.0, 2 / 3])
    assert found["f1"].tolist() == pytest.approx([2 / 3, 0.8])


def test_a_label_never_given_counts_as_nothing_right() -> None:
    found = metrics.per_label(np.array([[0, 2], [0, 3]]))
    assert found["precision"][0] == found["f1"][0] == 0


def test_calibration_error_is_the_mean_gap() -> None:
    # each text alone in its bin: |1 - .9|, |1 - .8|, |0 - .6|, |1 - .7|, over four
    assert metrics.calibration_error(PROBABILITIES, TRUTH) == pytest.approx((0.1 + 0.2 + 0.6 + 0.3) / 4, abs=1e-6)


def test_the_threshold_is_the_lowest_that_is_right_and_silent_enough() -> None:
    assert metrics.threshold_for(PROBABILITIES, TRUTH, right=0.7, silent=0.0) == 0.6
    assert metrics.threshold_for(PROBABILITIES, TRUTH, right=0.9, silent=0.0) == 0.7  # the one at .6 is wrong
    neutral = np.array([0, 1, 1, -1])  # the one at .7
    assert metrics.threshold_for(PROBABILITIES, neutral, right=0.6, silent=1.0) == 0.8
    assert metrics.threshold_for(PROBABILITIES, 1 - TRUTH, right=0.9, silent=0.0) == 0.9  # none will do


def test_the_surest_are_more_often_right() -> None:
    assert metrics.at_coverage(PROBABILITIES, TRUTH, 0.75) == 1.0
    assert metrics.at_coverage(PROBABILITIES, TRUTH, 1.0) == 0.75


def test_the_temperature_undoes_what_made_the_model_unsure() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 3)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([random.choice(3, p=chance) for chance in chances])
    unsure = np.exp(logits * 0.7) / np.exp(logits * 0.7).sum(1, keepdims=True)
    assert metrics.temperature_for(unsure, truth) == pytest.approx(0.7, abs=0.05)
    assert metrics.temperature_for(chances, truth) == pytest.approx(1.0, abs=0.05)


def test_a_pair_is_compared_where_only_one_is_right() -> None:
    baseline = PROBABILITIES[:, ::-1]
    # the taught one alone is right on three texts, the baseline on one: 2 * (1 + 4) / 16
    assert metrics.paired(PROBABILITIES, baseline, TRUTH) == {
        "baseline": 0.25,
        "gain": 0.5,
        "won": 3,
        "lost": 1,
        "p": 0.62,
    }
    assert metrics.paired(PROBABILITIES, PROBABILITIES, TRUTH)["p"] == 1.0
