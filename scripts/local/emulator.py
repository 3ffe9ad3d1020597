"""The emulator's process: ministack with our extensions. It ends when the process that started it ends.

Only ``scripts.local.cloud`` starts it. Its own settings are arguments; ministack's are environment variables.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.local import child
from scripts.local.engine import Engine
from scripts.local.journal import UnreadableError
from scripts.local.keys import Keys
from scripts.local.processes import ProcessEngine
from scripts.local.store import Store

SCALING = "SCALING"  # environment variable; "off" switches scaling off
STOP_WITHIN = 0.5  # seconds for requests under way at the end; clients keep idle connections open for longer
EXIT_TABLES_UNREADABLE = 65  # EX_DATAERR of sysexits.h
EXIT_TABLES_UNWRITABLE = 74  # EX_IOERR of sysexits.h
EXPECTED_EXITS = (EXIT_TABLES_UNREADABLE, EXIT_TABLES_UNWRITABLE)  # the last line of its log is the error message


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM, or until the parent process has ended."""
    child.follow_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=Path, required=True, help="file of the tables' items")
    parser.add_argument("--images", type=Path, required=True, help="folder of images")
    parser.add_argument("--logs", type=Path, required=True, help="folder for what containers write")
    parser.add_argument("--front", required=True, help="address of the front, which pages call")
    parser.add_argument("--origin", action="append", default=[], help="an origin of the page")
    parser.add_argument("--docker", default="", help="address of the Docker engine that runs the tasks")
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the socket to listen on; it is bound")
    options = parser.parse_args(arguments)
    try:
        store = Store(options.tables, _stop_at_once)
    except UnreadableError as error:
        print(f"emulator: {error}", file=sys.stderr)
        raise SystemExit(EXIT_TABLES_UNREADABLE) from None
    engine = _engine(options)
    serve = _extended_emulator(store, engine, options)
    try:
        serve()
    finally:
        engine.close()
        store.close()


def _engine(options: argparse.Namespace) -> Engine:
    if not options.docker:
        return ProcessEngine(options.images, options.logs)
    from scripts.local.docker_engine import DockerEngine  # imported only where it is used

    return DockerEngine(options.docker, options.tables.parent)


def _extended_emulator(store: Store, engine: Engine, options: argparse.Namespace) -> Callable[[], None]:
    # Imported here because ministack reads its environment on import, and because importing it takes a while: damaged
    # tables are reported before that.
    from hypercorn.config import Config
    from ministack import app

    from scripts.local.extensions import (
        access,
        cloudformation,
        door,
        escaping,
        gateway,
        health,
        identities,
        instances,
        offerings,
        queries,
        recorded,
        retention,
        scaling,
        scans,
        tables,
        tasks,
        updates,
        validation,
        workers,
    )

    door.register(Keys(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]))
    access.register()
    cloudformation.register()
    gateway.register(options.front, options.origin)
    identities.register()
    instances.Instances().register()
    offerings.register()
    queries.register()
    recorded.register()
    retention.register()
    tables.register(store)
    scans.register()
    tasks.register(engine)
    scaling.Scaling(acts=os.environ.get(SCALING) != "off").register()
    health.Checks(engine).register()
    updates.register()
    validation.register()
    workers.register()
    escaping.register()
    setattr(Config, "_create_sockets", _listening_on(options.socket))  # noqa: B010 - mypy takes no assignment
    Config.graceful_timeout = STOP_WITHIN
    # Hypercorn closes a connection after a thousand requests without notice; the front's next request would be lost.
    Config.keep_alive_max_requests = sys.maxsize
    sys.argv = ["ministack"]
    serve: Callable[[], None] = app.main
    return serve


def _listening_on(descriptor: int) -> Callable[..., list[socket.socket]]:
    """Have Hypercorn listen on a socket that is bound already, instead of binding one to the same address."""

    def create_sockets(config: Any, binds: list[str], type_: int = socket.SOCK_STREAM) -> list[socket.socket]:
        if not binds:
            return []
        bound = socket.socket(fileno=descriptor)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.listen(config.backlog)
        bound.setblocking(False)
        return [bound]

    return create_sockets


def _stop_at_once(error: Exception) -> None:
    """Memory and disk differ from now on: further replies would acknowledge judgements that are not stored."""
    print(f"emulator: a judgement could not be stored, so the laptop cloud stops: {error}", file=sys.stderr, flush=True)
    os._exit(EXIT_TABLES_UNWRITABLE)


if __name__ == "__main__":
    main()
