"""POST /setSentiment: stores one judgement, once, and counts it.

The judgement, its counter and what the ledger says about its prediction are written in one transaction, so that counts
are exact and nothing is ever half written. A judgement is identified by its text and the UUID that its client made:
sent again, concurrently or after a lost reply, it is found to be stored already and gets the same reply as the first
time. That also holds if its receipt has expired in between: what was proved first counts.

A prediction counts once: another judgement with the same receipt is stored beside the earlier ones, and takes their
place in the counts. What was erased after the prediction was requested is not stored again (shared/erasure.py).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import writes
from aws import client
from endpoint import endpoint
from judgement import parse
from patience import failed_checks, tries
from proof import prove
from replies import Reply, json_reply
from request import Event, json_body
from settings import Record
from shared import counters, erasure, ledger
from shared.judgements import EXPIRY, Judgement, from_item, to_item
from shared.problems import Problem, try_later
from shared.times import just_after

_PUT, _ERASED, _COUNTED = 0, 1, 2  # places in the transaction


@endpoint("record")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Record.load()
    sent, receipt = parse(json_body(event), settings.labels)
    stored = store(prove(sent, receipt, settings.receipt_key_parameter), settings)
    if (sent.sentiment, sent.second) != (stored.sentiment, stored.second):
        raise Problem(
            HTTPStatus.CONFLICT,
            "This judgement id is already used by another judgement of this text; use a new UUID for a new judgement.",
        )
    return json_reply(
        {
            "review": stored.review,
            "sentiment": stored.sentiment,
            **({"second": stored.second} if stored.second else {}),
            "id": stored.id,
            "verdict": stored.verdict,
            "judgement": stored.judgement,
        }
    )


def store(judgement: Judgement, settings: Record) -> Judgement:
    """Store and count the judgement, or find that it is already stored.

    Args:
        judgement: what to store.
        settings: names of the tables.

    Returns:
        The judgement as stored: this one, or an earlier one with the same text and id.

    Raises:
        Problem: 410 if it was erased, 503 if other writers conflicted for too long.
        ClientError: DynamoDB refused.
        BotoCoreError: DynamoDB did not answer.
    """
    before: ledger.Entry = {}  # the ledger's entry for this prediction; empty until a try finds one
    for _ in tries():
        if before:
            judgement = _later(judgement, before)
        try:
            client("dynamodb").transact_write_items(TransactItems=_parts(judgement, before, settings))
            break
        except client("dynamodb").exceptions.TransactionCanceledException as error:
            failed = failed_checks(error)
        if _PUT in failed:
            return _stored(judgement, settings)
        if _ERASED in failed:
            raise _gone()
        before = failed.get(_COUNTED, before)
        if judgement.judgement in before.get("gone", {}).get("SS", ()):
            raise _gone()
    return judgement


def _later(judgement: Judgement, before: ledger.Entry) -> Judgement:
    """A judgement of a prediction that was judged before, and so was shown."""
    return replace(judgement, time=max(judgement.time, just_after(before["time"]["S"])), blind=False)


def _gone() -> Problem:
    return Problem(HTTPStatus.GONE, "This text was erased, or the judgement withdrawn. Ask again to judge it anew.")


def _parts(judgement: Judgement, before: ledger.Entry, settings: Record) -> list[dict[str, Any]]:
    expiry = {}
    if settings.judgement_days:
        expiry = {EXPIRY: {"N": str(int(time.time()) + settings.judgement_days * 24 * 3600)}}
    put = {
        "TableName": settings.judgements_table,
        "Item": {**to_item(judgement), **expiry},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    check = {
        "TableName": settings.ledger_table,
        "Key": ledger.erasure_key(erasure.text_mark(judgement.review)),
        "ConditionExpression": "attribute_not_exists(id) OR #time < :asked",
        "ExpressionAttributeNames": {"#time": "time"},
        "ExpressionAttributeValues": {":asked": {"S": judgement.asked}},
    }
    parts: list[dict[str, Any]] = [{"Put": put}, {"ConditionCheck": check}]
    counted = ledger.counters_of(before)
    counter, first = counters.counted(judgement.kind, *counted)
    if judgement.request_id:
        entry = ledger.counted(judgement.request_id, judgement.judgement, counter, judgement.time, first)
        gone = {"gone": before["gone"]} if "gone" in before else {}
        parts.append(writes.enter(settings.ledger_table, {**entry, **gone, **expiry}, before))
    # The earlier judgement, if any, was counted in the same item: model and shard are the prediction's.
    moved = Counter([counter, first] if first else [counter])
    moved.subtract(counted)
    if changes := {name: by for name, by in moved.items() if by}:
        parts.append(writes.count(settings.counts_table, judgement.model, judgement.source, changes))
    return parts


def _stored(judgement: Judgement, settings: Record) -> Judgement:
    key = {"id": {"S": judgement.id}, "judgement": {"S": judgement.judgement}}
    found = client("dynamodb").get_item(TableName=settings.judgements_table, Key=key, ConsistentRead=True)
    if "Item" not in found:
        raise try_later("This judgement was deleted while it was being stored. Send it again shortly.")
    return from_item(found["Item"])
