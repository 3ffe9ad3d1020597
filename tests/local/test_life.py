"""How the laptop cloud ends, and how it fails to start: in words, and with nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from scripts.image import content
from scripts.local import folder as folders
from scripts.local import images
from tests.local.running import READY_WITHIN, RunningApp, free_port, left_of, start, start_and_wait


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def refusal(running: RunningApp) -> str:
    """What a command says that does not start; it must end by itself with an error."""
    try:
        assert running.process.wait(READY_WITHIN) != 0
        assert running.process.stdout is not None
        assert "Ready" not in running.process.stdout.read()
        assert running.process.stderr is not None
        said = "".join(running.said)
    finally:
        running.close()
    assert "Traceback" not in said
    return " ".join(said.split())


def test_sigterm_and_ctrl_c_end_everything(state: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        running = start_and_wait(state)
        try:
            processes = running.processes()
            assert len(processes) >= 5  # the command, the emulator, a task's two, three Lambdas
            assert running.end(number) == 0
            assert left_of(processes) == []
            assert running.process.stdout is not None
            assert running.process.stdout.read() == ""  # "Ready" was its last line
            assert not (state / "cloud.json").exists()
        finally:
            running.close()


def test_a_killed_command_takes_everything_along_and_the_next_one_starts(state: Path) -> None:
    running = start_and_wait(state)
    try:
        processes = running.processes()
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        assert left_of(processes) == []
    finally:
        running.close()

    again = start_and_wait(state)
    again.close()


def test_ctrl_c_during_the_start_ends_everything(state: Path) -> None:
    running = start(state)
    try:
        while not any("done" in line for line in running.said):  # the first stack: in the middle of the deployment
            assert running.process.poll() is None, "".join(running.said)
            time.sleep(0.01)
        processes = running.processes()
        assert running.end(signal.SIGINT) == 128 + signal.SIGINT
        assert left_of(processes) == []
    finally:
        running.close()


def test_an_emulator_that_dies_ends_the_command_with_a_reason(state: Path) -> None:
    running = start_and_wait(state)
    try:
        processes = running.processes()
        log = (state / "logs" / "emulator.log").as_posix()
        [emulator] = running.processes_of("scripts.local.emulator")
        emulator.kill()
        assert running.process.wait(30) == 1
        assert left_of(processes) == []
    finally:
        running.close()
    said = " ".join("".join(running.said).split())
    assert "The emulator was ended by signal 9" in said
    assert log in said.replace(" ", "")


def test_a_port_in_use_is_named_with_a_way_out(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(start(state, port))

    assert f"Port {port} is already in use on this machine." in said
    (hint,) = re.findall(r"`make local PORT=(\d+)`", said)
    assert int(hint) > port
    with socket.create_server(("127.0.0.1", int(hint))):
        pass  # it was free
    assert not state.exists()


def test_the_pages_own_port_is_named_where_that_is_in_use(state: Path) -> None:
    port = free_port()
    said = refusal(start(state, port, PAGE_PORT=str(port)))

    assert f"Port {port} is already in use on this machine." in said
    assert re.search(r"`make local PAGE_PORT=\d+`", said)
    assert not state.exists()


def test_a_second_one_on_the_same_state_is_told_who_has_it(app: RunningApp) -> None:
    said = refusal(start(app.state, free_port()))

    assert re.search(rf"process {app.process.pid}, {re.escape(app.url)}", said)
    assert "STATE=" in said
    assert app.request("GET", "/").status == 200


def test_a_state_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = refusal(start(tmp_path / "file" / "state"))

    assert f"{tmp_path}/file/state" in said
    assert "STATE=" in said


@pytest.mark.parametrize("name", ["tables.db", "tables.journal"])
def test_damaged_tables_are_named_and_left_alone(state: Path, name: str) -> None:
    state.mkdir()
    damaged = b'[["sentiment-local-data/JudgementsTable",{"id"\n[]\n'
    (state / name).write_bytes(damaged)

    said = refusal(start(state))

    assert f"{name} is damaged" in said
    assert "restore it from a backup" in said
    assert (state / name).read_bytes() == damaged


def test_a_task_that_never_gets_healthy_fails_the_start_with_its_reason(state: Path) -> None:
    # The image of this checkout, already in the store, but without its model.
    folder = images.find(images.build(content.CONTAINER_DIR, state / "images"), state / "images")
    folders.mark(state)
    for file in (folder / "model").iterdir():
        file.unlink()
    running = start(state)
    said = refusal(running)

    assert "before it was healthy" in said
    assert "the service does not start" in said
