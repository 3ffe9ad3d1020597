"""The help: every command in a group, no summary cut at any width; completion by click's own means."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from scripts import ROOT
from scripts.cli.main import GROUPS, main

SUMMARIES = {name: command.get_short_help_str(sys.maxsize) for name, command in main.commands.items()}


def shown(width):
    return CliRunner().invoke(main, ["--help"], terminal_width=width).stdout


def test_every_command_is_in_one_group():
    names = [command.name or "" for group in GROUPS.values() for command in group]
    assert sorted(names) == sorted(main.commands)
    assert len(set(names)) == len(names)
    for title in GROUPS:
        assert f"\n{title}:\n" in shown(80)


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_no_summary_is_cut(width):
    text = " ".join(shown(width).split())
    assert "..." not in text.replace("[ARGS]...", "")
    for name, summary in SUMMARIES.items():
        assert f" {name} {summary}" in text


@pytest.mark.parametrize("width", [80, 100])
def test_a_summary_takes_one_line_on_a_terminal(width):
    lines = shown(width).splitlines()
    for name, summary in SUMMARIES.items():
        assert [line.split() for line in lines if line.startswith(f"  {name} ")] == [[name, *summary.split()]]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sentiment de", ["deploy", "destroy"]),
        ("sentiment deploy --al", ["--allow-data-loss", "--alarm-email"]),
        ("sentiment plan --stage p", ["prod"]),
        ("sentiment local --runner ", ["process", "docker"]),
    ],
)
def test_bash_is_offered_what_fits(monkeypatch, words, offered):
    variables = {"_SENTIMENT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    told = CliRunner(env=variables).invoke(main, prog_name="sentiment").stdout
    assert [line.partition(",")[2] for line in told.splitlines()] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_taught_by_one_line(shell):
    told = CliRunner(env={"_SENTIMENT_COMPLETE": f"{shell}_source"}).invoke(main, prog_name="sentiment").stdout
    assert f"_SENTIMENT_COMPLETE={shell}_complete" in told


def test_a_deployment_to_aws_loads_nothing_of_the_emulator():
    code = (
        "import sys; from scripts.cli.main import main; from scripts.stage import settings;"
        "from scripts.cli.places import place_of; place_of(settings.load('dev'));"
        "print({'ministack', 'docker', 'flask', 'onnxruntime', 'numpy', 'troposphere'} & sys.modules.keys())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_commands_are_named_after_their_functions():
    for name, command in main.commands.items():
        assert isinstance(command, click.Command) and command.callback
        assert command.callback.__name__ == name.replace("-", "_") + "_command"


def test_the_help_needs_nothing_that_windows_lacks():
    program = """
import sys, boto3, click, getpass, psutil, rich.console, subprocess, urllib.request  # their own affair
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
from scripts.cli.main import main
main(["--help"])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.startswith("Usage: ")


def test_on_windows_the_laptop_cloud_says_where_it_runs(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    result = CliRunner().invoke(main, ["local"])
    assert result.exit_code == 1
    assert "wsl --install" in " ".join(result.stderr.split())
