"""Fixtures for the image tests: engine, built image, registry; each made once for the whole run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests import needs
from tests.image.engine import Engine, UnavailableError, ensure_base_image, running_engine, running_registry

CONTAINER = Path(__file__).parents[2] / "container"
SIZES = pytest.StashKey[tuple[int, int]]()  # of the image, and of the base that it is built on


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says how large the image is; nothing is asserted of it."""
    if SIZES in config.stash:
        whole, base = (size / 1e6 for size in config.stash[SIZES])
        terminalreporter.write_line(
            f"The container image adds {whole - base:.0f} MB to its base of {base:.0f} MB, uncompressed."
        )


def lack(reason: str) -> NoReturn:
    """As others lack something; the gate switches these off by name where no engine can run (IMAGE_TESTS=off)."""
    if os.environ.get("IMAGE_TESTS") == "off":
        pytest.skip(reason)
    needs.lack(reason)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        with running_engine() as running:
            yield running
    except UnavailableError as reason:
        lack(f"IMAGE NOT TESTED: {reason}")


@pytest.fixture(scope="session")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """The tag of the image, built from container/Dockerfile as it stands."""
    bases = re.findall(r"^FROM (\S+)", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE)
    try:
        for base in {name for name in bases if ":" in name}:
            ensure_base_image(engine, base, tmp_path_factory.mktemp("base"))
    except UnavailableError as reason:
        lack(f"IMAGE NOT TESTED: {reason}")
    engine.run("build", "--network", "host", "--tag", "sentiment-rnn:test", str(CONTAINER), timeout=800)
    whole, base = (
        int(engine.run("image", "inspect", "--format", "{{.Size}}", name)) for name in ("sentiment-rnn:test", bases[-1])
    )
    request.config.stash[SIZES] = whole, base
    return "sentiment-rnn:test"


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with running_registry(tmp_path_factory.mktemp("registry")) as address:
            yield address
    except UnavailableError as reason:
        lack(f"REGISTRY NOT TESTED: {reason}")
