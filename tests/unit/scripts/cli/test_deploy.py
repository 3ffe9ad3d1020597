"""The first deployment asks who hears the alarms, and says so in red if nobody does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from scripts.cli import deploy
from scripts.cli.main import main
from scripts.stage.settings import Settings


class Stage:
    """A stage whose deployments do nothing but keep the settings that they were given.

    Attributes:
        kept: the address that an earlier deployment was given.
        planned: the address of each plan.
    """

    def __init__(self, kept: str = "") -> None:
        self.kept = kept
        self.planned: list[str] = []

    def everything(self, cloud: Any, settings: Settings, image: str, public_url: str | None) -> SimpleNamespace:
        """A plan."""
        settings = settings if settings.alarm_email else settings.mailing(self.kept)
        self.planned.append(settings.alarm_email)
        return SimpleNamespace(settings=settings, first=not self.kept, url=lambda outputs: "http://page")


def deployed(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, *arguments: str, terminal: bool = False, typed: str = ""
) -> Result:
    """Run ``sentiment deploy`` of the stage dev; without a terminal unless asked for."""
    monkeypatch.setattr(deploy.plans, "everything", stage.everything)
    monkeypatch.setattr(deploy, "_execute", lambda options, reporter, command, plan, *rest: (plan(), {}))
    monkeypatch.setattr(deploy.Options, "say_where", lambda self, reporter: None)
    monkeypatch.setattr(deploy.Options, "cloud", None)
    monkeypatch.setattr(deploy.Options, "public_url", None)
    monkeypatch.setattr("scripts.cli.options.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: terminal)))
    return CliRunner().invoke(main, ["deploy", "--image", "x", *arguments], input=typed)


def test_a_terminal_is_asked_until_it_gives_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, terminal=True, typed="nobody\nme@here\n")
    assert result.exit_code == 0, result.stderr
    assert stage.planned == ["", "me@here"]
    assert "is not an e-mail address" in result.stderr
    assert "Alarms go to me@here, once the mail from AWS is confirmed." in result.stderr


@pytest.mark.parametrize("arguments", [["--yes"], ["--json"], []])
def test_where_nobody_can_be_asked_it_is_said_that_nobody_hears(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, *arguments, terminal=bool(arguments))
    assert result.exit_code == 0, result.stderr
    assert stage.planned == [""]
    assert "Nobody will hear the alarms of stage dev" in result.stderr
    assert "--alarm-email you@example.com" in result.stderr


def test_an_empty_answer_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, terminal=True, typed="\n")
    assert (stage.planned, result.exit_code) == ([""], 0)
    assert "Nobody will hear" in result.stderr


def test_an_address_can_be_given_without_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, "--alarm-email", "me@here", terminal=True)
    assert (stage.planned, result.exit_code) == (["me@here"], 0)
    assert "Nobody will hear" not in result.stderr


def test_an_earlier_answer_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("me@here")
    result = deployed(monkeypatch, stage, terminal=True)
    assert (stage.planned, result.exit_code) == (["me@here"], 0)
    assert "alarms" not in result.stderr.lower()


def test_the_laptop_has_no_alarms_to_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, "--stage", "local", terminal=True)
    assert (stage.planned, result.exit_code) == ([""], 0)
    assert "alarms" not in result.stderr.lower()


def test_what_is_no_address_is_refused_before_anything_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    result = deployed(monkeypatch, stage, "--alarm-email", "me at here")
    assert (stage.planned, result.exit_code) == ([], 2)
    assert "'me at here' is not an e-mail address" in result.stderr
    with pytest.raises(click.BadParameter):
        deploy._address(None, None, "me@here and you@there")
