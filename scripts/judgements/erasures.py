"""A stage's erasures, in its ledger: written with the server's time, and honoured by whatever copies judgements."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Mapping
from datetime import timedelta

from scripts.stage.session import Cloud
from shared import ledger
from shared.times import timestamp


def read(cloud: Cloud, outputs: Mapping[str, str]) -> dict[str, str]:
    """All erasures of the stage: mark -> time.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks; a stage that was deployed before there was a ledger has no erasures.
    """
    if "LedgerTableName" not in outputs:
        return {}
    pages = (
        cloud.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=outputs["LedgerTableName"],
            KeyConditionExpression="kind = :erased",
            ExpressionAttributeValues={":erased": {"S": ledger.ERASED}},
            ConsistentRead=True,
        )
    )
    return ledger.erasures(item for page in pages for item in page["Items"])


def write(cloud: Cloud, table: str, marks: Iterable[str]) -> str:
    """Record erasures.

    Args:
        cloud: the stage.
        table: name of its ledger.
        marks: what is erased.

    Returns:
        Until when it is, by the server's clock: nothing that was stored before this call is later.
    """
    time = server_time(cloud, table)
    for mark in marks:
        item = {**ledger.erasure_key(mark), "time": {"S": time}}
        cloud.client("dynamodb").put_item(TableName=table, Item=item)
    return time


def server_time(cloud: Cloud, table: str) -> str:
    """The end of the second that it is at DynamoDB; this machine's clock does not count.

    Args:
        cloud: the stage.
        table: any table of its.
    """
    answer = cloud.client("dynamodb").describe_table(TableName=table)
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = email.utils.parsedate_to_datetime(date) if date else cloud.now()
    return timestamp(now.replace(microsecond=0) + timedelta(milliseconds=999))
