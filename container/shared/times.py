"""How a point in time is written: ISO 8601 in UTC with milliseconds and ``Z``, so that texts sort as times do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def timestamp(moment: datetime | None = None) -> str:
    """A point in time, such as ``2026-01-31T12:00:00.000Z``.

    Args:
        moment: with a time zone; now by default.
    """
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def just_after(moment: str) -> str:
    """The next point in time that ``timestamp`` can write.

    Args:
        moment: as ``timestamp`` writes it.
    """
    return timestamp(datetime.fromisoformat(moment) + timedelta(milliseconds=1))
