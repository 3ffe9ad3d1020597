"""``make local``: starts the laptop cloud, supervises it, and leaves nothing running.

This process runs the front and the orchestrator. The emulator is its child; tasks and Lambdas are the emulator's
children. The orchestrator deploys the app, as on AWS.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NoReturn

from scripts.local.cloud import LaptopCloud
from scripts.local.front import Front, PageFront, PortInUseError
from scripts.local.runner import PROCESS, REGISTRY, Runner, choose
from scripts.local.state import claim
from scripts.stage.display import make_reporter, show_error
from scripts.stage.errors import EXIT_USAGE, DeployError, explain
from scripts.stage.reporter import Reporter

WAKE_SECONDS = 0.2


class PortError(DeployError):
    """The port cannot be used."""

    exit_code = EXIT_USAGE


@dataclass(frozen=True)
class Up:
    """The app answers."""

    kept_in: Path


@dataclass(frozen=True)
class Down:
    """The start has failed, or the emulator has ended."""

    error: Exception


@dataclass(frozen=True)
class Signalled:
    """A signal asks us to stop."""

    number: int


@dataclass(frozen=True)
class Stopped:
    """We stop because a signal asked us to."""

    exit_code: int


Event = Up | Down | Signalled


def main(
    port: int = 8080,
    state: Path | None = None,
    runner: str = PROCESS,
    registry: str = REGISTRY,
    page_port: int | None = None,
) -> int:
    """Run the app on this machine until Ctrl-C or SIGTERM.

    Args:
        port: TCP port of 127.0.0.1 for the page and the API; 0 for a free one.
        state: folder for judgements and images; None for the environment's STATE, or ``.local`` in the project.
        runner: what runs the tasks, ``process`` or ``docker``.
        registry: host and port on loopback where a registry may listen, for ``docker``.
        page_port: another port, for the page alone, which then calls the API from another origin; 0 for a free one.

    Returns:
        Exit code: 0 after a requested stop, 128 + n if signal n came before the app was ready.

    Raises:
        DeployError: it did not start, or stopped by itself.
    """
    if sys.platform == "win32":
        raise DeployError(
            "The laptop cloud runs on Linux and macOS, not on Windows itself.",
            "Use WSL: `wsl --install` in PowerShell, once; then clone the repository in WSL's window and `make local`.",
        )
    began = time.monotonic()
    events: SimpleQueue[Event] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: events.put(Signalled(got)))
    chosen = choose(runner, registry)
    fronts = [front := _listen("PORT", port, Front)]
    with contextlib.ExitStack() as open_ports:
        open_ports.enter_context(front)
        if page_port is not None:
            page = _listen("PAGE_PORT", page_port, lambda number: PageFront(number, front))
            fronts.append(open_ports.enter_context(page))
        return _run(fronts, state, chosen, began, events)


def _run(fronts: list[Front], state: Path | None, chosen: Runner, began: float, events: SimpleQueue[Event]) -> int:
    front = fronts[0]
    with claim(state, front.url) as folder, make_reporter() as reporter:
        for each in fronts:
            threading.Thread(target=each.serve_forever, args=(0.1,), name="front", daemon=True).start()
        reporter.note("Starting the laptop cloud ...")
        for each in fronts[1:]:
            reporter.note(f"The page has an origin of its own: {each.public_url}")
        cloud = LaptopCloud(folder, front, reporter, chosen)
        start = _in_background(lambda: _start(cloud, events))
        _in_background(lambda: events.put(Down(cloud.wait_for_end())))
        try:
            end = _attend(events, front, cloud, reporter, lambda: f"Up in {time.monotonic() - began:.1f} s.")
        finally:
            for each in fronts:
                each.shutdown()
            cloud.stop()
            reporter.close()
    if start.is_alive():
        _leave_at_once(end)
    if isinstance(end, Down):
        raise end.error
    return end.exit_code


def _attend(
    events: SimpleQueue[Event], front: Front, cloud: LaptopCloud, reporter: Reporter, how_long: Callable[[], str]
) -> Down | Stopped:
    """Announce that the app is up, and wait for its end."""
    ready = False
    while True:
        match _next(events):
            case Up(kept_in):
                ready = True
                reporter.note(f"{how_long()} Judgements are kept in {kept_in}. Ctrl-C stops it.")
                reporter.note(f"Console, for you alone: {cloud.console_url}")
                if front.public_url != front.url:
                    reporter.note(f"In a browser, from outside of this Codespace: {front.public_url}")
                reporter.close()
                print(f"Ready: {front.url}", flush=True)
            case Down() as down:
                return down
            case Signalled(number):
                return Stopped(0 if ready else 128 + number)


def _next(events: SimpleQueue[Event]) -> Event:
    """The next event.

    Python runs a signal's handler in the main thread, here, and only once that runs again: a signal that the system
    gives to another thread does not wake it. So it wakes by itself now and then.
    """
    while True:
        with contextlib.suppress(Empty):
            return events.get(timeout=WAKE_SECONDS)


def _leave_at_once(end: Down | Stopped) -> NoReturn:
    """Exit without waiting for the orchestrator's threads, which would retry the ended emulator for a minute."""
    if isinstance(end, Stopped):
        code = end.exit_code
    else:
        error = end.error if isinstance(end.error, DeployError) else DeployError(repr(end.error))
        show_error(error)
        code = error.exit_code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _start(cloud: LaptopCloud, events: SimpleQueue[Event]) -> None:
    try:
        cloud.bring_up()
        events.put(Up(cloud.state.folder))
    except Exception as error:
        events.put(Down(explain(error) or error))


def _listen(variable: str, port: int, make: Callable[[int], Front]) -> Front:
    try:
        return make(port)
    except PortInUseError:
        message = f"Port {port} is already in use on this machine."
    except (PermissionError, OverflowError):
        message = f"Port {port} cannot be used: it must be from 1024 to 65535."
    raise PortError(message, f"Choose another one: `make local {variable}={_free_port_after(port)}`.")


def _free_port_after(port: int) -> int:
    """A port that is free now, as near above another as one is to be had."""
    first = max(port + 1, 1024)
    for each in (*range(first, min(first + 100, 65536)), 0):
        try:
            with Front(each) as front:
                return front.port
        except (OSError, PortInUseError):
            continue
    return 0


def _in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
