"""Puts the clock of whatever Python starts with this folder on its path wrong by SKEW_MINUTES."""

from __future__ import annotations

import datetime
import os
import time

MINUTES = float(os.environ["SKEW_MINUTES"])
_time = time.time
time.time = lambda: _time() + MINUTES * 60


class Skewed(datetime.datetime):
    """A wrong ``datetime``."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Skewed:
        return super().now(tz) + datetime.timedelta(minutes=MINUTES)

    @classmethod
    def utcnow(cls) -> Skewed:
        return super().now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(minutes=MINUTES)


vars(datetime)["datetime"] = Skewed
