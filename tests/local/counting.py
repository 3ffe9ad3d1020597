"""Counts the calls that a command makes of AWS, here of the laptop cloud; a call that is retried counts once.

Not counted is what a command deletes of the lock, and what it reads of it after the first page: that depends on how
many others held it, and how long ago.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from generator import catalogue

# Asked again and again until something is over: how often depends on how long it takes, not on the command.
POLLS = ("DescribeChangeSet", "DescribeServices", "DescribeStackEvents", "DescribeStacks")


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """The calls made meanwhile, by operation; of polls only that they were made."""
    calls: Counter[str] = Counter()
    real = BaseClient._make_api_call

    def count(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        swept = operation == "DeleteParameter" and f"/{catalogue.LOCK_PATH}/" in arguments["Name"]
        if swept or (operation == "GetParametersByPath" and "NextToken" in arguments):
            return real(client, operation, arguments)
        calls[operation] = 1 if operation in POLLS else calls[operation] + 1
        return real(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", count):
        yield calls
