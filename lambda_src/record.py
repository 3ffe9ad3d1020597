"""POST /setSentiment: stores one judgement, once, and counts it.

The judgement and its counter are written in one transaction, so that counts are exact and nothing is ever half written.
A judgement is identified by its text and the UUID that its client made: sent again, concurrently or after a lost reply,
it is found to be stored already and gets the same reply as the first time. That also holds if its receipt has expired
in between: what was proved first counts.
"""

from __future__ import annotations

import random
import time
from http import HTTPStatus
from typing import Any

from aws import client
from endpoint import endpoint
from judgement import parse
from proof import prove
from replies import Reply, json_reply
from request import Event, json_body
from settings import Record
from shared import counters
from shared.judgements import EXPIRY, Judgement, from_item, to_item
from shared.problems import Problem, try_later

# Reasons for which DynamoDB cancels a transaction that will succeed on a retry:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_RETRY_SECONDS = 4.0  # one last slow try (two times four seconds) still fits into the function's timeout
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5


@endpoint("record")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Record.load()
    sent, receipt = parse(json_body(event), settings.labels)
    stored = store(prove(sent, receipt, settings.receipt_key_parameter), settings)
    if sent.sentiment != stored.sentiment:
        raise Problem(
            HTTPStatus.CONFLICT,
            "This judgement id is already used by another judgement of this text; use a new UUID for a new judgement.",
        )
    return json_reply(
        {
            "review": stored.review,
            "sentiment": stored.sentiment,
            "id": stored.id,
            "verdict": stored.verdict,
            "judgement": stored.judgement,
        }
    )


def store(judgement: Judgement, settings: Record) -> Judgement:
    """Store and count the judgement, or find that it is already stored.

    Args:
        judgement: what to store.
        settings: names of the two tables.

    Returns:
        The judgement as stored: this one, or an earlier one with the same text and id.

    Raises:
        Problem: 503 if other writers conflicted for too long.
        ClientError: DynamoDB refused.
        BotoCoreError: DynamoDB did not answer.
    """
    give_up = time.monotonic() + _RETRY_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            client("dynamodb").transact_write_items(TransactItems=_writes(judgement, settings))
            return judgement
        except client("dynamodb").exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            if "ConditionalCheckFailed" in reasons:
                return _stored(judgement, settings)
            if not _PASSING.intersection(reasons):
                raise
        if time.monotonic() > give_up:
            raise try_later("Too many judgements are arriving at once. Send the same request again shortly.")
        # Full jitter, so that two writers that collided do not collide again.
        time.sleep(random.uniform(0, pause))  # noqa: S311 - nothing secret
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _writes(judgement: Judgement, settings: Record) -> list[dict[str, Any]]:
    item: dict[str, Any] = to_item(judgement)
    if settings.judgement_days:
        item[EXPIRY] = {"N": str(int(time.time()) + settings.judgement_days * 24 * 3600)}
    put = {
        "TableName": settings.judgements_table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(id)",
    }
    count = {
        "TableName": settings.counts_table,
        "Key": {"model": {"S": judgement.model}, "shard": {"N": str(counters.shard(judgement.judgement))}},
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": counters.counter(judgement.predicted, judgement.sentiment)},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    return [{"Put": put}, {"Update": count}]


def _stored(judgement: Judgement, settings: Record) -> Judgement:
    key = {"id": {"S": judgement.id}, "judgement": {"S": judgement.judgement}}
    found = client("dynamodb").get_item(TableName=settings.judgements_table, Key=key, ConsistentRead=True)
    if "Item" not in found:
        raise try_later("This judgement was deleted while it was being stored. Send it again shortly.")
    return from_item(found["Item"])
