"""Completion in a real bash: commands, options and stages of `sentiment`, once the shell has been taught."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from scripts import ROOT
from scripts.cli.main import main

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


@pytest.fixture(scope="module")
def taught():
    """What the command prints for bash."""
    return subprocess.run(
        [sys.executable, "-m", "scripts", "completion", "bash"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def complete(taught, tmp_path):
    """What bash offers for the last word of a line."""

    def offers(line):
        words = line.split(" ")
        typed = f"COMP_WORDS=({shlex.join(words[:-1])} {words[-1]!r}); COMP_CWORD={len(words) - 1}"
        script = f"{taught}\n{typed}; _sentiment_completion sentiment; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run([BASH, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()

    return offers


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sentiment de", ["deploy", "destroy"]),
        ("sentiment deploy --al", ["--allow-data-loss"]),
        ("sentiment plan --stage p", ["prod"]),
        ("sentiment local --runner ", ["process", "docker"]),
    ],
)
def test_bash_offers_what_fits(complete, line, offered):
    assert complete(line) == offered


def test_the_command_runs_from_any_folder(taught, tmp_path):
    done = subprocess.run(
        [BASH, "-c", f"{taught}\nsentiment --help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: sentiment [OPTIONS]")


@pytest.mark.parametrize(("shell", "word"), [("zsh", "compdef"), ("fish", "fish_add_path")])
def test_other_shells_get_a_script_of_their_own(shell, word):
    assert word in CliRunner().invoke(main, ["completion", shell]).stdout


def test_the_shell_of_the_login_is_taught_unless_another_is_named(monkeypatch):
    monkeypatch.setitem(os.environ, "SHELL", "/usr/bin/zsh")
    assert "compdef" in CliRunner().invoke(main, ["completion"]).stdout
    monkeypatch.setitem(os.environ, "SHELL", "/bin/csh")
    result = CliRunner().invoke(main, ["completion"])
    assert result.exit_code == 2
    assert "no completion for csh" in result.stderr
