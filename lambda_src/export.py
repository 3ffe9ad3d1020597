"""GET /getcsv: all judgements as CSV, directly or, if they are too many, by way of the export bucket.

What fits into a reply is returned at once. Otherwise an export is started or joined, which the function writer writes;
``?export=ID`` asks for its progress. A client that accepts JSON is told; any other waits here and is redirected, first
to ask again, finally to the file. The table is never held in memory as a whole, and a truncated file never looks
complete: a direct reply is sent only once everything is read, and an upload can be downloaded only once it is complete.
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from http import HTTPStatus
from typing import Any

import bucket
import jobs
import rows
from access import authorise
from aws import client
from endpoint import endpoint
from replies import NOT_STORED, Reply, json_reply
from request import Event, header, query
from settings import Export
from shared import csvformat
from shared.problems import Problem, bad_request, try_later

# A Lambda's reply has 6 MiB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
# In base64 these four become 5.3, which leaves room for the rest of the reply.
DIRECT_BYTES = 4 * 1024 * 1024
CONTENT_TYPE = "text/csv; charset=utf-8"
_RESERVE_MILLISECONDS = 6_000  # enough to start an export and to reply
_PAUSE_SECONDS = 0.5  # between two checks of its progress
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@endpoint("export")
def handler(event: Event, context: Any) -> Reply:
    """Answer one request."""
    settings = Export.load()
    authorise(event, settings.export_token_parameter)
    export, raw = query(event, "export"), _raw(event)
    if not export:
        content = _small(settings.judgements_table, raw, context)
        if content is not None:
            return _directly(content, raw)
        export = _begin(settings, raw)
    return _progress(export, raw, settings, event, context)


def _raw(event: Event) -> bool:
    """Whether the raw form is wanted, for programs that are no spreadsheet."""
    asked = query(event, "raw", missing="0")
    if asked not in ("0", "1"):
        raise bad_request("raw must be 1, for the CSV without apostrophes against formulas, or 0.")
    return asked == "1"


def _disposition(raw: bool) -> str:
    return f"attachment; filename={jobs.file_name(raw)}"


def _small(table: str, raw: bool, context: Any) -> bytes | None:
    """The whole CSV; None if it is too large for a reply or would take too long."""
    content = bytearray(csvformat.header(raw).encode())
    for page in rows.pages(table, raw):
        content += page.content
        if len(content) > DIRECT_BYTES or (page.next is not None and _short_of_time(context)):
            return None
    return bytes(content)


def _begin(settings: Export, raw: bool) -> str:
    """Start an export, or join the one in progress; return its id."""
    found = jobs.find(settings.exports_table, raw)
    export = str(uuid.uuid4())
    upload = bucket.begin(settings.export_bucket, jobs.object_key(export, raw), CONTENT_TYPE, _disposition(raw))
    job = jobs.Job(export, upload, raw=raw)
    if jobs.begin(settings.exports_table, job):
        if found:
            bucket.abandon(settings.export_bucket, found[0].key, found[0].upload)
        return export
    bucket.abandon(settings.export_bucket, job.key, upload)
    joined = jobs.find(settings.exports_table, raw)
    if not joined:
        raise try_later("Another export has just finished. Send the same request again.")
    return joined[0].export


def _progress(export: str, raw: bool, settings: Export, event: Event, context: Any) -> Reply:
    """Its progress, for clients that accept JSON; others wait for it as long as a request can."""
    told = "application/json" in header(event, "accept")
    while True:
        job = _go_on(export, raw, settings)
        if isinstance(job, int):
            url = bucket.lend(settings.export_bucket, jobs.object_key(export, raw))
            return json_reply({"export": export, "bytes": job, "url": url}) if told else _see(url)
        if told:
            about = {"export": export, "judgements": job.rows, "bytes": job.bytes}
            return json_reply(about, HTTPStatus.ACCEPTED, {"retry-after": "1"})
        if _short_of_time(context):
            return _see(f"getcsv?export={export}{'&raw=1' if raw else ''}")
        time.sleep(_PAUSE_SECONDS)


def _go_on(export: str, raw: bool, settings: Export) -> jobs.Job | int:
    """The export, with a writer running; or the size of its file in bytes if it is complete.

    Raises:
        Problem: 404 if there is no such export, 500 if it is abandoned.
    """
    found = jobs.find(settings.exports_table, raw)
    if not found or found[0].export != export:
        size = bucket.size(settings.export_bucket, jobs.object_key(export, raw)) if _UUID.fullmatch(export) else None
        if size is None:
            raise Problem(
                HTTPStatus.NOT_FOUND, "This export does not exist or has expired. Start another one with GET /getcsv."
            )
        return size
    job, lease = found
    taken = jobs.claim(settings.exports_table, job, lease)
    if taken is None:
        return job
    if taken.failures >= jobs.MOST_FAILURES:
        bucket.abandon(settings.export_bucket, taken.key, taken.upload)
        jobs.drop(settings.exports_table, taken)
        # No "try again": this export will not continue, and later requests for it find none.
        raise Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The export failed several times. Start another one later.")
    call = json.dumps({"export": export, "owner": taken.owner, "raw": raw})
    client("lambda").invoke(FunctionName=settings.export_writer, InvocationType="Event", Payload=call.encode())
    return taken


def _directly(content: bytes, raw: bool) -> Reply:
    return {
        "statusCode": int(HTTPStatus.OK),
        "headers": {"content-type": CONTENT_TYPE, "content-disposition": _disposition(raw), **NOT_STORED},
        # Base64, because its length is predictable: as JSON, a text can grow sixfold.
        "body": base64.b64encode(content).decode("ascii"),
        "isBase64Encoded": True,
    }


def _see(location: str) -> Reply:
    return {
        "statusCode": int(HTTPStatus.SEE_OTHER),
        "headers": {"location": location, **NOT_STORED},
        "body": "",
    }


def _short_of_time(context: Any) -> bool:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining is not None and remaining() < _RESERVE_MILLISECONDS
