"""The ledger: which judgement of a prediction counts, and what has been erased. Keys and items of its table.

A prediction is known by its request id, out of the receipt. Its entry names the judgement that counts and the counter
that counts it, or says that its judgements were withdrawn. Its ``time`` only ever grows. So it tells one state of the
entry from the next, and of a prediction's judgements the one that counts is always the latest, here as in the CSV. An
erasure's entry holds its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KEY = ("kind", "id")  # of the table: "erased" or the request id; the erasure's mark or "counts"
ERASED = "erased"

Entry = dict[str, Any]  # as DynamoDB's client gives it


def request_key(request_id: str) -> Entry:
    """Key of a prediction's entry.

    Args:
        request_id: of the request for it.
    """
    return {"kind": {"S": f"question/{request_id}"}, "id": {"S": "counts"}}


def erasure_key(mark: str) -> Entry:
    """Key of an erasure's entry.

    Args:
        mark: as ``erasure`` makes it.
    """
    return {"kind": {"S": ERASED}, "id": {"S": mark}}


def counted(request_id: str, judgement: str, counter: str, time: str, first: str = "") -> Entry:
    """Entry of a prediction of which a judgement counts.

    Args:
        request_id: of the request for it.
        judgement: id of the judgement.
        counter: name of the counter that it is counted in.
        time: of the judgement.
        first: name of the counter that its first judgement is counted in, if that is apart; "" if not.
    """
    state = {"judgement": {"S": judgement}, "counter": {"S": counter}, "time": {"S": time}}
    return {**request_key(request_id), **state, **({"first": {"S": first}} if first else {})}


def counters_of(entry: Mapping[str, Any]) -> list[str]:
    """Names of the counters that a prediction is counted in.

    Args:
        entry: of the prediction; an empty one for a prediction without.
    """
    return [entry[name]["S"] for name in ("counter", "first") if name in entry]


def withdrawn(request_id: str, judgements: Iterable[str], time: str) -> Entry:
    """Entry of a prediction whose judgements were withdrawn.

    Args:
        request_id: of the request for it.
        judgements: their ids, which must not be stored again when they arrive late.
        time: when.
    """
    gone = sorted(set(judgements))
    return {**request_key(request_id), "time": {"S": time}, **({"gone": {"SS": gone}} if gone else {})}


def erasures(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Marks and times of erasures' entries."""
    return {entry["id"]["S"]: entry["time"]["S"] for entry in entries}
