"""GET /getStats: totals, how good predictions were, and the confusion matrix, over all and by model revision.

Only the counts table is read, so the cost does not grow with the number of judgements.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws import client
from endpoint import endpoint
from replies import Reply, json_reply
from request import Event
from settings import Stats
from shared.counters import NONE, UNPROMPTED, Kind, tally

Counts = Mapping[Kind, int]
_Z = 1.959964  # 97.5 % of a normal distribution are below


@endpoint("stats")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Stats.load()
    by_model = tally(_items(settings.counts_table))
    total: Counter[Kind] = Counter()
    for counts in by_model.values():
        total.update(counts)
    return json_reply(
        {
            **summary(total, settings.labels),
            "labels": list(settings.labels),
            "models": [
                {"model": model, **summary(counts, settings.labels)} for model, counts in sorted(by_model.items())
            ],
        }
    )


def summary(counts: Counts, labels: Sequence[str]) -> dict[str, Any]:
    """The statistics that follow from counts.

    An abstention is neither right nor wrong: ``accuracy`` is about the judgements of an answer, and ``coverage`` tells
    how many of the judged predictions were one.

    Args:
        counts: number of judgements by kind.
        labels: the labels that always get a row and a column of the confusion matrix.

    Returns:
        The totals: ``judgements`` is ``approved`` + ``revised`` + ``unprompted``, and also ``answered`` + ``abstained``
        + ``unprompted``. The quality over all, and under ``blind`` and ``seen`` the same by whether the prediction had
        been seen when it was first judged. Who then changes a blind word is in ``blind`` with the first word
        and everywhere else with the last. ``confusion``, which maps the chosen label to the predicted label to the
        number of judgements; of two chosen labels the one that was predicted, or else the first. So its diagonal adds
        up to ``right``.
    """
    blind = {kind: number for kind, number in counts.items() if kind.blind or kind.first}
    counts = {kind: number for kind, number in counts.items() if not kind.first}
    prompted = {kind: number for kind, number in counts.items() if kind.predicted != UNPROMPTED}
    total, told = sum(counts.values()), sum(prompted.values())
    approved = sum(number for kind, number in prompted.items() if kind.predicted in (kind.said, kind.second))
    return {
        "judgements": total,
        "approved": approved,
        "revised": told - approved,
        "unprompted": total - told,
        **quality(prompted),
        "blind": quality({kind: number for kind, number in blind.items() if kind.predicted != UNPROMPTED}),
        "seen": quality({kind: number for kind, number in prompted.items() if not (kind.blind or kind.after)}),
        "confusion": _confusion(prompted, labels),
    }


def quality(prompted: Counts) -> dict[str, Any]:
    """How good predictions were: numbers, and shares with the intervals in which the true ones lie at 95 %.

    Args:
        prompted: number of judgements by kind, of those with a prediction.
    """
    answers = {kind: number for kind, number in prompted.items() if kind.predicted != NONE}
    answered, told = sum(answers.values()), sum(prompted.values())
    right = sum(number for kind, number in answers.items() if kind.predicted in (kind.said, kind.second))
    return {
        "answered": answered,
        "right": right,
        "abstained": told - answered,
        "accuracy": right / answered if answered else None,
        "accuracyInterval": wilson(right, answered),
        "coverage": answered / told if told else None,
        "coverageInterval": wilson(answered, told),
    }


def wilson(hits: int, of: int) -> list[float] | None:
    """Wilson's score interval at 95 % (Wilson 1927, doi:10.1080/01621459.1927.10502953); None of nothing.

    Args:
        hits: how many were so.
        of: of how many.
    """
    if not of:
        return None
    share, weight = hits / of, _Z**2 / of
    spread = _Z * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    ends = ((share + weight / 2 + sign * spread) / (1 + weight) for sign in (-1, 1))
    return [min(1.0, max(0.0, end)) for end in ends]


def _confusion(prompted: Counts, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    matrix = {said: dict.fromkeys((*labels, NONE), 0) for said in labels}
    for kind, number in prompted.items():
        # A label that is no longer offered keeps its judgements.
        row = matrix.setdefault(kind.predicted if kind.predicted == kind.second else kind.said, {})
        row[kind.predicted] = row.get(kind.predicted, 0) + number
    return matrix


def _items(table: str) -> Iterator[dict[str, Any]]:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]
