"""Ports of loopback that are handed to a child are nobody else's in between."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from scripts.local.cloud import LaptopCloud
from scripts.local.front import Front
from scripts.local.hosts import take_port
from scripts.local.runner import choose
from scripts.local.state import State
from scripts.stage.reporter import Reporter


def can_be_taken(port: int) -> bool:
    """Whether somebody else can listen there."""
    for reuse in (0, 1):
        with socket.socket() as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            try:
                stranger.bind(("127.0.0.1", port))
                stranger.listen()
            except OSError:
                continue
            return True
    return False


def test_a_port_is_taken_until_it_is_closed() -> None:
    with take_port() as taken:
        port = taken.getsockname()[1]
        assert not can_be_taken(port)
    assert can_be_taken(port)


def test_nobody_can_take_the_port_of_an_emulator_that_has_not_begun_or_has_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LaptopCloud, "_command", lambda _: [sys.executable, "-c", "import time; time.sleep(600)"])
    state = State(tmp_path)
    for each in (state.logs, state.temporary):
        each.mkdir()
    with Front(0) as front:
        cloud = LaptopCloud(state, front, Reporter(), choose("process", ""))
        port = int(cloud.endpoint_url.rpartition(":")[2])
        try:
            assert not can_be_taken(port)
            cloud._emulator.stop(0)
            assert not can_be_taken(port)
        finally:
            cloud.stop()
