"""Tables with their items, buckets with their objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from scripts.local.console.blocks import BAD, GOOD, IDLE, Block, Cell, code, form, link, moment, table, toned, words
from scripts.stage.session import Cloud

ITEMS = 50
OBJECTS = 200


def tables(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """All tables, or the first items of one.

    Args:
        cloud: where.
        query: ``of`` names a table.
    """
    client = cloud.client("dynamodb")
    names = [name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]]
    if query.get("of"):
        return _items(client, query["of"]) if query["of"] in names else [_missing("table", query["of"])]
    rows = []
    for name in names:
        found = client.describe_table(TableName=name)["Table"]
        protected = bool(found.get("DeletionProtectionEnabled"))
        rows.append(
            [
                link(name, "tables", name),
                toned(found["TableStatus"], GOOD if found["TableStatus"] == "ACTIVE" else IDLE),
                found.get("ItemCount", ""),
                " + ".join(_keys(found)),
                "cannot be deleted" if protected else "",
            ]
        )
    note = "From DescribeTable. AWS counts items every six hours."
    return [table("Tables", ("Table", "Status", "Items", "Keys", "Protection"), rows, note)]


def buckets(cloud: Cloud, query: Mapping[str, str]) -> list[Block]:
    """All buckets, or the first objects of one.

    Args:
        cloud: where.
        query: ``of`` names a bucket, ``prefix`` is what the objects' keys begin with.
    """
    client = cloud.client("s3")
    found = client.list_buckets()["Buckets"]
    if not query.get("of"):
        rows = [[link(each["Name"], "buckets", each["Name"]), moment(each["CreationDate"])] for each in found]
        return [table("Buckets", ("Bucket", "Created (UTC)"), rows, "From ListBuckets.")]
    name, prefix = query["of"], query.get("prefix", "")
    if name not in [each["Name"] for each in found]:
        return [_missing("bucket", name)]
    page = client.list_objects_v2(Bucket=name, Prefix=prefix, MaxKeys=OBJECTS)
    rows = [[code(each["Key"]), f"{each['Size']:,}", moment(each["LastModified"])] for each in page.get("Contents", [])]
    more = f" The first {OBJECTS} are shown." if page["IsTruncated"] else ""
    return [
        form("buckets", [("prefix", "Keys begin with", prefix, ())], "Show", name),
        table(name, ("Key", "Bytes", "Changed (UTC)"), rows, f"From ListObjectsV2.{more}"),
    ]


def _items(client: Any, name: str) -> list[Block]:
    keys = _keys(client.describe_table(TableName=name)["Table"])
    page = client.scan(TableName=name, Limit=ITEMS)
    read = TypeDeserializer().deserialize
    items = [{key: read(value) for key, value in item.items()} for item in page["Items"]]
    columns = [*keys, *sorted({key for item in items for key in item} - set(keys), key=_rank)]
    rows: list[list[Cell]] = [[code(_text(item.get(column, ""))) for column in columns] for item in items]
    more = f" The first {ITEMS} are shown." if "LastEvaluatedKey" in page else ""
    return [table(name, columns, rows, f"From Scan; the keys come first.{more}")]


def _keys(found: Mapping[str, Any]) -> list[str]:
    order = sorted(found["KeySchema"], key=lambda each: each["KeyType"] != "HASH")
    return [each["AttributeName"] for each in order]


def _rank(column: str) -> tuple[bool, str]:
    """What a person wrote comes first after the keys."""
    return column != "review", column


def _text(value: object) -> object:
    return value if isinstance(value, str | list | dict) else str(value)


def _missing(kind: str, name: str) -> Block:
    return words(f"No such {kind}", f"There is no {kind} {name} here.", BAD)
