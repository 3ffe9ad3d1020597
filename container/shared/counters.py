"""How judgements are counted: which item and attribute of the counts table a judgement increments.

The table has one item for each model revision and shard; its key is ``model`` and ``shard``. Every other attribute
is a counter named ``predicted>said``: how often the model predicted ``predicted`` and a user then chose ``said``. So
``joy>sadness`` counts texts for which the model predicted joy and users chose sadness, and ``joy>joy`` those on which
both agree. The predicted label is ``none`` if the model abstained. Judgements without a prediction are kept under the
model ``unprompted``, in counters such as ``unprompted>joy``.

Shards spread the writes: DynamoDB allows about 1,000 writes a second to one item. The sum over all shards of a model
is exact, because a judgement and its counter are written in one transaction.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

COUNT_SHARDS = 16
NONE = "none"
UNPROMPTED = "unprompted"
KEY = ("model", "shard")  # of the table: model revision; number 0..COUNT_SHARDS-1


def shard(judgement: str) -> int:
    """The shard that counts a judgement: the same for the same id, in every worker and at any time."""
    return zlib.crc32(judgement.encode()) % COUNT_SHARDS


def counter(predicted: str, said: str) -> str:
    """Name of the counter.

    Args:
        predicted: label, ``NONE`` or ``UNPROMPTED``.
        said: label that the user chose.
    """
    return f"{predicted}>{said}"


def tally(items: Iterable[Mapping[str, Any]]) -> dict[str, Counter[tuple[str, str]]]:
    """Add up the shards.

    Args:
        items: items of the counts table as DynamoDB's client gives them (``{"joy>joy": {"N": "3"}, ...}``).

    Returns:
        For each model revision, the number of judgements by (predicted, said).
    """
    totals: dict[str, Counter[tuple[str, str]]] = {}
    for item in items:
        counts = totals.setdefault(item["model"]["S"], Counter())
        for name, value in item.items():
            if name not in KEY:
                predicted, _, said = name.partition(">")
                counts[predicted, said] += int(value["N"])
    return totals
