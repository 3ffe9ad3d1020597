"""CloudWatch Logs: the emulator keeps every event in memory; here each log group keeps the latest ones.

On AWS a group's retention is a number of days. A laptop cloud runs for hours, so the bound is a number of events.
"""

from __future__ import annotations

import itertools
from typing import Any

from ministack.services import cloudwatch_logs

KEPT = 5_000  # events of a log group; also records that a Logs Insights query may refer to
SLACK = 1_000  # events that are added, to all groups together, before old ones are removed


def register(kept: int = KEPT, slack: int = SLACK) -> None:
    """Bound the emulator's logs.

    Args:
        kept: events of each log group.
        slack: events between two removals.
    """
    append = cloudwatch_logs._append_log_events
    added = 0

    def append_and_remove(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        nonlocal added
        append(stream, events)
        added += len(events)  # a race of two threads only moves the next removal
        if added >= slack:
            added = 0
            with cloudwatch_logs._log_events_lock:
                for group in list(cloudwatch_logs._log_groups._data.values()):
                    remove_oldest(group["streams"], kept)
                records = cloudwatch_logs._log_records._data
                for key in list(itertools.islice(records, max(0, len(records) - kept))):
                    records.pop(key, None)

    cloudwatch_logs._append_log_events = append_and_remove


def remove_oldest(streams: dict[str, dict[str, Any]], kept: int) -> None:
    """Remove a group's oldest events, and streams that had only such.

    Args:
        streams: of the group, by name; the oldest first.
        kept: how many events to keep.
    """
    surplus = sum(len(stream["events"]) for stream in streams.values()) - kept
    for name, stream in list(streams.items()):
        if surplus <= 0:
            return
        removed = min(surplus, len(stream["events"]))
        surplus -= removed
        if removed and removed == len(stream["events"]):
            del streams[name]
        elif removed:
            stream["events"] = stream["events"][removed:]
            stream["firstEventTimestamp"] = stream["events"][0]["timestamp"]
