"""What a benchmark module returns: figures, which are shown but never asserted."""

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


def shown(value: float) -> str:
    """A number as text: without decimals if it is whole or at least 100, else with two."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:,.2f}"
