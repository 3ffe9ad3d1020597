from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from generator import catalogue
from sentiment.settings import Settings, SettingsError


class Recorder(Mapping[str, str]):
    """An empty environment that notes which variables were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_reads_the_variables_that_the_service_stack_sets_and_the_address() -> None:
    environment = Recorder()
    Settings.from_environment(environment)
    assert environment.asked == {*catalogue.SERVICE_ENVIRONMENT, catalogue.RECEIPT_KEY_VARIABLE, "HOST"}


def test_nothing_else_in_the_package_reads_the_environment() -> None:
    package = Path(__file__).parents[4] / "container" / "sentiment"
    for path in package.glob("*.py"):
        code = path.read_text().replace("Settings.from_environment(os.environ)", "")
        assert "environ" not in code.replace("environment", "") or path.name == "settings.py", path.name
        assert "getenv" not in code, path.name


def test_defaults_are_the_catalogue_s() -> None:
    settings = Settings.from_environment({})
    assert settings.port == catalogue.CONTAINER_PORT


def test_values_are_taken_from_the_environment() -> None:
    environment = {"STAGE": "dev", "HOST": "127.0.0.9", "PORT": "8001", "WORKERS": "3", "LOG_LEVEL": "WARNING"}
    assert Settings.from_environment(environment) == Settings("dev", "127.0.0.9", 8001, 3, "warning")


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("PORT", "eighty", "whole number from 1 to 65535"),
        ("PORT", "65536", "whole number from 1 to 65535"),
        ("WORKERS", "0", "whole number from 1 to 64"),
        ("WORKERS", "1.5", "whole number from 1 to 64"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error, critical"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_to_set(name: str, value: str, hint: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({name: value})
    assert name in str(error.value)
    assert repr(value) in str(error.value)
    assert hint in str(error.value)
