"""What the service reads from its environment, all of it; nothing else in this package reads a variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from shared import receipts

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
MODEL_DIRECTORY = Path(__file__).resolve().parents[1] / "model"


class SettingsError(RuntimeError):
    """A variable of the environment has a value that the service cannot use."""


@dataclass(frozen=True)
class Settings:
    """Settings of one running service; the defaults are those of the container outside ECS.

    Attributes:
        stage: name of the stage, for the logs.
        host: address to listen on.
        port: TCP port to listen on.
        workers: processes that answer requests.
        log_level: least severe level that is logged, one of ``LOG_LEVELS``.
        receipt_key: key that signs receipts; empty: no prediction comes with a receipt.
        model_directory: folder that holds exactly one model.
    """

    stage: str = "local"
    host: str = "0.0.0.0"  # noqa: S104  (a container is reached from outside, or not at all)
    port: int = 8000
    workers: int = 1
    log_level: str = "info"
    receipt_key: str = field(default="", repr=False)
    model_directory: Path = MODEL_DIRECTORY

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; a variable that is missing or empty leaves its default.

        Args:
            environment: variables by name, such as ``os.environ``.

        Raises:
            SettingsError: a number is not a whole number in its range, the log level is unknown, or the key is none.
        """
        number = partial(_number, environment)
        log_level = (environment.get("LOG_LEVEL") or cls.log_level).lower()
        if log_level not in LOG_LEVELS:
            raise SettingsError(f"LOG_LEVEL is {log_level!r}; set it to one of {', '.join(LOG_LEVELS)}")
        return cls(
            stage=environment.get("STAGE") or cls.stage,
            host=environment.get("HOST") or cls.host,
            port=number("PORT", cls.port, 1, 65_535),
            workers=number("WORKERS", cls.workers, 1, 64),
            log_level=log_level,
            receipt_key=_key(environment.get("RECEIPT_KEY") or ""),
        )


def _key(text: str) -> str:
    """The first of the stage's keys: it signs, the others only prove what was signed before."""
    try:
        return receipts.read_keys(text)[0] if text.strip() else ""
    except ValueError as error:
        raise SettingsError(f"RECEIPT_KEY holds {error}; leave it out to give no receipts") from None


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise SettingsError(f"{name} is {text!r}; set it to a whole number from {least} to {most}")
    return number
