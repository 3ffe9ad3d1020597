"""The one large export that is being written: how far it is, and who writes. It is an item of the table of exports.

Whoever asks for an export begins one, or joins the one under way. Whoever asks how far it is has it go on, should
nobody be writing it any more: a writer that has run out of time lets go, one that died is given up after a minute. So
an export goes on for as long as somebody waits for it, and two never write at the same time.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from aws import client

SEGMENTS = 4  # read at the same time; more gain nothing on a Lambda's share of a core
LEASE_SECONDS = 60  # within which a writer has to show that it lives; a part takes a few
STALE_SECONDS = 15 * 60  # after which an export that nobody waited for is begun anew rather than gone on with
MOST_FAILURES = 3  # in a row, without a single part between them
_ITEM = {"id": {"S": "export"}}


class LostError(Exception):
    """Somebody else writes the export by now, or it was called off."""


@dataclass
class Job:
    """An export under way.

    Attributes:
        export: its id, a UUID.
        upload: id of the upload in the export bucket.
        places: for each segment where to go on, as ``rows.segments`` wants it.
        tags: of the parts that are uploaded.
        rows: how many judgements these hold.
        bytes: how long these are.
        failures: how many writers died since the last part.
        owner: who writes it; empty when nobody does.
    """

    export: str
    upload: str
    places: list[dict[str, Any] | None] = field(default_factory=lambda: [{} for _ in range(SEGMENTS)])
    tags: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    failures: int = 0
    owner: str = ""

    @property
    def key(self) -> str:
        """Key of its object in the export bucket."""
        return object_key(self.export)


def object_key(export: str) -> str:
    """Key of an export's object."""
    return f"exports/{export}/sentiment.csv"


def find(table: str) -> tuple[Job, float] | None:
    """The export under way, and the time until which its writer is believed to live; None when there is none."""
    item = client("dynamodb").get_item(TableName=table, Key=_ITEM, ConsistentRead=True).get("Item")
    if not item:
        return None
    return Job(**json.loads(item["job"]["S"])), float(item["lease"]["N"])


def begin(table: str, job: Job) -> bool:
    """Make it the one under way; False when there is one that somebody waits for."""
    return _put(
        table, job, time.time(), "attribute_not_exists(id) OR lease < :stale", {":stale": time.time() - STALE_SECONDS}
    )


def claim(table: str, job: Job, lease: float) -> Job | None:
    """Become its writer, when nobody is.

    Args:
        table: name of the table of exports.
        job: the export as it was found.
        lease: and the time that was found with it.

    Returns:
        The export with us for its owner; None when another one lives or was quicker.
    """
    if job.owner and lease > time.time():
        return None
    died = bool(job.owner)  # rather than having let go
    taken = replace(job, owner=uuid.uuid4().hex, failures=job.failures + died)
    as_found = {":lease": lease, ":owner": job.owner}
    done = _put(table, taken, time.time() + LEASE_SECONDS, "lease = :lease AND #owner = :owner", as_found)
    return taken if done else None


def keep(table: str, job: Job, let_go: bool = False) -> None:
    """Note how far it is, and that its writer lives or lets go.

    Raises:
        LostError: it is not ours any more.
    """
    kept, lease = (replace(job, owner=""), 0) if let_go else (job, LEASE_SECONDS)
    if not _put(table, kept, time.time() + lease, "#owner = :owner", {":owner": job.owner}):
        raise LostError


def drop(table: str, job: Job) -> None:
    """Forget it: it is complete, or called off. Whoever else has taken it meanwhile keeps it."""
    try:
        client("dynamodb").delete_item(
            TableName=table,
            Key=_ITEM,
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": job.owner}},
        )
    except ClientError as error:
        if not _refused(error):
            raise


def _put(table: str, job: Job, lease: float, condition: str, values: dict[str, Any]) -> bool:
    """Write the item where the condition holds; whether it did."""
    item = {**_ITEM, "owner": {"S": job.owner}, "lease": {"N": _number(lease)}, "job": {"S": json.dumps(vars(job))}}
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
