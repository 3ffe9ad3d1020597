"""How Python's logging, gunicorn's too, writes the lines of ``shared.logs`` on standard output."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger

from shared.logs import failure, line


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON; ``extra={"fields": {...}}`` adds keys to it.

    Args:
        stage: name of the stage, put into every line.
    """

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON without a line break; of an exception, its type and where it was raised."""
        fields = {"stage": self._stage, **getattr(record, "fields", {})}
        if record.exc_info and record.exc_info[1]:
            fields |= failure(record.exc_info[1])
        return line(record.levelname, record.getMessage(), fields, datetime.fromtimestamp(record.created, UTC))


class GunicornLogger(Logger):
    """gunicorn's logger without an access log, which it would put together for each request and write nowhere."""

    def access(self, *args: object) -> None:
        """Write nothing: the app logs its requests itself."""

    def debug(self, msg: str, *args: object, **kwargs: Any) -> None:
        """Write the message as it is: what it would be filled in with quotes what clients send."""
        self.error_log.debug("%s", msg, **kwargs)


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
