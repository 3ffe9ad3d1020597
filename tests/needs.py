"""What a test needs beyond Python, make and git: without it the test is skipped, in words; in the gate it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def lack(reason: str) -> NoReturn:
    """Skip the test that asks, or fail it where CI is set: the gate leaves nothing out."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def programs(*names: str) -> None:
    """Go on where these programs are on the PATH."""
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        lack(f"NOT TESTED: there is no {', '.join(missing)} on the PATH")
