"""Displays progress and errors: a live tree on a terminal, plain lines elsewhere; all on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.tree import Tree

from scripts.stage.errors import DeployError
from scripts.stage.reporter import Reporter

QUIET_SECONDS = 30.0
FINAL = {"done", "unchanged", "failed"}
MARKS = {
    "waiting": "[dim]·[/]",
    "working": "[cyan]…[/]",
    "done": "[green]✓[/]",
    "unchanged": "[green]=[/]",
    "failed": "[red]✗[/]",
}
# How many resources are shown under a stack at once: the newest.
SHOWN_RESOURCES = 6


def make_reporter(live: bool | None = None) -> Reporter:
    """The reporter that suits stderr.

    Args:
        live: True for the tree, False for lines; None to check whether stderr is a terminal.
    """
    console = Console(stderr=True, highlight=False)
    if console.is_terminal if live is None else live:
        return TreeReporter(console)
    return LineReporter()


def show_error(error: DeployError) -> None:
    """Print what went wrong and what to do next."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]Error:[/] {escape(error.message)}")
    if error.next_step:
        console.print(f"[bold]Next:[/] {escape(error.next_step)}")


def show_danger(message: str, next_step: str) -> None:
    """Print what will cause harm later, and what to do about it now."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]{escape(message)}[/]")
    console.print(f"[bold]Next:[/] {escape(next_step)}")


class LineReporter(Reporter):
    """One line for each event; after a quiet period, what is still in progress.

    Args:
        quiet_seconds: length of a quiet period.
    """

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._working: dict[str, None] = {}
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._break_silence, name="still-in-progress", daemon=True).start()

    def stack(self, stack: str, state: str, detail: str = "") -> None:
        """Print the state, and remember what is in progress."""
        with self._lock:
            self._working.pop(stack, None)
            if state == "working":
                self._working[stack] = None
        if state != "waiting":
            self._print(f"{stack}: {state}" + (f" ({detail})" if detail else ""))

    def resource(self, stack: str, logical_id: str, status: str, purpose: str) -> None:
        """Print how a resource ended; its start would double the lines for little information."""
        if not status.endswith("_IN_PROGRESS"):
            self._print(f"{stack}: {logical_id} {status}" + (f" - {purpose}" if purpose else ""))

    def note(self, message: str) -> None:
        """Print the message."""
        self._print(message)

    def warn(self, message: str) -> None:
        """Print the message as a warning."""
        self._print(f"Warning: {message}")

    def close(self) -> None:
        """Stop reporting."""
        self._closed.set()

    def _print(self, line: str) -> None:
        with self._lock:
            self._last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def _break_silence(self) -> None:
        while not self._closed.wait(self._quiet_seconds / 10):
            with self._lock:
                names = ", ".join(self._working)
                quiet = time.monotonic() - self._last >= self._quiet_seconds
            if names and quiet:
                self._print(f"still in progress: {names}")


@dataclass
class _Branch:
    """What the tree shows of one stack."""

    state: str = "waiting"
    detail: str = ""
    started: float = 0.0
    seconds: float = 0.0
    resources: dict[str, tuple[str, str]] = field(default_factory=dict)


class TreeReporter(Reporter):
    """A tree of stacks that is redrawn on every event.

    Args:
        console: a console on a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._branches: dict[str, _Branch] = {}
        self._lock = threading.RLock()
        self._live = Live(console=console, get_renderable=self._tree, refresh_per_second=8, transient=False)
        self._started = False

    def stack(self, stack: str, state: str, detail: str = "") -> None:
        """Show the state; a finished stack no longer shows its resources."""
        with self._lock:
            branch = self._branches.setdefault(stack, _Branch())
            if state == "working" and branch.state != "working":
                branch.started = time.monotonic()
            if state in FINAL:
                branch.seconds = time.monotonic() - branch.started if branch.started else 0.0
                if state != "failed":
                    branch.resources.clear()
            branch.state, branch.detail = state, detail or (branch.detail if state == "failed" else "")
            if not self._started:
                self._started = True
                self._live.start()

    def resource(self, stack: str, logical_id: str, status: str, purpose: str) -> None:
        """Show the resource under its stack."""
        with self._lock:
            resources = self._branches.setdefault(stack, _Branch()).resources
            resources.pop(logical_id, None)  # the newest comes last
            resources[logical_id] = (status, purpose)

    def note(self, message: str) -> None:
        """Print the message above the tree."""
        self._console.print(escape(message))

    def warn(self, message: str) -> None:
        """Print the message above the tree, so that it is noticed."""
        self._console.print(f"[yellow]{escape(message)}[/]")

    def close(self) -> None:
        """Stop redrawing; leave the tree as it is."""
        if self._started:
            self._started = False
            self._live.stop()

    def _tree(self) -> Tree:
        with self._lock:
            tree = Tree("", hide_root=True, guide_style="dim")
            for stack, branch in self._branches.items():
                node = tree.add(f"{MARKS[branch.state]} [bold]{stack}[/]{_words(branch)}")
                for line in _lines(branch.resources.items()):
                    node.add(line)
            return tree


def _words(branch: _Branch) -> str:
    if branch.state == "working":
        words = f"{time.monotonic() - branch.started:.0f} s"
    elif branch.state in FINAL and branch.seconds >= 1:
        words = f"{branch.state}, {branch.seconds:.0f} s"
    else:
        words = branch.state
    return f" [dim]{words}[/]" + (f" {escape(branch.detail)}" if branch.detail else "")


def _lines(resources: Iterable[tuple[str, tuple[str, str]]]) -> list[str]:
    shown = list(resources)
    lines = [
        f"[{_colour(status)}]{status.lower().replace('_', ' ')}[/] {logical_id} [dim]{escape(purpose)}[/]"
        for logical_id, (status, purpose) in shown[-SHOWN_RESOURCES:]
    ]
    hidden = len(shown) - len(lines)
    return ([f"[dim]{hidden} more[/]"] if hidden else []) + lines


def _colour(status: str) -> str:
    if status.endswith("_FAILED"):
        return "red"
    return "green" if status.endswith("_COMPLETE") else "cyan"
