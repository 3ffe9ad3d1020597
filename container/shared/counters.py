"""How judgements are counted: which item and attribute of the counts table a judgement increments.

The table has one item for each model revision and shard; its key is ``model`` and ``shard``. Every other attribute
is a counter named ``predicted>said``: how often the model predicted ``predicted`` and a user then chose ``said``. So
``joy>sadness`` counts texts for which the model predicted joy and users chose sadness, and ``joy>joy`` those on which
both agree. The predicted label is ``none`` if the model abstained. Judgements without a prediction are kept under the
model ``unprompted``, in counters such as ``unprompted>joy``.

Shards spread the writes: DynamoDB allows about 1,000 writes a second to one item. The sum over all shards of a model
is exact, because a judgement and its counter are written in one transaction. One receipt counts once, however many
judgements are sent with it: its last word stands, so a later one moves the count. Both are in the same shard.

Of the blind sample the first word stands, since who changes it has seen the prediction by then: without those who do,
the sample would look better than it is. So a change of a blind word leaves two counts: the last word in a counter that
ends in ``~after``, and the first one in one that ends in ``~first``, which is part of the blind sample and of no total.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

COUNT_SHARDS = 16
NONE = "none"
UNPROMPTED = "unprompted"
KEY = ("model", "shard")  # of the table: model revision; number 0..COUNT_SHARDS-1


_BLIND, _FIRST, _AFTER = "~blind", "~first", "~after"


class Kind(NamedTuple):
    """What a counter counts.

    Attributes:
        predicted: label, ``NONE`` or ``UNPROMPTED``.
        said: label that the user chose, or ``NONE``.
        second: second label that the user chose; "" for none.
        blind: whether the user had not seen the prediction.
        first: whether this is the first judgement of a prediction whose last one is another: of the blind sample alone.
        after: whether this is the last judgement of such a prediction.
    """

    predicted: str
    said: str
    second: str = ""
    blind: bool = False
    first: bool = False
    after: bool = False


def shard(source: str) -> int:
    """The shard that counts a judgement: the same for the same source, in every worker and at any time.

    Args:
        source: request id of the prediction, or id of the judgement where none is known.
    """
    return zlib.crc32(source.encode()) % COUNT_SHARDS


def counter(kind: Kind) -> str:
    """Name of the counter."""
    second = f"+{kind.second}" if kind.second else ""
    marks = (_BLIND * kind.blind, _FIRST * kind.first, _AFTER * kind.after)
    return f"{kind.predicted}>{kind.said}{second}{''.join(marks)}"


def counted(kind: Kind, before: str = "", first: str = "") -> tuple[str, str]:
    """Where a prediction is counted from now on.

    Args:
        kind: of the judgement that comes.
        before: counter of the prediction's judgement before; "" for none.
        first: counter of the prediction's first judgement, if that is apart; "" if not.

    Returns:
        The counter of the judgement, and that of the prediction's first one; "" if it is not apart.
    """
    if not before:
        return counter(kind), ""
    if before.endswith(_BLIND):
        first = before.removesuffix(_BLIND) + _FIRST
    return counter(kind._replace(blind=False, after=bool(first))), first


def tally(items: Iterable[Mapping[str, Any]]) -> dict[str, Counter[Kind]]:
    """Add up the shards.

    Args:
        items: items of the counts table as DynamoDB's client gives them (``{"joy>joy": {"N": "3"}, ...}``).

    Returns:
        For each model revision, the number of judgements by kind; without kinds and revisions that have none.
    """
    totals: dict[str, Counter[Kind]] = {}
    for item in items:
        counts = totals.setdefault(item["model"]["S"], Counter())
        for name, value in item.items():
            if name not in KEY:
                counts[_kind(name)] += int(value["N"])
    # What was withdrawn leaves zeros behind; one shard may even be below zero where another has the count.
    found = {model: +counts for model, counts in totals.items()}
    return {model: counts for model, counts in found.items() if counts}


def _kind(name: str) -> Kind:
    name, _, mark = name.partition("~")
    predicted, _, said = name.partition(">")
    said, _, second = said.partition("+")
    return Kind(predicted, said, second, *(f"~{mark}" == each for each in (_BLIND, _FIRST, _AFTER)))
