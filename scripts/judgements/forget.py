"""Erases a text, in every spelling of it: judgements, exports, copies of the table, and files on this machine.

The erasure is recorded in the stage's ledger, with the server's time: whatever copies judgements leaves the text out
from then on, an export that is interrupted now and a restored table too. It is also added to a list that is kept with
the code, which later imports of older files read (container/training/retrain). Neither holds the text, only digests.

If a visitor asks about the same text again, that is their own wish, and it is kept. The counts stay: they are numbers,
not text. One copy remains, in AWS: the table's point-in-time recovery.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts import ROOT
from scripts.app import buckets
from scripts.judgements import checksum, erasures
from scripts.judgements.export import parts_of
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from shared import csvformat, erasure, reviews

LIST = ROOT / "container" / "training" / "retrain" / "forgotten.tsv"
# Where `sentiment export` and `make retrain` leave what they read.
COPIES = (ROOT / "exports" / "judgements.csv", ROOT / "build" / "retrain" / "judgements.csv")
REPORT = ROOT / "build" / "retrain" / "report.md"  # quotes some of them; its pictures and its public part quote none
BATCH = 25  # the most that DynamoDB writes at once
RESTORED = "-restored-"  # in the names of tables that `restore` makes, after that of the original

Item = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the text was looked for, and how often it was erased there."""

    name: str
    erased: int


@dataclass(frozen=True)
class Erased:
    """What was erased.

    Attributes:
        judgements: how many in the table.
        exports: versions of exports.
        files: those that rows were removed from.
        places: everywhere that was looked.
        left: where it still is or may be, in words.
    """

    judgements: int
    exports: int
    files: list[str]
    places: list[Place]
    left: list[str]


@dataclass(frozen=True)
class Wanted:
    """A text to erase.

    Attributes:
        id: its id.
        text: the text; None if only the id is known, and then only that one spelling is found.
    """

    id: str
    text: str | None = None

    @property
    def marks(self) -> list[str]:
        """What names it in the ledger."""
        return [erasure.id_mark(self.id), *([erasure.text_mark(self.text)] if self.text is not None else [])]

    def matches(self, review: str, stated: str = "") -> bool:
        """Whether a review is this text.

        Args:
            review: the review.
            stated: the id that was stored with it.
        """
        if self.id in (stated, reviews.text_id(review)):
            return True
        return self.text is not None and erasure.canonical(review) == erasure.canonical(self.text)


def identify(cloud: Cloud, outputs: dict[str, str], text_id: str) -> Wanted:
    """The text with an id, as far as a judgement of it is in the table.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
        text_id: id of the text.
    """
    found = cloud.client("dynamodb").query(
        TableName=outputs["JudgementsTableName"],
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": text_id}},
        ConsistentRead=True,
        Limit=1,
    )["Items"]
    return Wanted(text_id, found[0]["review"]["S"] if found else None)


def find(cloud: Cloud, table: str, wanted: Wanted) -> Iterator[Item]:
    """Keys and times of all judgements of a text, in all its spellings; this reads the whole table."""
    pages = (
        cloud.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            ProjectionExpression="id, judgement, review, #time",
            ExpressionAttributeNames={"#time": "time"},
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            if wanted.matches(item["review"]["S"], item["id"]["S"]):
                yield item


def forget(
    cloud: Cloud,
    outputs: dict[str, str],
    wanted: Wanted,
    copies: Sequence[Path] = COPIES,
    known: Path = LIST,
    report: Path = REPORT,
) -> Erased:
    """Erase a text. Running it again, for example after an interruption, does what is left.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
        wanted: the text.
        copies: CSV files on this machine; missing ones are skipped.
        known: the list of erased texts.
        report: of the last retraining, if there is one; it goes if it quotes the text.

    Raises:
        DeployError: a file or an object cannot be changed; running it again finishes the erasure.
    """
    ledger, table = outputs["LedgerTableName"], outputs["JudgementsTableName"]
    time = erasures.write(cloud, ledger, wanted.marks)
    remember(wanted, time, known)
    places = [Place(f"table {table}", _erase(cloud, table, wanted, time))]
    places += [Place(f"table {copy}", _erase(cloud, copy, wanted, time)) for copy in copies_of(cloud, table)]
    # An export being written now may have read the text already: it is cancelled, and all exports are deleted.
    places.append(Place("exports in progress", _cancel(cloud, outputs["ExportsTableName"])))
    exports = buckets.empty(cloud, outputs["ExportBucketName"])
    places.append(Place(f"bucket {outputs['ExportBucketName']}, all exports", exports))
    cleaned = [(path, _clean(path, wanted)) for path in copies if path.exists()]
    places += [Place(str(path), rows) for path, rows in cleaned]
    for parts in (parts_of(path) for path in copies):
        if parts.is_dir():
            shutil.rmtree(parts)
            places.append(Place(f"{parts}, an interrupted export: it starts anew", 1))
    left = _left(cloud, table, wanted, time)
    if report.exists() and wanted.text is None:
        left.append(f"{report}, which may quote the text: delete it.")
    elif report.exists():
        quoted = _quotes(report, wanted)
        places.append(Place(f"{report}{', which quoted it: deleted' if quoted else ''}", quoted))
    files = [str(path) for path, rows in cleaned if rows]
    return Erased(places[0].erased, exports, files, places, left)


def _quotes(report: Path, wanted: Wanted) -> int:
    """Delete a report if it quotes the text; return how many were deleted."""
    told = re.sub(r"\\([^\w\s])", r"\1", report.read_text(encoding="utf-8"))  # as it was before Markdown
    if erasure.canonical(str(wanted.text)) not in erasure.canonical(told):
        return 0
    report.unlink()
    return 1


def _left(cloud: Cloud, table: str, wanted: Wanted, time: str) -> list[str]:
    left = ["Files that somebody downloaded, or that lie elsewhere: name them with --csv."]
    if cloud.recovery_days:
        until = datetime.fromisoformat(time) + timedelta(days=cloud.recovery_days)
        words = f"The point-in-time recovery of {table}, until {until:%Y-%m-%d}; `restore` leaves the text out."
        left.insert(0, words)
    if wanted.text is None:
        left.append("Other spellings of the text, which nobody can know by its id: name it with --text.")
    return left


def copies_of(cloud: Cloud, table: str) -> list[str]:
    """Names of the tables that ``restore`` made of a table.

    Args:
        cloud: the stage.
        table: name of the table.
    """
    pages = cloud.client("dynamodb").get_paginator("list_tables").paginate()
    names = (name for page in pages for name in page["TableNames"])
    return [name for name in names if name.startswith(table[:200] + RESTORED)]


def remember(wanted: Wanted, time: str, known: Path = LIST) -> None:
    """Add a text to the list of erased texts: what names it, and the time up to which its judgements are erased."""
    marks = [wanted.id, *wanted.marks[1:]]  # the id without its kind, as in older lines
    with known.open("a", encoding="utf-8") as file:
        file.write("".join(f"{mark}\t{time}\n" for mark in marks))
        file.flush()
        os.fsync(file.fileno())


def _erase(cloud: Cloud, table: str, wanted: Wanted, time: str) -> int:
    """Delete a text's judgements up to a time, until none is found any more; return how many."""
    count = 0
    while found := [item for item in find(cloud, table, wanted) if item.get("time", {"S": ""})["S"] <= time]:
        _delete(cloud, table, [{name: item[name] for name in catalogue.JUDGEMENTS_KEY} for item in found])
        count += len(found)
    return count


def _delete(cloud: Cloud, table: str, keys: list[Item]) -> None:
    waiting = [{"DeleteRequest": {"Key": key}} for key in keys]
    while waiting:
        answer = cloud.client("dynamodb").batch_write_item(RequestItems={table: waiting[:BATCH]})
        waiting = answer.get("UnprocessedItems", {}).get(table, []) + waiting[BATCH:]


def _cancel(cloud: Cloud, table: str) -> int:
    """Call off the large exports in progress; return how many there were."""
    keys = [{"id": {"S": name}} for name in catalogue.EXPORTS]
    client = cloud.client("dynamodb")
    return sum("Attributes" in client.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD") for key in keys)


def _clean(path: Path, wanted: Wanted) -> int:
    """Remove a text from a CSV file; return how many rows were. A crash leaves the old file or the new one."""
    new = path.with_name(path.name + ".new")
    try:
        with path.open(encoding="utf-8", newline="") as old, new.open("w", encoding="utf-8", newline="") as kept:
            writer, found = csv.writer(kept, lineterminator="\r\n"), 0
            for row, gone in _rows(old, wanted):
                found += gone
                if not gone:
                    writer.writerow(row)
            kept.flush()
            os.fsync(kept.fileno())
    except (OSError, ValueError, csv.Error) as error:
        new.unlink(missing_ok=True)
        raise DeployError(f"{path} cannot be cleaned: {error}.", "Delete that copy, then run this again.") from error
    if not found:
        new.unlink()
        return 0
    hashed = checksum.side_file(path).exists()
    checksum.side_file(path).unlink(missing_ok=True)
    new.replace(path)
    if hashed:
        checksum.write(path, checksum.digest(path))
    return found


def _rows(file: Any, wanted: Wanted) -> Iterator[tuple[list[str], bool]]:
    """Each row, and whether it is about the text: by its id, or by the text itself where the id differs."""
    for row in csv.reader(file, strict=True):
        text = csvformat.restore(row[1]) if len(row) > 1 else ""
        yield row, bool(row) and wanted.matches(text, row[0])
