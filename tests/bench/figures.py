"""What a benchmark module hands over: figures, to be shown and never judged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: what was measured.
        value: the number.
        unit: its unit.
        note: how it was measured, where the name does not say it.
    """

    name: str
    value: float
    unit: str
    note: str = ""
