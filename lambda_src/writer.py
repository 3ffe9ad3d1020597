"""Writes a large export into the export bucket, part by part; called by the function export, and by no route.

After each part it records how far each segment of the table has been read into the parts so far. So a run that runs
out of time, or dies, loses only what it had not uploaded yet, and the next one resumes from there: every judgement
that the table held at the beginning and still holds is in the file exactly once.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bucket
import jobs
import rows
from settings import Writer
from shared import csvformat, logs

# Enough to upload one more part on a slow day, and to record it.
_RESERVE_MILLISECONDS = 20_000


def handler(event: dict[str, Any], context: Any) -> None:
    """Continue an export.

    Args:
        event: ``export``, ``owner`` and ``raw``, as returned by ``jobs.claim``.
        context: Lambda's; has the remaining time.
    """
    settings, started = Writer.load(), time.perf_counter()
    found = jobs.find(settings.exports_table, event.get("raw", False))
    if not found or (found[0].export, found[0].owner) != (event["export"], event["owner"]):
        return  # called twice, or too late
    job = found[0]
    before = job.rows
    try:
        outcome = "complete" if _write(job, settings, context) else "let go"
    except jobs.LostError:
        outcome = "lost"
    fields = {
        "function": "writer",
        "export": job.export,
        "outcome": outcome,
        "rows": job.rows - before,
        "bytes": job.bytes,
        "parts": len(job.tags),
        "milliseconds": logs.milliseconds_since(started),
        "peakMiB": _peak_mib(),
    }
    print(logs.line("INFO", "export", fields), flush=True)


def _write(job: jobs.Job, settings: Writer, context: Any) -> bool:
    """Write until the end, or until time is short; return whether the export is complete."""
    if bucket.size(settings.export_bucket, job.key) is not None:  # the last run died right after completing it
        jobs.drop(settings.exports_table, job)
        return True
    pending = bytearray() if job.tags else bytearray(csvformat.header(job.raw).encode())
    places, count = list(job.places), job.rows
    reading = rows.segments(settings.judgements_table, places, job.raw)
    for segment, page in reading:
        pending += page.content
        places[segment], count = page.next, count + page.rows
        if len(pending) >= bucket.PART_BYTES:
            _upload(job, settings, pending, places, count)
            if context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS:
                reading.close()
                jobs.keep(settings.exports_table, job, let_go=True)
                return False
    if pending:
        _upload(job, settings, pending, places, count)
    bucket.complete(settings.export_bucket, job.key, job.upload, job.tags)
    jobs.drop(settings.exports_table, job)
    return True


def _upload(
    job: jobs.Job, settings: Writer, pending: bytearray, places: list[dict[str, Any] | None], count: int
) -> None:
    tag = bucket.put(settings.export_bucket, job.key, job.upload, len(job.tags) + 1, bytes(pending))
    job.tags.append(tag)
    job.places, job.rows, job.bytes, job.failures = list(places), count, job.bytes + len(pending), 0
    pending.clear()
    jobs.keep(settings.exports_table, job)


def _peak_mib() -> float | None:
    """Peak memory of this process, as Linux counts it; None on other systems.

    Not ``getrusage``: its figure survives an exec, so it can be that of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 2**10, 1)
