"""How progress looks: lines where nobody watches, a tree on a terminal."""

import io
import time

import pytest
from rich.console import Console

from scripts.stage import display
from scripts.stage.errors import DeployError


@pytest.fixture
def lines():
    with display.LineReporter(quiet_seconds=0.2) as reporter:
        yield reporter


def test_lines_tell_each_step_on_stderr(lines, capsys):
    lines.stack("network", "waiting")
    lines.stack("network", "working")
    lines.resource("network", "Vpc", "CREATE_IN_PROGRESS", "The network")
    lines.resource("network", "Vpc", "CREATE_COMPLETE", "The network")
    lines.stack("network", "done")
    lines.note("a note")
    lines.warn("a warning")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "network: working",
        "network: Vpc CREATE_COMPLETE - The network",
        "network: done",
        "a note",
        "Warning: a warning",
    ]


def test_a_quiet_while_is_broken_by_what_is_still_in_progress(lines, capsys):
    lines.stack("cluster", "working")
    lines.stack("data", "working")
    lines.stack("data", "done")
    said = ""
    deadline = time.monotonic() + 10
    while "still in progress" not in said and time.monotonic() < deadline:
        time.sleep(0.02)
        said += capsys.readouterr().err
    assert "still in progress: cluster\n" in said


def test_the_tree_shows_stacks_purposes_and_what_ended():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with display.TreeReporter(console) as tree:
        tree.stack("network", "working")
        tree.resource("network", "Vpc", "CREATE_IN_PROGRESS", "The network [all of it]")
        tree.stack("data", "working")
        for number in range(display.SHOWN_RESOURCES + 2):
            tree.resource("data", f"Table{number}", "CREATE_COMPLETE", "")
        tree.stack("site", "failed", "ROLLBACK_COMPLETE")
    text = out.getvalue()
    assert "create in progress Vpc The network [all of it]" in text
    assert "2 more" in text
    assert "Table7" in text
    assert "✗ site failed ROLLBACK_COMPLETE" in text


def test_an_error_is_shown_with_its_next_step(capsys):
    display.show_error(DeployError("It [broke]: " + "long " * 60, "Fix it."))
    assert capsys.readouterr().err.splitlines() == ["Error: It [broke]: " + "long " * 59 + "long ", "Next: Fix it."]


def test_off_a_terminal_there_are_lines():
    assert isinstance(display.make_reporter(live=False), display.LineReporter)
    assert isinstance(display.make_reporter(live=True), display.TreeReporter)
