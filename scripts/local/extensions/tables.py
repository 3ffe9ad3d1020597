"""DynamoDB: writes are stored before they are acknowledged, and a table's settings are kept.

The store names a table by its stack and logical id, because its physical name is up to CloudFormation.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Made, Properties, check
from scripts.local.journal import Item, Write
from scripts.local.store import Store

TYPE = "AWS::DynamoDB::Table"
NO_SORT_KEY = "__no_sort__"  # the emulator's sort key for items of tables without one

# What the current request has written so far; None outside a request.
_written: ContextVar[list[Write] | None] = ContextVar("written", default=None)


def register(store: Store) -> None:
    """Make the emulator's tables durable.

    Args:
        store: keeps their items.
    """
    names: dict[str, str] = {}  # TableArn -> name in the store
    _record_writes(store, names)
    _acknowledge_when_stored(store)
    _restore_tables(store, names)


def _record_writes(store: Store, names: dict[str, str]) -> None:
    """Record each change of an item, at the two functions that make all changes."""
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item

    def note(table: dict[str, Any], item: Item, after: Item | None) -> None:
        name = names.get(table["TableArn"])
        if name is None:
            return
        write = Write(name, _key(table, item), after)
        writes = _written.get()
        if writes is None:  # a background job of the emulator: nobody waits for a reply
            store.append([write], lambda: None)
        else:
            writes.append(write)

    def set_and_note(table: dict[str, Any], partition: str, sort: str, item: Item) -> Item | None:
        before: Item | None = set_item(table, partition, sort, item)
        note(table, item, item)
        return before

    def remove_and_note(table: dict[str, Any], partition: str, sort: str) -> Item | None:
        before: Item | None = remove_item(table, partition, sort)
        if before is not None:
            note(table, before, None)
        return before

    dynamodb._set_item, dynamodb._remove_item = set_and_note, remove_and_note


def _acknowledge_when_stored(store: Store) -> None:
    """Delay a request's reply until its writes are on the disk."""
    handle = dynamodb.handle_request

    async def handle_durably(*args: Any, **kwargs: Any) -> Any:
        writes: list[Write] = []
        token = _written.set(writes)
        try:
            answer = await handle(*args, **kwargs)
        finally:
            _written.reset(token)
        if writes:
            loop = asyncio.get_running_loop()
            stored = asyncio.Event()

            def tell() -> None:
                loop.call_soon_threadsafe(stored.set)

            store.append(writes, tell)
            await stored.wait()
        return answer

    dynamodb.handle_request = handle_durably


def _restore_tables(store: Store, names: dict[str, str]) -> None:
    """Fill a table when CloudFormation creates it; empty its part of the store when it actually deletes it."""
    handler = provisioners._RESOURCE_HANDLERS[TYPE]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_and_fill(logical_id: str, properties: Properties, stack: str) -> Made:
        physical_id, attributes = create(logical_id, properties, stack)
        table = dynamodb._tables[physical_id]
        name = f"{stack}/{logical_id}"
        for write in store.items(name):
            if write.item is not None:
                dynamodb._set_item(table, *_filed_under(table, write.item), write.item)
        names[table["TableArn"]] = name  # only now, so that stored items are not stored again
        _keep_settings(physical_id, properties)
        return physical_id, attributes

    def update_and_keep(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = update(physical_id, old, new, stack, logical_id)
        _keep_settings(made[0], new)
        return made

    def delete_and_forget(physical_id: str, properties: Properties) -> None:
        table = dynamodb._tables.get(physical_id)
        delete(physical_id, properties)
        name = names.pop(table["TableArn"], None) if table else None
        if name is not None:
            store.append([Write(name, each.key, None) for each in store.items(name)], lambda: None)

    provisioners._RESOURCE_HANDLERS[TYPE] = {
        **handler,
        "create": create_and_fill,
        "update": update_and_keep,
        "delete": delete_and_forget,
    }


def _keep_settings(table: str, properties: Properties) -> None:
    """Apply the two settings that the emulator's CloudFormation drops, and convert the one that it keeps as text."""
    protection = properties.get("DeletionProtectionEnabled", False)
    dynamodb._tables[table]["DeletionProtectionEnabled"] = str(protection).lower() == "true"
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery is not None:
        check(dynamodb._update_continuous_backups({"TableName": table, "PointInTimeRecoverySpecification": recovery}))
    expiry = properties.get("TimeToLiveSpecification")
    if expiry is not None:
        check(dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": expiry}))


def _key(table: dict[str, Any], item: Item) -> Item:
    return {name: item[name] for name in (table["pk_name"], table["sk_name"]) if name}


def _filed_under(table: dict[str, Any], item: Item) -> tuple[str, str]:
    partition = dynamodb._extract_key_val(item[table["pk_name"]])
    sort = dynamodb._extract_key_val(item[table["sk_name"]]) if table["sk_name"] else NO_SORT_KEY
    return partition, sort
