"""Each function reads exactly the environment variables that the catalogue promises it."""

from __future__ import annotations

import pytest

import settings
from generator import catalogue

VALUES = {"LABELS": "joy, fear", "JUDGEMENT_DAYS": "0"}


class Spy(dict[str, str]):
    """An environment that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __missing__(self, name: str) -> str:
        self.asked.add(name)
        return VALUES.get(name, "value")


@pytest.mark.parametrize("function", [*catalogue.FUNCTIONS, *catalogue.WORKERS], ids=lambda function: function.name)
def test_reads_what_the_catalogue_names(function):
    environment = Spy()
    getattr(settings, function.name.capitalize()).load(environment)
    assert environment.asked == set(function.environment)


def test_labels_are_a_list_in_order():
    assert settings.Stats.load(Spy()).labels == ("joy", "fear")
