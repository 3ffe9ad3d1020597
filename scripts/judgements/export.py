"""The whole table of judgements as a CSV file: a parallel scan that can be resumed, in flat memory.

Each segment of the scan is written to a part file of its own, and progress is recorded after each page; an interrupted
run resumes from there. At the end the parts are joined, without what was erased while they were written; beside the
file lies its checksum.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from scripts.judgements import checksum, erasures
from scripts.stage.errors import DeployError, InterruptedDeployError
from scripts.stage.interrupt import Interrupt
from scripts.stage.session import Cloud
from shared import csvformat, erasure
from shared.judgements import csv_rows

SEGMENTS = 4


@dataclass
class Part:
    """One segment of the scan.

    Attributes:
        path: its file of rows; a file beside it records the progress.
        key: where the scan continues; None at the beginning.
        size: valid bytes of the file.
        rows: how many rows those are.
        done: whether the segment is finished.
    """

    path: Path
    key: dict[str, Any] | None = None
    size: int = 0
    rows: int = 0
    done: bool = False

    @property
    def note(self) -> Path:
        """The file that records the progress."""
        return self.path.with_suffix(".progress")

    def save(self) -> None:
        """Record the progress; the file has the old or the new content, never half of it."""
        new = self.note.with_suffix(".new")
        facts = {"key": self.key, "size": self.size, "rows": self.rows, "done": self.done}
        new.write_text(json.dumps(facts), encoding="utf-8")
        new.replace(self.note)


def export(
    cloud: Cloud, outputs: Mapping[str, str], target: Path, interrupt: Interrupt, tell: Callable[[int], None]
) -> int:
    """Write the table to a file.

    Args:
        cloud: where.
        outputs: outputs of the stage's stacks.
        target: the file; it appears once it is complete, and beside it its checksum and what the stage has erased.
        interrupt: Ctrl-C.
        tell: called with the number of rows so far.

    Returns:
        How many judgements the file has.

    Raises:
        DeployError: the disk is full, or the file cannot be written; the parts are kept for the next run.
        InterruptedDeployError: Ctrl-C; likewise.
    """
    if target.is_dir():  # otherwise it would fail only after the whole scan
        raise DeployError(f"{target} is a folder.", f"Name a file: --out {target / 'judgements.csv'}")
    folder, table = parts_of(target), outputs["JudgementsTableName"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = [
            _open(folder / f"{table}-{segment}of{SEGMENTS}-{len(csvformat.COLUMNS)}.csv") for segment in range(SEGMENTS)
        ]
        _scan(cloud, table, parts, interrupt, tell)
        erased = erasures.read(cloud, outputs)
        count = _join(parts, folder / "complete", target, erased)
        _list(erased, target)
        shutil.rmtree(folder)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DeployError(
                f"The disk is full: {target} is not complete.",
                f"Free some space and run the same command again: it resumes from {folder}.",
            ) from error
        raise DeployError(f"{target} cannot be written: {error.strerror or error}.") from error
    return count


def erased_of(target: Path) -> Path:
    """Where the stage's erasures are listed, beside an export to a file."""
    return target.with_name(target.name + ".erased")


def parts_of(target: Path) -> Path:
    """Where an interrupted export to a file keeps what it has read."""
    return target.with_name(target.name + ".parts")


def _open(path: Path) -> Part:
    part = Part(path)
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        part = Part(path, **json.loads(part.note.read_text(encoding="utf-8")))
    with path.open("ab") as file:
        file.truncate(part.size)  # drops a page that was being written when the last run ended
    return part


def _scan(cloud: Cloud, table: str, parts: list[Part], interrupt: Interrupt, tell: Callable[[int], None]) -> None:
    failed = threading.Event()

    def work(segment: int) -> None:
        part = parts[segment]
        try:
            while not part.done and not interrupt.stopping and not failed.is_set():
                _page(cloud, table, part, segment)
                tell(sum(each.rows for each in parts))
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(len(parts), thread_name_prefix="segment") as pool:
        for result in [pool.submit(work, segment) for segment in range(len(parts))]:
            result.result()
    if not all(part.done for part in parts):
        raise InterruptedDeployError(
            "Stopped by Ctrl-C; what was read is kept.", "Run the same command again to resume."
        )


def _page(cloud: Cloud, table: str, part: Part, segment: int) -> None:
    arguments = {"ExclusiveStartKey": part.key} if part.key else {}
    answer = cloud.client("dynamodb").scan(TableName=table, Segment=segment, TotalSegments=SEGMENTS, **arguments)
    lines = csv_rows(answer["Items"], cloud.now().timestamp())
    rows = "".join(lines).encode()
    with part.path.open("ab") as file:
        file.write(rows)
        file.flush()
        os.fsync(file.fileno())
    part.size += len(rows)
    part.rows += len(lines)
    part.key = answer.get("LastEvaluatedKey")
    part.done = part.key is None
    part.save()


def _join(parts: list[Part], complete: Path, target: Path, erased: erasure.Erasures) -> int:
    """Make the file, with its checksum; return how many judgements it has."""
    hashed, count = hashlib.sha256(), 0
    with complete.open("wb") as whole:
        for lines, rows in chain([(csvformat.header().encode(), 0)], _pieces(parts, erased)):
            whole.write(lines)
            hashed.update(lines)
            count += rows
        whole.flush()
        os.fsync(whole.fileno())
    checksum.side_file(target).unlink(missing_ok=True)  # better none than that of an older file
    complete.replace(target)
    checksum.write(target, hashed.hexdigest())
    return count


def _list(erased: erasure.Erasures, target: Path) -> None:
    """List what was erased, so that older exports can be read without it; the file has the old or the new list."""
    new = erased_of(target).with_suffix(".new")
    new.write_text("".join(f"{mark}\t{time}\n" for mark, time in sorted(erased.items())), encoding="utf-8")
    new.replace(erased_of(target))


def _pieces(parts: list[Part], erased: erasure.Erasures) -> Iterator[tuple[bytes, int]]:
    """What the parts hold, piece by piece, and how many rows each has; row by row only where something was erased."""
    for part in parts:
        if not erased:
            with part.path.open("rb") as file:
                while block := file.read(1 << 20):
                    yield block, 0
            yield b"", part.rows
            continue
        with part.path.open(encoding="utf-8", newline="") as text:
            for cells in csv.reader(text, strict=True):
                row = csvformat.read_cells(csvformat.COLUMNS, cells)
                if not erasure.covered(erased, row["review"], row["question"], row["time"]):
                    yield csvformat.write_row(row).encode(), 1
