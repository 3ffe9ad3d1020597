"""Runs the tests that failed once more, each with the machine to itself: ``python -m tests.again STATUS``.

The gate runs several processes of tests, browsers and clouds on two cores, so a test that waits for another process
can time out there. A test that passes alone is reported as flaky and still needs a fix; one that fails again fails the
gate. More than a few failures, or a run that ended for any other reason, are not tried again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

FEW = 5
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(status: int) -> int:
    """Try again what failed.

    Args:
        status: that the tests' run ended with.

    Returns:
        The status that the gate ends with.
    """
    if status != pytest.ExitCode.TESTS_FAILED:
        return status
    failed = sorted(json.loads(FAILED.read_text()))
    if not 0 < len(failed) <= FEW:
        return status
    print(f"\nOnce more, alone: {', '.join(failed)}", flush=True)
    again = pytest.main([*failed])  # which adds its options
    if again == pytest.ExitCode.OK:
        print("!!! FLAKY, failed beside others and passed alone:", *failed, sep="\n    ", file=sys.stderr)
    return int(again)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
