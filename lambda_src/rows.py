"""The table of judgements as lines of CSV, page by page; several segments are read in parallel."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from aws import client
from shared.judgements import csv_rows

Key = dict[str, Any]  # where a segment continues, as DynamoDB returns it


class Page(NamedTuple):
    """The result of one call of DynamoDB: CSV in UTF-8, number of rows, and where to continue (None: at the end)."""

    content: bytes
    rows: int
    next: Key | None


def pages(table: str, raw: bool = False) -> Iterator[Page]:
    """The whole table, one page after the other."""
    key: Key | None = {}
    while key is not None:
        page = _read(table, raw, {"ExclusiveStartKey": key} if key else {})
        yield page
        key = page.next


def segments(table: str, places: Sequence[Key | None], raw: bool = False) -> Generator[tuple[int, Page], None, None]:
    """The rest of the table, read by one thread per segment; at most one page per segment is in memory.

    Args:
        table: its name.
        places: for each segment where to continue: an empty key for the beginning, None once it is read completely.
        raw: whether the CSV is of the raw form.

    Yields:
        Number of the segment, and its next page.
    """
    with ThreadPoolExecutor(len(places)) as threads:
        under_way: dict[Future[Page], int] = {}

        def read_on(segment: int, key: Key) -> None:
            part: dict[str, Any] = {"Segment": segment, "TotalSegments": len(places)}
            options = {**part, "ExclusiveStartKey": key} if key else part
            under_way[threads.submit(_read, table, raw, options)] = segment

        for segment, key in enumerate(places):
            if key is not None:
                read_on(segment, key)
        while under_way:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                segment, page = under_way.pop(future), future.result()
                if page.next is not None:
                    read_on(segment, page.next)
                yield segment, page


def _read(table: str, raw: bool, options: dict[str, Any]) -> Page:
    answer = client("dynamodb").scan(TableName=table, ConsistentRead=True, **options)
    lines = csv_rows(answer["Items"], time.time(), raw)
    return Page("".join(lines).encode(), len(lines), answer.get("LastEvaluatedKey"))
