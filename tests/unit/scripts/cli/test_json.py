"""With --json, stdout is one JSON object whatever happens; what went wrong is in it, and on stderr in words."""

import errno
import json
import os

import click
import pytest

from scripts.cli import look, options
from scripts.cli.main import main
from scripts.look.doctor import Finding
from scripts.stage.errors import DeployError
from tests.unit.scripts.cli.test_options import run, write_cloud_json

__all__ = ["run"]
NEEDED = {"classify": [__file__, "--column", "text"], "scale": ["2"], "forget": ["--text", "x"]}
WITH_JSON = [name for name, command in main.commands.items() if any("--json" in one.opts for one in command.params)]


def error_of(result, code):
    """The error in the one object that was printed."""
    assert result.exit_code == code, result.output
    told = json.loads(result.stdout)
    assert set(told) == {"error"}
    assert set(told["error"]) == {"type", "message", "next_step", "exit_code"}
    assert told["error"]["exit_code"] == code
    assert told["error"]["message"].splitlines()[0] in result.stderr
    assert "Traceback" not in result.stderr
    return told["error"]


def test_all_commands_about_a_stage_have_the_option():
    assert set(WITH_JSON) == main.commands.keys() - {"local", "load", "learn"}


@pytest.mark.parametrize("name", WITH_JSON)
def test_an_unknown_stage(run, name):
    told = error_of(run(name, *NEEDED.get(name, []), "--stage", "nowhere", "--json"), 1 if name == "plan" else 2)
    assert told["type"] == "SettingsError"
    assert "local, dev, prod" in told["message"]
    assert "--stage" in told["next_step"]


@pytest.mark.parametrize("text", ["", " \n", "\u200b\ufe0f"])
def test_nothing_to_erase(run, text):
    told = error_of(run("forget", "--text", text, "--yes", "--stage", "local", "--json"), 2)
    assert told["message"] == "The text to erase is empty."


@pytest.mark.parametrize("name", main.commands)
def test_an_unknown_option(run, name):
    told = error_of(run(name, "--nonsense", "--json"), 1 if name == "plan" else 2)
    assert (told["type"], told["next_step"]) == (
        "UsageError",
        f"`sentiment {name} --help` lists arguments and options.",
    )
    assert "--nonsense" in told["message"]


@pytest.mark.parametrize("name", [name for name in WITH_JSON if name not in ("cost", "login")])
def test_a_cloud_that_is_not_there(run, name):
    told = error_of(run(name, *NEEDED.get(name, []), "--yes", "--stage", "local", "--json"), 1)
    assert "laptop cloud is not running" in told["message"]
    assert "make local" in told["next_step"]


def test_an_unknown_command(run):
    assert error_of(run("dploy", "--json"), 2)["type"] == "UsageError"


def test_no_credentials(run):
    told = error_of(run("status", "--region", "eu-central-1", "--json"), 1)
    assert told["type"] == "CredentialsError"
    assert "aws configure" in told["next_step"]


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (KeyboardInterrupt(), "InterruptedDeployError", 130),
        (click.Abort(), "InterruptedDeployError", 130),
        (KeyError("oops"), "BugError", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "BugError", 1),
        (click.FileError("x", "gone"), "DeployError", 1),
        (DeployError("no", "yes"), "DeployError", 1),
    ],
)
def test_whatever_is_raised(run, monkeypatch, tmp_path, raised, kind, code):
    def broken(_cloud):
        raise raised

    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", broken)
    assert error_of(run("outputs", "--stage", "local", "--json"), code)["type"] == kind


def test_a_question_that_nobody_can_answer(run, monkeypatch, tmp_path):
    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", lambda _: {"ServiceName": "s"})
    told = error_of(run("rotate-receipt-key", "--revoke", "--stage", "local", "--json"), 2)
    assert "Continue?" in told["message"]
    assert "--yes" in told["next_step"]


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_a_doctor_with_something_to_say(run, monkeypatch, passed, code):
    findings = [Finding("clock", True, "+0 s off"), Finding("Docker", passed, "is missing", "Install it")]
    monkeypatch.setattr(look.doctor, "examine", lambda *_: iter(findings))
    result = run("doctor", "--json")
    assert result.exit_code == code
    told = json.loads(result.stdout)
    assert told["passed"] is passed
    assert [check["name"] for check in told["checks"]] == ["clock", "Docker"]
    assert told.get("error", {}).get("message") == (None if passed else "Failed: Docker.")
    words = run("doctor")
    assert words.stdout.startswith("PASS  clock: +0 s off\n")
    assert ("Failed: Docker." in words.stderr) is not passed


def test_a_result(run):
    told = json.loads(run("cost", "--stage", "dev", "--json").stdout)
    assert isinstance(told, dict)
    assert "error" not in told


def test_results_are_objects_with_named_lists(run, monkeypatch, tmp_path):
    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(look.logs, "groups", lambda _: {})
    assert json.loads(run("logs", "--stage", "local", "--json").stdout) == {"lines": []}
