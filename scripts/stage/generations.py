"""The lock of a stage as SSM has it: its generations, and what is noted beside them. Reads; ``lock`` writes."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from generator import catalogue

NUMBER = re.compile(r"[1-9][0-9]*")


def path(stage: str) -> str:
    """Path of the parameters that are the lock."""
    return f"/{catalogue.PROJECT}/{stage}/{catalogue.LOCK_PATH}"


@dataclass(frozen=True)
class Generation:
    """One generation, as SSM has it.

    Attributes:
        number: which.
        value: what was written.
        written: when, by the server's clock.
    """

    number: int
    value: str
    written: datetime

    @property
    def facts(self) -> dict[str, Any]:
        """What its writer recorded about itself; empty if that cannot be read."""
        try:
            found = json.loads(self.value)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def holder(self) -> object:
        """Id of the holder; None for a release, and where it cannot be read."""
        return None if self.released else self.facts.get("id")

    @property
    def released(self) -> bool:
        """Whether it is a release."""
        return self.facts.get("released") is True

    def age(self, now: datetime | None) -> float:
        """Seconds since it was written, by the server's clock; 0 if the server does not report the time."""
        return (now - self.written).total_seconds() if now else 0.0

    def describe(self, now: datetime | None) -> str:
        """Who holds the lock, as far as that is known."""
        known = {key: _printable(value) for key, value in self.facts.items() if value not in ("", None)}
        who = "@".join(known[key] for key in ("who", "host") if key in known) or "an unknown holder"
        details = [known[key] for key in ("command",) if key in known]
        details += [f"process {known['pid']}"] if "pid" in known else []
        details += [f"since {known['since']}"] if "since" in known else []
        details += [f"last heartbeat {max(0.0, self.age(now)):.0f} seconds ago"] if now and not self.released else []
        return f"{who} ({', '.join(details)})" if details else who


class Listing(NamedTuple):
    """What is found of a lock.

    Attributes:
        generations: all of them, the newest last.
        now: the server's time before they were read; None if it is not reported.
        beside: values of the notes for the next holder, by name.
    """

    generations: tuple[Generation, ...]
    now: datetime | None
    beside: Mapping[str, str] = MappingProxyType({})

    @property
    def newest(self) -> Generation | None:
        """The newest generation."""
        return self.generations[-1] if self.generations else None


def read(ssm: Any, where: str) -> Listing:
    """What is found of a lock.

    Args:
        ssm: client of the parameter store.
        where: path of the lock's parameters.
    """
    found, beside, now = [], {}, None
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=where):
        now = now or server_time(page)
        for entry in page["Parameters"]:
            name = entry["Name"].rpartition("/")[2]
            if NUMBER.fullmatch(name):
                found.append(Generation(int(name), entry["Value"], entry["LastModifiedDate"]))
            else:
                beside[name] = entry["Value"]
    return Listing(tuple(sorted(found, key=lambda each: each.number)), now, beside)


def server_time(answer: dict[str, Any]) -> datetime | None:
    """When a server answered, by its own clock; None if it does not say.

    Args:
        answer: of any call.
    """
    try:
        return email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, TypeError, ValueError):
        return None


def _printable(value: object) -> str:
    return "".join(character for character in str(value) if character.isprintable())[:100]
