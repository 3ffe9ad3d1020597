"""Numbers on the command line: nan is in no range, and nothing is without an end."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from scripts.cli.main import main
from scripts.cli.options import Number


@pytest.mark.parametrize("value", ["nan", "NaN", "-nan", "inf", "-inf", "-1", "1441", "1e300", "thirty", ""])
@pytest.mark.parametrize(
    "option", [("roll", "--canary"), ("promote", "--canary"), ("roll", "--wait"), ("cost", "--judgements")]
)
def test_what_is_no_length_of_time_and_no_quantity_is_refused(option: tuple[str, str], value: str) -> None:
    value = {"1441": "1e13"}.get(value, value) if option[0] == "cost" else value
    done = CliRunner().invoke(main, [*option, value])
    assert done.exit_code == 2
    assert f"Invalid value for '{option[1]}'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("value", "number"), [("0", 0), ("0.5", 0.5), ("30", 30), ("1440", 1440)])
def test_minutes_are_taken_as_they_are(value: str, number: float) -> None:
    assert Number(0, 1440).convert(value, None, None) == number


def options() -> list[tuple[str, click.Parameter]]:
    return [(name, parameter) for name, command in main.commands.items() for parameter in command.params]


def test_every_number_that_a_command_takes_has_two_ends() -> None:
    numbers = [
        (name, each)
        for name, each in options()
        if isinstance(each.type, (click.types.FloatParamType, click.types.IntParamType))
    ]
    assert {("roll", "canary"), ("scale", "tasks"), ("cost", "requests")} <= {
        (name, each.name) for name, each in numbers
    }
    for name, each in numbers:
        assert isinstance(each.type, (click.IntRange, Number)), f"{name} {each.name}"
        assert None not in (each.type.min, each.type.max), f"{name} {each.name}"
