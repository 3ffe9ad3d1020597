"""Structured logs: one JSON object a line on standard output. What a person typed is never in them."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON; ``extra={"fields": {...}}`` adds keys to it.

    Args:
        stage: name of the stage, put into every line.
    """

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage
        self._encode = json.JSONEncoder().encode

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON without a line break.

        An exception is shown as its type and where it was raised; its message is left out, because the messages of
        several built-in exceptions quote the text they were given.
        """
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "stage": self._stage,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["raised"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return self._encode(line)


def configuration(level: str, stage: str) -> dict[str, Any]:
    """Configuration for ``logging.config.dictConfig``: everything, gunicorn's own lines too, goes to standard output.

    Args:
        level: least severe level to log, in lower case.
        stage: name of the stage.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "sentiment.logs.JsonFormatter", "stage": stage}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {"gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True}},
    }
