"""Fixtures for the service's tests: the shipped model, the app around it, real gunicorn processes."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sentiment.app import create_app
from sentiment.logs import JsonFormatter
from sentiment.model import Model
from sentiment.settings import MODEL_DIRECTORY, Settings
from tests.unit.container.service.support import CONTAINER, Service, with_metadata, write_model


@pytest.fixture(scope="session")
def model() -> Model:
    return Model.find(MODEL_DIRECTORY)


@pytest.fixture(scope="session")
def client(model: Model) -> FlaskClient:
    return create_app(Settings(), model).test_client()


@pytest.fixture
def changed_model(tmp_path: Path) -> Callable[[str, str], Model]:
    """Loads the shipped model with one entry of its metadata changed, under the name that fits its new content."""

    def change(key: str, value: str) -> Model:
        (shipped,) = MODEL_DIRECTORY.glob("*.onnx")
        return Model(write_model(tmp_path, with_metadata(shipped.read_bytes(), key, value)))

    return change


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What the app logs while the test runs, line by line, as it would be written."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Collector()
    handler.setFormatter(JsonFormatter("test"))
    logger = logging.getLogger("sentiment")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """A copy of what is in the image, for a test to change."""
    copy = tmp_path / "container"
    copy.mkdir()
    shutil.copy(CONTAINER / "gunicorn.conf.py", copy)
    for folder in ("shared", "sentiment", "model"):
        shutil.copytree(CONTAINER / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def start(container: Path, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service as the image does, on a free port of loopback; ends it after the test."""
    started: list[Service] = []

    def run(**environment: str) -> Service:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        output = tmp_path / f"log-{port}"
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "sentiment.app:create_app()"]
        errors = output.with_suffix(".errors")
        with output.open("wb") as log, errors.open("wb") as error_log:
            process = subprocess.Popen(
                command,
                cwd=container,
                env={
                    "PATH": os.environ["PATH"],
                    "HOST": "127.0.0.1",
                    "PORT": str(port),
                    "STAGE": "test",
                    **environment,
                },
                stdout=log,
                stderr=error_log,
            )
        started.append(Service(process, port, output, errors))
        return started[-1]

    yield run
    for service in started:
        service.process.terminate()
        try:
            service.process.wait(30)
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait()
