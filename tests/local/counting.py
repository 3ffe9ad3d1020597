"""Counts the calls that a command makes of AWS, here of the laptop cloud; a call that is retried counts once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

# Asked again and again until something is over: how often depends on how long it takes, not on the command.
POLLS = ("DescribeChangeSet", "DescribeServices", "DescribeStackEvents", "DescribeStacks")


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """The calls made meanwhile, by operation; of polls only that they were made."""
    calls: Counter[str] = Counter()
    real = BaseClient._make_api_call

    def count(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        calls[operation] = 1 if operation in POLLS else calls[operation] + 1
        return real(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", count):
        yield calls
