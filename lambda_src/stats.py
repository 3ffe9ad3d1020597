"""GET /getStats: totals, live accuracy and the confusion matrix, over all and by model revision.

Only the counts table is read, so the cost does not grow with the number of judgements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws import client
from endpoint import endpoint
from replies import Reply, json_reply
from request import Event
from settings import Stats
from shared.counters import NONE, UNPROMPTED, tally

Counts = Mapping[tuple[str, str], int]  # number of judgements by (predicted, said)


@endpoint("stats")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Stats.load()
    by_model = tally(_items(settings.counts_table))
    total: Counter[tuple[str, str]] = Counter()
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

    Args:
        counts: number of judgements by (predicted, said).
        labels: the labels that always get a row and a column of the confusion matrix.

    Returns:
        The totals; ``accuracy``, the share approved of the judgements that had a prediction (None without any);
        ``confusion``, which maps chosen label to predicted label to the number of judgements.
    """
    unprompted = sum(number for (predicted, _), number in counts.items() if predicted == UNPROMPTED)
    approved = sum(number for (predicted, said), number in counts.items() if predicted == said)
    prompted = sum(counts.values()) - unprompted
    return {
        "judgements": prompted + unprompted,
        "approved": approved,
        "revised": prompted - approved,
        "unprompted": unprompted,
        "accuracy": approved / prompted if prompted else None,
        "confusion": _confusion(counts, labels),
    }


def _confusion(counts: Counts, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    matrix = {said: dict.fromkeys((*labels, NONE), 0) for said in labels}
    for (predicted, said), number in counts.items():
        if predicted != UNPROMPTED:
            # A label that is no longer offered keeps its judgements.
            matrix.setdefault(said, {})[predicted] = number
    return matrix


def _items(table: str) -> Iterator[dict[str, Any]]:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]
