"""Log lines: one JSON object each, with the same keys everywhere, so that one query finds a request in all logs.

==============  ===================================================================================================
``time``        when it was written, ISO 8601 in UTC
``level``       ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR`` or ``CRITICAL``
``message``     what happened; ``request`` for the one line of each request
``requestId``   id that API Gateway gave the request
``route``       method and path, such as ``POST /predict``
``status``      HTTP status of the reply
``milliseconds``  how long the reply took
``error``       type of an exception, or AWS's error code
``at``          where an exception was raised, innermost call last
==============  ===================================================================================================

The access log of the API, whose lines the gateway writes, uses the same keys. They never contain what a user typed,
nor the message of an exception: several built-in ones quote their input.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath

from shared.times import timestamp


def line(level: str, message: str, fields: Mapping[str, object], moment: datetime | None = None) -> str:
    """A log line, without a line break.

    Args:
        level: in capitals.
        message: what happened, in a constant text.
        fields: further keys.
        moment: when it happened; now by default.
    """
    return json.dumps({"time": timestamp(moment), "level": level, "message": message, **fields})


def failure(error: BaseException) -> dict[str, object]:
    """Fields about an exception: its type and where it was raised, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": places}


def milliseconds_since(started: float) -> float:
    """Milliseconds since a reading of ``time.perf_counter``, to the microsecond."""
    return round((time.perf_counter() - started) * 1000, 3)
