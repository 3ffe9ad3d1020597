"""Containers as processes: started when healthy, stopped without failing a request, never left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.local import serving
from scripts.local.processes import Container, ProcessEngine
from scripts.local.serving import ContainerError
from scripts.stage.errors import ImageError
from shared.logs import line

IMAGE = "laptop/sentiment-rnn:abc123"
CONFIG = """
import os
bind = f"{os.environ['HOST']}:{os.environ['PORT']}"
worker_class, threads, control_socket_disable = "gthread", 4, True
"""
# Healthy once the file `healthy` exists beside it; GET /slow answers when `go` exists; tells its environment at /.
SERVICE = """
import os, time
from pathlib import Path

def create_app():
    if os.environ.get("BROKEN"):
        raise RuntimeError("no model here")
    print("the service starts", flush=True)
    return answer

def answer(request, start):
    path = request["PATH_INFO"]
    if path == "/slow":
        Path("slow").touch()
        while not Path("go").exists():
            time.sleep(0.01)
    healthy = path != "/healthz" or Path("healthy").exists()
    start("200 OK" if healthy else "503 Service Unavailable", [("Content-Type", "text/plain")])
    return [os.environ.get("STAGE", "?").encode()]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = tmp_path / "images" / "abc123"
    (image / "sentiment").mkdir(parents=True)
    (image / "gunicorn.conf.py").write_text(CONFIG)
    (image / "sentiment" / "__init__.py").touch()
    (image / "sentiment" / "app.py").write_text(SERVICE)
    (image / "healthy").touch()
    return image


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ProcessEngine]:
    (tmp_path / "logs").mkdir()
    engine = ProcessEngine(tmp_path / "images", tmp_path / "logs")
    yield engine
    engine.close()


def get(address: tuple[str, int], path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def run(engine: ProcessEngine, name: str = "one", **environment: str) -> Container:
    container = engine.containers.run(IMAGE, name=name, environment=environment, detach=True, ports={"8000/tcp": 0})
    assert isinstance(container, Container)
    return container


def address_of(container: Container) -> str:
    address: str = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    return address


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.01)


def group_is_gone(container: Container) -> bool:
    """Whether nothing of a container runs any more, a moment after it was killed."""
    deadline = time.monotonic() + 1
    while group(container):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def group(container: Container) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == container.pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_containers_of_one_image_run_side_by_side_with_their_own_environment(
    engine: ProcessEngine, folder: Path
) -> None:
    first, second = run(engine, "one", STAGE="dev"), run(engine, "two", STAGE="prod", PORT="8000")

    assert address_of(first) != address_of(second)
    for container, stage in ((first, b"dev"), (second, b"prod")):
        assert container.status == "running"
        with engine.request_to(address_of(container), 8000) as real:
            assert get(real) == (200, stage)


def test_nobody_can_take_the_port_of_a_service_that_has_not_begun(engine: ProcessEngine, folder: Path) -> None:
    (folder / "gunicorn.conf.py").write_text("import time; time.sleep(600)")
    container = engine.create(IMAGE, "slow", {}, {})
    try:
        for reuse in (0, 1):
            with socket.socket() as stranger:
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                with pytest.raises(OSError, match="in use"):
                    stranger.bind(("127.0.0.1", container.port))
                    stranger.listen()
    finally:
        container.remove()


def test_our_own_environment_stays_out(engine: ProcessEngine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "from the caller")
    container = run(engine)

    with engine.request_to(address_of(container), 8000) as real:
        assert get(real) == (200, b"?")


def test_it_runs_only_once_it_is_healthy(engine: ProcessEngine, folder: Path) -> None:
    (folder / "healthy").unlink()
    started: list[Container] = []
    thread = threading.Thread(target=lambda: started.append(run(engine)))
    thread.start()
    log = folder.parent.parent / "logs" / "one.log"
    wait_for(log)
    while "the service starts" not in log.read_text():
        time.sleep(0.01)
    assert not started

    (folder / "healthy").touch()
    thread.join(20)
    assert started


def test_one_that_ends_at_once_says_why_and_leaves_nothing(engine: ProcessEngine, folder: Path) -> None:
    with pytest.raises(ContainerError, match=r"exited with code \d+ before it was healthy: .*one\.log"):
        run(engine, BROKEN="1")
    assert engine.containers.list() == []


def test_a_critical_line_of_the_log_is_the_reason(engine: ProcessEngine, folder: Path) -> None:
    critical = line("CRITICAL", "the model is missing", {})
    (folder / "sentiment" / "app.py").write_text(f"print({critical!r}, flush=True); raise RuntimeError")

    with pytest.raises(ContainerError, match="before it was healthy: the model is missing"):
        run(engine)


def test_what_was_raised_is_the_reason_rather_than_what_gunicorn_says_last() -> None:
    lines = [
        line("INFO", "Booting worker with pid: 7", {}),
        line("ERROR", "Exception in worker process", {"error": "KeyError", "at": ["a", "b.py:1 f"]}),
        "'no such thing'",
        line("ERROR", "Reason: Worker failed to boot.", {}),
    ]
    assert serving.reason(lines) == "KeyError at b.py:1 f: 'no such thing'"
    assert serving.reason([lines[1]]) == "KeyError at b.py:1 f"
    assert serving.reason(lines[2:]) == lines[3]
    assert serving.reason([]) == "it wrote nothing"


def test_one_that_never_gets_healthy_is_given_up(
    engine: ProcessEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "healthy").unlink()
    monkeypatch.setattr(serving, "HEALTHY_WITHIN", 1.0)

    with pytest.raises(ContainerError, match="not healthy after 1 s"):
        run(engine)
    assert engine.containers.list() == []


def test_one_without_the_health_path_is_given_up_at_once(engine: ProcessEngine, folder: Path) -> None:
    app = folder / "sentiment" / "app.py"
    app.write_text(app.read_text().replace("200 OK", "404 Not Found"))

    with pytest.raises(ContainerError, match="it answers, but not at /healthz"):
        run(engine)
    assert engine.containers.list() == []


def test_an_image_that_is_not_there_is_named(engine: ProcessEngine, folder: Path) -> None:
    with pytest.raises(ImageError, match="laptop/sentiment-rnn:fff"):
        engine.containers.run("laptop/sentiment-rnn:fff", name="x", environment={})
    with pytest.raises(ImageError):
        engine.images.get("laptop/sentiment-rnn:fff")
    assert engine.images.get(IMAGE) == folder


def test_stopping_waits_for_a_request_under_way(engine: ProcessEngine, folder: Path) -> None:
    container = run(engine, STAGE="dev")
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        with engine.request_to(address_of(container), 8000) as real:
            answers.append(get(real, "/slow"))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(folder / "slow")
    stopping = threading.Thread(target=container.stop)
    stopping.start()
    stopping.join(0.3)
    assert stopping.is_alive()
    assert container.status == "running"

    (folder / "go").touch()
    asking.join(20)
    stopping.join(20)
    assert answers == [(200, b"dev")]
    assert container.status == "exited"
    assert group_is_gone(container)


def test_stopping_does_not_wait_for_ever(engine: ProcessEngine, folder: Path) -> None:
    container = run(engine)
    with engine.request_to(address_of(container), 8000):
        container.stop(timeout=0.2)
        assert container.status == "exited"


def test_a_removed_container_is_unknown(engine: ProcessEngine, folder: Path) -> None:
    container = run(engine)
    assert engine.containers.get(container.id) is container
    container.stop()
    container.remove(v=True, force=True)

    with pytest.raises(KeyError):
        engine.containers.get(container.id)
    with engine.request_to(address_of(container), 8000) as real:
        assert real == (address_of(container), 8000)


def test_the_exit_code_is_that_of_a_shell(engine: ProcessEngine, folder: Path) -> None:
    container = run(engine)
    os.killpg(container.pid, signal.SIGKILL)

    assert container.wait() == {"StatusCode": 137}
    assert container.status == "exited"


def test_closing_ends_all_and_lets_none_start(engine: ProcessEngine, folder: Path) -> None:
    containers = [run(engine, "one"), run(engine, "two")]
    engine.close()

    assert all(group_is_gone(container) for container in containers)
    with pytest.raises(ContainerError, match="is stopping"):
        run(engine, "three")
    assert engine.containers.list() == []


def test_logs_come_at_once_or_as_they_are_written(engine: ProcessEngine, folder: Path) -> None:
    container = run(engine)
    last = container.logs(tail=50)
    assert isinstance(last, bytes)
    assert b"the service starts" in last.splitlines()

    lines = container.logs(stream=True, follow=True, stdout=True, stderr=True)
    container.stop()
    assert b"the service starts\n" in list(lines)
