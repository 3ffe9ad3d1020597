"""The ledger: which judgement of a question counts, and what has been erased. Keys and items of its table.

A question's entry names the judgement that counts and the counter that counts it, or says that its judgements were
withdrawn. Its ``time`` only ever grows. So it tells one state of the entry from the next, and of a question's
judgements the one that counts is always the latest, here as in the CSV. An erasure's entry holds its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KEY = ("kind", "id")  # of the table: "erased" or the question; the erasure's mark or "counts"
ERASED = "erased"

Entry = dict[str, Any]  # as DynamoDB's client gives it


def question_key(question: str) -> Entry:
    """Key of a question's entry."""
    return {"kind": {"S": f"question/{question}"}, "id": {"S": "counts"}}


def erasure_key(mark: str) -> Entry:
    """Key of an erasure's entry.

    Args:
        mark: as ``erasure`` makes it.
    """
    return {"kind": {"S": ERASED}, "id": {"S": mark}}


def counted(question: str, judgement: str, counter: str, time: str, first: str = "") -> Entry:
    """Entry of a question of which a judgement counts.

    Args:
        question: its id.
        judgement: id of the judgement.
        counter: name of the counter that it is counted in.
        time: of the judgement.
        first: name of the counter that the question's first word is counted in, if that is apart; "" if not.
    """
    state = {"judgement": {"S": judgement}, "counter": {"S": counter}, "time": {"S": time}}
    return {**question_key(question), **state, **({"first": {"S": first}} if first else {})}


def counters_of(entry: Mapping[str, Any]) -> list[str]:
    """Names of the counters that a question is counted in.

    Args:
        entry: of the question; an empty one for a question without.
    """
    return [entry[name]["S"] for name in ("counter", "first") if name in entry]


def withdrawn(question: str, judgements: Iterable[str], time: str) -> Entry:
    """Entry of a question whose judgements were withdrawn.

    Args:
        question: its id.
        judgements: their ids, which must not be stored again when they arrive late.
        time: when.
    """
    gone = sorted(set(judgements))
    return {**question_key(question), "time": {"S": time}, **({"gone": {"SS": gone}} if gone else {})}


def erasures(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Marks and times of erasures' entries."""
    return {entry["id"]["S"]: entry["time"]["S"] for entry in entries}
