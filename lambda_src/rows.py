"""The table of judgements as lines of CSV, page by page; several segments are read at the same time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from decimal import Decimal
from typing import Any, NamedTuple

import csvformat
from aws import client
from judgement import Judgement, from_item

Key = dict[str, Any]  # where a segment was left, as DynamoDB gives it


class Page(NamedTuple):
    """What one call of DynamoDB brought: CSV in UTF-8, its number of rows, and where to go on (None: at the end)."""

    content: bytes
    rows: int
    next: Key | None


def pages(table: str) -> Iterator[Page]:
    """The whole table, one page after the other."""
    key: Key | None = {}
    while key is not None:
        page = _read(table, {"ExclusiveStartKey": key} if key else {})
        yield page
        key = page.next


def segments(table: str, places: Sequence[Key | None]) -> Generator[tuple[int, Page], None, None]:
    """The rest of the table, read by as many threads as it has segments; in memory is at most one page for each.

    Args:
        table: its name.
        places: for each segment where to go on: an empty key for the beginning, None when it has been read to its end.

    Yields:
        Number of the segment, and its next page.
    """
    with ThreadPoolExecutor(len(places)) as threads:
        under_way: dict[Future[Page], int] = {}

        def read_on(segment: int, key: Key) -> None:
            part: dict[str, Any] = {"Segment": segment, "TotalSegments": len(places)}
            options = {**part, "ExclusiveStartKey": key} if key else part
            under_way[threads.submit(_read, table, options)] = segment

        for segment, key in enumerate(places):
            if key is not None:
                read_on(segment, key)
        while under_way:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                segment, page = under_way.pop(future), future.result()
                if page.next is not None:
                    read_on(segment, page.next)
                yield segment, page


def _read(table: str, options: dict[str, Any]) -> Page:
    answer = client("dynamodb").scan(TableName=table, ConsistentRead=True, **options)
    now = time.time()  # DynamoDB takes its time to delete what has expired
    items = [item for item in answer["Items"] if float(item.get("expires", {"N": "inf"})["N"]) > now]
    content = "".join(csvformat.write_row(_row(from_item(item))) for item in items).encode()
    return Page(content, len(items), answer.get("LastEvaluatedKey"))


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
