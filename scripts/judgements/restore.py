"""Restores lost judgements from a copy of the table as it was at a given time; newer judgements are kept."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation.work import Work
from scripts.judgements import erasures, forget
from scripts.stage import recording
from scripts.stage.errors import DeployError, code_of
from scripts.stage.session import Cloud
from shared import counters, erasure
from shared.judgements import from_item

RECORD_FUNCTION = "RecordFunction"
Item = dict[str, dict[str, str]]
Said = tuple[str, str, counters.Kind]  # time, model, what


@dataclass(frozen=True)
class Restored:
    """The result: the copy's name, how many judgements it has, how many were restored, how many there are now."""

    copy: str
    found: int
    put_back: int
    judgements: int


def restore(work: Work, outputs: dict[str, str], moment: datetime | None) -> Restored:
    """Restore every judgement that existed at a given time and is missing now, and recount all of them.

    While it runs, nothing is recorded: the API answers 503, and pages keep judgements until recording resumes.

    Args:
        work: where and how.
        outputs: outputs of the stage's stacks.
        moment: a time in the last 35 days; None for the latest that DynamoDB offers.

    Returns:
        The result. The copy is kept, to be checked and deleted by hand.

    Raises:
        DeployError: DynamoDB cannot restore to that time.
    """
    table = outputs["JudgementsTableName"]
    with _nothing_recorded(work.cloud):
        copy = _copy(work, table, moment)
        there = {_key(item) for item in _items(work.cloud, table)}
        found, put_back = 0, 0
        erased = {**erasure.read_list(forget.LIST.open(encoding="utf-8")), **erasures.read(work.cloud, outputs)}
        for item in _items(work.cloud, copy):
            found += 1
            # What was erased since then must not come back, and must not stay in the copy either.
            if _covered(erased, item):
                work.cloud.client("dynamodb").delete_item(TableName=copy, Key=_key_of(item))
            elif _key(item) not in there:
                _put_back(work.cloud, table, item)
                put_back += 1
        total = recount(work.cloud, outputs)
    return Restored(copy, found, put_back, total)


def recount(cloud: Cloud, outputs: dict[str, str]) -> int:
    """Rewrite the counts from the judgements. Nothing may be recorded meanwhile.

    Returns:
        How many judgements there are.
    """
    # Of each prediction the last judgement counts, and the first of the blind sample, as the ledger says of newer ones.
    ends: dict[str, tuple[Said, Said]] = {}
    total = 0
    for item in _items(cloud, outputs["JudgementsTableName"]):
        total += 1
        judgement = from_item(item)
        said = judgement.time, judgement.model, judgement.kind
        first, last = ends.get(judgement.source, (said, said))
        ends[judgement.source] = min(said, first), max(said, last)
    tally: dict[tuple[str, int], Counter[str]] = {}
    for source, (first, last) in ends.items():
        before = counters.counter(first[2]) if first is not last else ""
        names = filter(None, counters.counted(last[2], before))
        tally.setdefault((last[1], counters.shard(source)), Counter()).update(names)
    client, table = cloud.client("dynamodb"), outputs["CountsTableName"]
    for old in _items(cloud, table):
        if (old["model"]["S"], int(old["shard"]["N"])) not in tally:
            client.delete_item(TableName=table, Key={name: old[name] for name in catalogue.COUNTS_KEY})
    for (model, shard), counts in tally.items():
        numbers = {name: {"N": str(count)} for name, count in counts.items()}
        client.put_item(TableName=table, Item={"model": {"S": model}, "shard": {"N": str(shard)}, **numbers})
    return total


def _copy(work: Work, table: str, moment: datetime | None) -> str:
    client = work.cloud.client("dynamodb")
    about = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    if about.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        raise DeployError(f"{table} cannot be restored: it has no point-in-time recovery.", "Deploy the data stack.")
    name = f"{table[:200]}{forget.RESTORED}{(moment or work.cloud.now()).strftime('%Y%m%d%H%M%S')}"
    when = {"RestoreDateTime": moment} if moment else {"UseLatestRestorableTime": True}
    try:
        client.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, **when)
    except ClientError as error:
        if code_of(error) == "TableAlreadyExistsException":
            work.reporter.note(f"{name} exists from an earlier run: resuming with it")
        elif code_of(error) in {"InvalidRestoreTimeException", "ValidationException"}:
            raise DeployError(
                f"DynamoDB cannot restore {table} to {moment}: {error.response['Error'].get('Message', '')}",
                "Choose a time in the last 35 days, after the table was created and at least five minutes ago.",
            ) from error
        else:
            raise
    work.reporter.note(f"restoring into {name}; this takes DynamoDB a while")
    while client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        work.interrupt.sleep(work.cloud.poll_seconds)
    return name


@contextlib.contextmanager
def _nothing_recorded(cloud: Cloud) -> Iterator[None]:
    """Stop the function that records, wait for what it is still doing, and let it run again afterwards."""
    with recording.off(cloud, _record_function(cloud)):
        time.sleep(cloud.drain_seconds)
        yield


def _record_function(cloud: Cloud) -> str:
    stack = catalogue.stack_name(cloud.stage, "api")
    answer = cloud.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=RECORD_FUNCTION)
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def _items(cloud: Cloud, table: str) -> Iterator[Item]:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _covered(erased: erasure.Erasures, item: Item) -> bool:
    request_id = item["question"]["S"] if "question" in item else ""
    return erasure.covered(erased, item["review"]["S"], request_id, item["time"]["S"])


def _key_of(item: Item) -> Item:
    return {name: item[name] for name in catalogue.JUDGEMENTS_KEY}


def _key(item: Item) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in catalogue.JUDGEMENTS_KEY)


def _put_back(cloud: Cloud, table: str, item: Item) -> None:
    with contextlib.suppress(cloud.client("dynamodb").exceptions.ConditionalCheckFailedException):
        cloud.client("dynamodb").put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(id)")
