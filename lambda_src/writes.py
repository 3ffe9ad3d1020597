"""Parts of transactions that more than one function makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import counters, ledger


def count(table: str, model: str, source: str, changes: Mapping[str, int]) -> dict[str, Any]:
    """Changes of counters.

    Args:
        table: name of the table of counts.
        model: the model revision under which is counted.
        source: what is counted, as ``counters.shard`` takes it.
        changes: by name of the counter, what to add to it.
    """
    return {
        "Update": {
            "TableName": table,
            "Key": {"model": {"S": model}, "shard": {"N": str(counters.shard(source))}},
            "UpdateExpression": "ADD " + ", ".join(f"#c{place} :n{place}" for place in range(len(changes))),
            "ExpressionAttributeNames": {f"#c{place}": name for place, name in enumerate(changes)},
            "ExpressionAttributeValues": {f":n{place}": {"N": str(n)} for place, n in enumerate(changes.values())},
        }
    }


def enter(table: str, entry: ledger.Entry, before: ledger.Entry) -> dict[str, Any]:
    """A prediction's entry in the ledger, in place of the one that was there; a failed condition returns that one.

    Args:
        table: name of the ledger.
        entry: the new entry.
        before: the one that is there as far as is known; {} for none.
    """
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
    if before:
        condition = {
            "ConditionExpression": "#time = :before",
            "ExpressionAttributeNames": {"#time": "time"},
            "ExpressionAttributeValues": {":before": before["time"]},
        }
    return {"Put": {"TableName": table, "Item": entry, **condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
