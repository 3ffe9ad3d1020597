"""Tries a transaction again while others are in its way."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from shared.problems import try_later

# Reasons for which DynamoDB cancels a transaction that will succeed on a retry:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_FAILED = "ConditionalCheckFailed"
_RETRY_SECONDS = 4.0  # one last slow try (two times four seconds) still fits into the function's timeout
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5


def tries() -> Iterator[None]:
    """One item for each try, after a pause that grows.

    Raises:
        Problem: 503 if other writers were in the way for too long.
    """
    give_up = time.monotonic() + _RETRY_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield
        if time.monotonic() > give_up:
            raise try_later("Too many judgements are arriving at once. Send the same request again shortly.")
        # Full jitter, so that two writers that collided do not collide again.
        time.sleep(random.uniform(0, pause))  # noqa: S311 - nothing secret
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def failed_checks(error: ClientError) -> dict[int, dict[str, Any]]:
    """Which items of a canceled transaction failed their condition.

    Args:
        error: a ``TransactionCanceledException``.

    Returns:
        For each of them, by its place, the item that is in the table, as far as the request asked for it ({} if not).
        Empty if only other writers were in the way.

    Raises:
        ClientError: the error, if the transaction will not succeed on a retry.
    """
    reasons = error.response["CancellationReasons"]
    failed = {place: reason.get("Item", {}) for place, reason in enumerate(reasons) if reason.get("Code") == _FAILED}
    if not failed and not _PASSING.intersection(reason.get("Code") for reason in reasons):
        raise error
    return failed
