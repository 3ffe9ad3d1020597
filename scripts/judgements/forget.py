"""Erases a text: its judgements, every export in the bucket, and copies on this machine; and records the erasure.

Only the text's id is recorded, in a list that is kept with the code: judgements of that text made before the erasure
are left out of every later import (container/training/retrain reads the list). If a visitor types the same text again,
that is a new text, and it is kept. The counts stay: they are numbers, not text.

One copy remains, in AWS: the table's point-in-time recovery goes back 35 days.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts import ROOT
from scripts.app import buckets
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from shared import csvformat, reviews
from shared.times import timestamp

LIST = ROOT / "container" / "training" / "retrain" / "forgotten.tsv"
# Where `sentiment export` and `make retrain` leave what they read.
COPIES = (ROOT / "exports" / "judgements.csv", ROOT / "build" / "retrain" / "judgements.csv")
BATCH = 25  # the most that DynamoDB writes at once

Key = dict[str, Any]


@dataclass(frozen=True)
class Erased:
    """What was erased: judgements, versions of exports, and the files that rows were removed from."""

    judgements: int
    exports: int
    files: list[str]


def find(cloud: Cloud, table: str, text_id: str) -> list[Key]:
    """Keys of all judgements of a text; the text itself is not read."""
    pages = (
        cloud.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": text_id}},
            ProjectionExpression=", ".join(catalogue.JUDGEMENTS_KEY),
            ConsistentRead=True,
        )
    )
    return [item for page in pages for item in page["Items"]]


def forget(
    cloud: Cloud, outputs: dict[str, str], text_id: str, copies: Sequence[Path] = COPIES, known: Path = LIST
) -> Erased:
    """Erase a text. Running it again, for example after an interruption, does what is left.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
        text_id: id of the text.
        copies: CSV files on this machine; missing ones are skipped.
        known: the list of erased texts.

    Raises:
        DeployError: a file or an object cannot be changed; running it again finishes the erasure.
    """
    remember(text_id, known)
    table, judgements = outputs["JudgementsTableName"], 0
    while keys := find(cloud, table, text_id):
        _delete(cloud, table, keys)
        judgements += len(keys)
    # An export being written now may have read the text already: it is cancelled, and all exports are deleted.
    cloud.client("dynamodb").delete_item(TableName=outputs["ExportsTableName"], Key={"id": {"S": "export"}})
    exports = buckets.empty(cloud, outputs["ExportBucketName"])
    return Erased(judgements, exports, [str(path) for path in copies if path.exists() and _clean(path, text_id)])


def remember(text_id: str, known: Path = LIST) -> None:
    """Add a text to the list of erased texts: its id, and the time up to which its judgements are erased."""
    with known.open("a", encoding="utf-8") as file:
        file.write(f"{text_id}\t{timestamp()}\n")
        file.flush()
        os.fsync(file.fileno())


def forgotten(known: Path = LIST) -> dict[str, str]:
    """Ids of the erased texts, each with the time up to which its judgements are erased."""
    return dict(line.split("\t") for line in known.read_text(encoding="utf-8").splitlines())


def _delete(cloud: Cloud, table: str, keys: list[Key]) -> None:
    waiting = [{"DeleteRequest": {"Key": key}} for key in keys]
    while waiting:
        answer = cloud.client("dynamodb").batch_write_item(RequestItems={table: waiting[:BATCH]})
        waiting = answer.get("UnprocessedItems", {}).get(table, []) + waiting[BATCH:]


def _clean(path: Path, text_id: str) -> bool:
    """Remove a text from a CSV file; return whether it was there. A crash leaves the old file or the new one."""
    new = path.with_name(path.name + ".new")
    try:
        with path.open(encoding="utf-8", newline="") as old, new.open("w", encoding="utf-8", newline="") as kept:
            writer, found = csv.writer(kept, lineterminator="\r\n"), False
            for row, gone in _rows(old, text_id):
                found = found or gone
                if not gone:
                    writer.writerow(row)
            kept.flush()
            os.fsync(kept.fileno())
    except (OSError, ValueError, csv.Error) as error:
        new.unlink(missing_ok=True)
        raise DeployError(f"{path} cannot be cleaned: {error}.", "Delete that copy, then run this again.") from error
    if found:
        new.replace(path)
        return True
    new.unlink()
    return False


def _rows(file: Any, text_id: str) -> Iterator[tuple[list[str], bool]]:
    """Each row, and whether it is about the text: by its id, or by the text itself where the id differs."""
    for row in csv.reader(file, strict=True):
        text = csvformat.restore(row[1]) if len(row) > 1 else ""
        yield row, bool(row) and text_id in (row[0], reviews.text_id(text))
