"""POST /withdraw: erases all judgements of one prediction for the holder of its receipt.

They go in one transaction with their count and with an entry in the ledger, so that neither a judgement that arrives
late nor an interrupted export nor a restored copy brings them back. No one else can do it: the receipt is in neither
the table nor the CSV. It is good for this as long as a key of the stage verifies it.
"""

from __future__ import annotations

import math
from collections import Counter
from http import HTTPStatus
from typing import Any

import writes
from aws import client
from endpoint import endpoint
from judgement import judgement_id
from patience import failed_checks, tries
from proof import verified
from replies import Reply, json_reply
from request import Event, json_body
from settings import Withdraw
from shared import counters, erasure, ledger
from shared.body import require_fields
from shared.judgements import from_item
from shared.problems import Problem, bad_request
from shared.receipts import InvalidReceiptError, Receipt
from shared.reviews import review, text_id
from shared.times import just_after, timestamp

_AT_ONCE = 90  # deletions in one transaction, which has 100 items at most
_LATE = 1_000  # ids of withdrawn judgements that are remembered; an item has room for ten thousand


@endpoint("withdraw")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Withdraw.load()
    content = json_body(event)
    require_fields(content, ("review", "receipt"), ("judgement",))
    text = review(content["review"])
    if not isinstance(content["receipt"], str):
        raise bad_request("receipt must be the string that getSentiment returned.")
    late = [judgement_id(content["judgement"])] if "judgement" in content else []
    try:
        receipt = verified(content["receipt"], text, settings.receipt_key_parameter, math.inf)
    except InvalidReceiptError:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "This receipt does not belong to this text, or its key was replaced. Whoever runs this service can erase "
            "the text.",
        ) from None
    return json_reply({"id": text_id(text), "withdrawn": withdraw(text, receipt, late, settings)})


def withdraw(text: str, receipt: Receipt, late: list[str], settings: Withdraw) -> int:
    """Erase all judgements with a receipt.

    Args:
        text: the text.
        receipt: what the receipt proves.
        late: ids of judgements that may still arrive, and must not be stored then.
        settings: names of the tables.

    Returns:
        How many there were.

    Raises:
        Problem: 503 if other writers conflicted for too long.
        ClientError: DynamoDB refused.
        BotoCoreError: DynamoDB did not answer.
    """
    found = 0
    for _ in tries():
        items = _judgements(text, receipt.request_id, settings)
        found = max(found, len(items))
        # So many are only ever sent to do harm. The last ones go with the count and the entry.
        early, last = items[:-_AT_ONCE], items[-_AT_ONCE:]
        for start in range(0, len(early), _AT_ONCE):
            _transact([_delete(item, settings) for item in early[start : start + _AT_ONCE]])
        parts = _parts(receipt, items, late, _entry(receipt.request_id, settings), settings)
        if _transact([*parts, *(_delete(item, settings) for item in last)]):
            break
    return found


def _judgements(text: str, request_id: str, settings: Withdraw) -> list[dict[str, Any]]:
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=settings.judgements_table,
            KeyConditionExpression="id = :id",
            FilterExpression="question = :request",
            ExpressionAttributeValues={":id": {"S": text_id(text)}, ":request": {"S": request_id}},
            ConsistentRead=True,
        )
    )
    return [item for page in pages for item in page["Items"]]


def _entry(request_id: str, settings: Withdraw) -> ledger.Entry:
    key = ledger.request_key(request_id)
    answer = client("dynamodb").get_item(TableName=settings.ledger_table, Key=key, ConsistentRead=True)
    found: ledger.Entry = answer.get("Item", {})
    return found


def _transact(writes: list[dict[str, Any]]) -> bool:
    """Whether it was done; False if something else changed meanwhile."""
    try:
        client("dynamodb").transact_write_items(TransactItems=writes)
    except client("dynamodb").exceptions.TransactionCanceledException as error:
        failed_checks(error)
        return False
    return True


def _parts(
    receipt: Receipt, items: list[dict[str, Any]], late: list[str], before: ledger.Entry, settings: Withdraw
) -> list[dict[str, Any]]:
    # Judgements from before there was a ledger were counted one by one.
    counted = ledger.counters_of(before)
    if not before:
        counted = [counters.counter(from_item(item).kind) for item in items]
    time = max([timestamp(), *(just_after(item["time"]["S"]) for item in [*items, before] if item)])
    ids = [*late, *(item["judgement"]["S"] for item in items), *before.get("gone", {}).get("SS", [])]
    entry = ledger.withdrawn(receipt.request_id, ids[:_LATE], time)
    mark = {**ledger.erasure_key(erasure.request_mark(receipt.request_id)), "time": {"S": time}}
    parts = [
        writes.enter(settings.ledger_table, entry, before),
        {"Put": {"TableName": settings.ledger_table, "Item": mark}},
    ]
    if counted:
        changes = {name: -number for name, number in Counter(counted).items()}
        parts.append(writes.count(settings.counts_table, receipt.model, receipt.request_id, changes))
    return parts


def _delete(item: dict[str, Any], settings: Withdraw) -> dict[str, Any]:
    key = {"id": item["id"], "judgement": item["judgement"]}
    return {"Delete": {"TableName": settings.judgements_table, "Key": key}}
