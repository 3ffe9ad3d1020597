"""The Lambdas' settings from their environment, read here and nowhere else.

The api stack sets these variables; their names are those of ``generator/catalogue.py`` (a contract test compares
the two). What is the same in every stage is a constant in the module that needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """Settings of the function that stores judgements; they are deleted after ``judgement_days``, 0 keeps them."""

    judgements_table: str
    counts_table: str
    ledger_table: str
    labels: tuple[str, ...]
    receipt_key_parameter: str
    judgement_days: int

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Record:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(
            judgements_table=environment["JUDGEMENTS_TABLE"],
            counts_table=environment["COUNTS_TABLE"],
            ledger_table=environment["LEDGER_TABLE"],
            labels=_labels(environment),
            receipt_key_parameter=environment["RECEIPT_KEY_PARAMETER"],
            judgement_days=int(environment["JUDGEMENT_DAYS"]),
        )


@dataclass(frozen=True)
class Withdraw:
    """Settings of the function that withdraws judgements."""

    judgements_table: str
    counts_table: str
    ledger_table: str
    receipt_key_parameter: str

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Withdraw:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(
            judgements_table=environment["JUDGEMENTS_TABLE"],
            counts_table=environment["COUNTS_TABLE"],
            ledger_table=environment["LEDGER_TABLE"],
            receipt_key_parameter=environment["RECEIPT_KEY_PARAMETER"],
        )


@dataclass(frozen=True)
class Export:
    """Settings of the function that writes the CSV; an empty token parameter means that it is public."""

    judgements_table: str
    exports_table: str
    export_bucket: str
    export_writer: str
    export_token_parameter: str

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Export:
        """Read the settings.

        Raises:
            KeyError: a variable is not set. An empty EXPORT_TOKEN_PARAMETER publishes the CSV; a missing one must not.
        """
        return cls(
            judgements_table=environment["JUDGEMENTS_TABLE"],
            exports_table=environment["EXPORTS_TABLE"],
            export_bucket=environment["EXPORT_BUCKET"],
            export_writer=environment["EXPORT_WRITER"],
            export_token_parameter=environment["EXPORT_TOKEN_PARAMETER"],
        )


@dataclass(frozen=True)
class Writer:
    """Settings of the function that writes large exports."""

    judgements_table: str
    exports_table: str
    export_bucket: str

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Writer:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(
            judgements_table=environment["JUDGEMENTS_TABLE"],
            exports_table=environment["EXPORTS_TABLE"],
            export_bucket=environment["EXPORT_BUCKET"],
        )


@dataclass(frozen=True)
class Stats:
    """Settings of the function that returns the statistics."""

    counts_table: str
    labels: tuple[str, ...]

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Stats:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(counts_table=environment["COUNTS_TABLE"], labels=_labels(environment))


@dataclass(frozen=True)
class Watch:
    """Settings of the daily check of age and drift."""

    stage: str
    image_id: str
    site_url: str
    api_url: str
    labels: tuple[str, ...]

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Watch:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(
            stage=environment["STAGE"],
            image_id=environment["IMAGE_ID"],
            site_url=environment["SITE_URL"],
            api_url=environment["API_URL"],
            labels=_labels(environment),
        )


@dataclass(frozen=True)
class Switch:
    """Settings of the function that closes the API."""

    stage: str
    api_id: str
    alarm_topic_arn: str
    closed_parameter: str

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Switch:
        """Read the settings.

        Raises:
            KeyError: a variable is not set.
        """
        return cls(
            stage=environment["STAGE"],
            api_id=environment["API_ID"],
            alarm_topic_arn=environment["ALARM_TOPIC_ARN"],
            closed_parameter=environment["CLOSED_PARAMETER"],
        )


def _labels(environment: Mapping[str, str]) -> tuple[str, ...]:
    """LABELS is a comma-separated list, in the order in which labels are shown everywhere."""
    return tuple(label.strip() for label in environment["LABELS"].split(","))
