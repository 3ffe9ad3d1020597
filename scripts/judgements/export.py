"""The whole table of judgements as a CSV file: a parallel scan that can be resumed, in flat memory.

Each segment of the scan is written to a part file of its own, and progress is recorded after each page; an interrupted
run resumes from there. At the end the parts are joined.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.stage.errors import DeployError, InterruptedDeployError
from scripts.stage.interrupt import Interrupt
from scripts.stage.session import Cloud
from shared import csvformat
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


def export(cloud: Cloud, table: str, target: Path, interrupt: Interrupt, tell: Callable[[int], None]) -> int:
    """Write the table to a file.

    Args:
        cloud: where.
        table: name of the table of judgements.
        target: the file; it appears once it is complete.
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
    folder = target.with_name(target.name + ".parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = [_open(folder / f"{table}-{segment}of{SEGMENTS}.csv") for segment in range(SEGMENTS)]
        _scan(cloud, table, parts, interrupt, tell)
        _join(parts, folder / "complete", target)
        shutil.rmtree(folder)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DeployError(
                f"The disk is full: {target} is not complete.",
                f"Free some space and run the same command again: it resumes from {folder}.",
            ) from error
        raise DeployError(f"{target} cannot be written: {error.strerror or error}.") from error
    return sum(part.rows for part in parts)


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
    lines = csv_rows(answer["Items"], time.time())
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


def _join(parts: list[Part], complete: Path, target: Path) -> None:
    with complete.open("wb") as whole:
        whole.write(csvformat.header().encode())
        for part in parts:
            with part.path.open("rb") as file:
                shutil.copyfileobj(file, whole)
        whole.flush()
        os.fsync(whole.fileno())
    complete.replace(target)
