"""DynamoDB: scans that cost one page, not the whole table, in the order of the keys' hashes as on AWS.

The emulator sorts the whole table for each page: seconds with a million items, and hours for their export. Here each
table has an up-to-date index of its partition keys, sorted by hash; segments are equal ranges of hashes. Only plain
scans use it: those with an index, a filter or a projection are left to the emulator.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import json_response
from ministack.services import dynamodb

PLAIN = {"TableName", "ConsistentRead", "ExclusiveStartKey", "Limit", "Segment", "TotalSegments"}
HASHES = 2**64

Item = dict[str, Any]
Place = tuple[int, str]  # hash of a partition key, and the key

# For each scanned table: the table, and the sorted places of its partition keys.
_indexes: dict[str, tuple[dict[str, Any], list[Place]]] = {}


def register() -> None:
    """Take over plain scans."""
    scan, set_item, remove_item = dynamodb._scan, dynamodb._set_item, dynamodb._remove_item

    def set_and_place(table: dict[str, Any], partition: str, sort: str, item: Item) -> Item | None:
        known = partition in table["items"]
        before: Item | None = set_item(table, partition, sort, item)
        if not known and _indexed(table):
            insort(_places(table), place(partition))
        return before

    def remove_and_displace(table: dict[str, Any], partition: str, sort: str) -> Item | None:
        before: Item | None = remove_item(table, partition, sort)
        if before is not None and partition not in table["items"] and _indexed(table):
            del _places(table)[bisect_left(_places(table), place(partition))]
        return before

    def scan_by_hash(data: dict[str, Any]) -> Any:
        table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
        if table is None or not data.keys() <= PLAIN or ("Segment" in data) != ("TotalSegments" in data):
            return scan(data)
        return json_response(page(table, data))

    dynamodb._scan = scan_by_hash
    dynamodb._set_item, dynamodb._remove_item = set_and_place, remove_and_displace


def place(partition: str) -> Place:
    """The place of a partition key in the order of hashes."""
    return int.from_bytes(hashlib.blake2b(partition.encode(), digest_size=8).digest(), "big"), partition


def page(table: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The reply to a plain scan.

    Args:
        table: the emulator's table.
        data: the request.
    """
    items, more = dynamodb._paginate_evaluated_items(_from(table, data), data.get("Limit"), table)
    answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    if more:
        names = [name for name in (table["pk_name"], table["sk_name"]) if name]
        answer["LastEvaluatedKey"] = {name: items[-1][name] for name in names}
    return answer


def _from(table: dict[str, Any], data: dict[str, Any]) -> Iterator[Item]:
    """The items of the segment, after the one with the starting key."""
    places = _places(table)
    segment, segments = int(data.get("Segment", 0)), int(data.get("TotalSegments", 1))
    first, end = ((HASHES * number // segments, "") for number in (segment, segment + 1))
    start = data.get("ExclusiveStartKey")
    after = ""
    if start:
        partition = dynamodb._extract_key_val(start[table["pk_name"]])
        first = place(partition)
        after = dynamodb._extract_key_val(start[table["sk_name"]]) if table["sk_name"] else ""
    for index in range(bisect_left(places, first), bisect_left(places, end)):
        here = table["items"][places[index][1]]
        for sort in sorted(here):
            if not start or places[index] != first or (table["sk_name"] and sort > after):
                yield here[sort]


def _indexed(table: dict[str, Any]) -> bool:
    return table["TableArn"] in _indexes and _indexes[table["TableArn"]][0] is table


def _places(table: dict[str, Any]) -> list[Place]:
    if not _indexed(table):
        _indexes[table["TableArn"]] = table, sorted(map(place, table["items"]))
    return _indexes[table["TableArn"]][1]
