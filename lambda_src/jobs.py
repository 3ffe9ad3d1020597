"""The one large export in progress, of either form: its progress and its writer. It is an item of the table of exports.

A client that asks for an export starts one or joins the one in progress. A client that asks for its progress makes it
continue if it has no writer: a writer that runs out of time releases it, one that died is replaced after a minute. So
an export continues for as long as a client waits for it, and two writers never write at the same time.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from aws import client

SEGMENTS = 4  # read in parallel; more bring nothing on a Lambda's share of a core
LEASE_SECONDS = 60  # within which a writer must renew its lease; a part takes a few
STALE_SECONDS = 15 * 60  # after which an abandoned export is started anew rather than resumed
MOST_FAILURES = 3  # in a row, without a part between them
ITEMS = {False: {"id": {"S": "export"}}, True: {"id": {"S": "export-raw"}}}  # by whether it is the raw form


class LostError(Exception):
    """Another writer has taken over the export, or it was cancelled."""


@dataclass
class Job:
    """An export in progress.

    Attributes:
        export: its id, a UUID.
        upload: id of the upload in the export bucket.
        places: for each segment where to continue, as ``rows.segments`` takes it.
        tags: tags of the uploaded parts.
        rows: number of judgements in these parts.
        bytes: total size of these parts.
        failures: how many writers have died since the last part.
        owner: id of its writer; empty if there is none.
        raw: whether it is of the raw form.
    """

    export: str
    upload: str
    places: list[dict[str, Any] | None] = field(default_factory=lambda: [{} for _ in range(SEGMENTS)])
    tags: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    failures: int = 0
    owner: str = ""
    raw: bool = False

    @property
    def key(self) -> str:
        """Key of its object in the export bucket."""
        return object_key(self.export, self.raw)


def object_key(export: str, raw: bool = False) -> str:
    """Key of an export's object."""
    return f"exports/{export}/{file_name(raw)}"


def file_name(raw: bool) -> str:
    """What the file of an export is called."""
    return "sentiment.raw.csv" if raw else "sentiment.csv"


def find(table: str, raw: bool = False) -> tuple[Job, float] | None:
    """The export in progress, and the time at which its writer's lease ends; None if there is none."""
    item = client("dynamodb").get_item(TableName=table, Key=ITEMS[raw], ConsistentRead=True).get("Item")
    if not item:
        return None
    return Job(**json.loads(item["job"]["S"])), float(item["lease"]["N"])


def begin(table: str, job: Job) -> bool:
    """Make it the export in progress; False if there already is one that a client waits for."""
    return _put(
        table, job, time.time(), "attribute_not_exists(id) OR lease < :stale", {":stale": time.time() - STALE_SECONDS}
    )


def claim(table: str, job: Job, lease: float) -> Job | None:
    """Become its writer, if it has none.

    Args:
        table: name of the table of exports.
        job: the export as it was found.
        lease: the end of the lease that was found with it.

    Returns:
        The export with us as its owner; None if another writer is alive or was quicker.
    """
    if job.owner and lease > time.time():
        return None
    died = bool(job.owner)  # it did not release the export
    taken = replace(job, owner=uuid.uuid4().hex, failures=job.failures + died)
    as_found = {":lease": lease, ":owner": job.owner}
    done = _put(table, taken, time.time() + LEASE_SECONDS, "lease = :lease AND #owner = :owner", as_found)
    return taken if done else None


def keep(table: str, job: Job, let_go: bool = False) -> None:
    """Record the progress, and renew or release the lease.

    Raises:
        LostError: another writer has taken over.
    """
    kept, lease = (replace(job, owner=""), 0) if let_go else (job, LEASE_SECONDS)
    if not _put(table, kept, time.time() + lease, "#owner = :owner", {":owner": job.owner}):
        raise LostError


def drop(table: str, job: Job) -> None:
    """Remove it: it is complete, or cancelled. If another writer has taken it over, that one keeps it."""
    try:
        client("dynamodb").delete_item(
            TableName=table,
            Key=ITEMS[job.raw],
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": job.owner}},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def _put(table: str, job: Job, lease: float, condition: str, values: dict[str, Any]) -> bool:
    """Write the item if the condition holds; return whether it did."""
    item = {
        **ITEMS[job.raw],
        "owner": {"S": job.owner},
        "lease": {"N": _number(lease)},
        "job": {"S": json.dumps(vars(job))},
    }
    names = {"#owner": "owner"} if "#owner" in condition else {}
    try:
        client("dynamodb").put_item(
            TableName=table,
            Item=item,
            ConditionExpression=condition,
            ExpressionAttributeValues={
                name: {"S": value} if isinstance(value, str) else {"N": _number(value)}
                for name, value in values.items()
            },
            **({"ExpressionAttributeNames": names} if names else {}),
        )
    except ClientError as error:
        if not _refused(error):
            raise
        return False
    return True


def _number(value: float) -> str:
    return f"{value:.3f}"


def _refused(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")
