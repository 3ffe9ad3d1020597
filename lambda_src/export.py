"""GET /getcsv: writes all judgements as CSV, directly or, when they are many, through the export bucket.

The table is read page by page and never held whole. Nothing is answered before the last page is read, so a failure in
the middle is answered as one: no shortened file ever looks complete.
"""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import bucket
import csvformat
from access import authorise
from aws import client
from endpoint import endpoint
from judgement import Judgement, from_item
from replies import NOT_STORED, Reply, try_later
from request import Event
from settings import Export

# A Lambda's reply has 6 MiB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
# In base64 these four become 5.3, which leaves room for the rest of the reply.
DIRECT_BYTES = 4 * 1024 * 1024
CONTENT_TYPE = "text/csv; charset=utf-8"
DISPOSITION = "attachment; filename=sentiment.csv"
_RESERVE_MILLISECONDS = 6_000  # enough to take an upload back and to answer


@endpoint("export")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Export.load()
    authorise(event, settings.export_token_parameter)
    chunks = _chunks(settings.judgements_table, context)
    beginning = bytearray()
    for chunk in chunks:
        beginning += chunk
        if len(beginning) > DIRECT_BYTES:
            return _through_bucket(settings.export_bucket, itertools.chain([bytes(beginning)], chunks))
    return _directly(bytes(beginning))


def _directly(content: bytes) -> Reply:
    return {
        "statusCode": int(HTTPStatus.OK),
        "headers": {"content-type": CONTENT_TYPE, "content-disposition": DISPOSITION, **NOT_STORED},
        # Base64, because its length is known beforehand: as JSON, a text can grow sixfold.
        "body": base64.b64encode(content).decode("ascii"),
        "isBase64Encoded": True,
    }


def _through_bucket(name: str, chunks: Iterator[bytes]) -> Reply:
    key = f"exports/{uuid.uuid4()}/sentiment.csv"
    bucket.upload(name, key, chunks, CONTENT_TYPE, DISPOSITION)
    return {
        "statusCode": int(HTTPStatus.SEE_OTHER),
        "headers": {"location": bucket.lend(name, key), **NOT_STORED},
        "body": "",
    }


def _chunks(table: str, context: Any) -> Iterator[bytes]:
    """The CSV in pieces of one page of the table each."""
    yield csvformat.header().encode()
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield "".join(csvformat.write_row(_row(from_item(item))) for item in page["Items"]).encode()
        if _out_of_time(context):
            raise try_later("There are more judgements than can be written in the time that a request has.", seconds=60)


def _out_of_time(context: Any) -> bool:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining is not None and remaining() < _RESERVE_MILLISECONDS


def _row(judgement: Judgement) -> dict[str, str]:
    row = {
        "id": judgement.id,
        "review": judgement.review,
        "sentiment": judgement.sentiment,
        "judgement": judgement.judgement,
        "verdict": judgement.verdict,
        "time": judgement.time,
        "receipt": judgement.receipt,
    }
    if judgement.prediction:
        row["classification"] = judgement.prediction.classification or ""
        row["confidence"] = _plain(judgement.prediction.confidence)
        row["model"] = judgement.prediction.model
        row["question"] = judgement.prediction.question
    return row


def _plain(number: Decimal) -> str:
    """Without an exponent, which a spreadsheet would show as it likes."""
    return f"{number:f}"
