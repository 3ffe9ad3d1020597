"""Fixtures for the image tests: engine, built image, registry; each made once for the whole run."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

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


class Recipe(NamedTuple):
    """The base image, and what `docker build` needs for it: nothing, or a Dockerfile with a stand-in."""

    base: str
    flags: tuple[str, ...]


@pytest.fixture(scope="session")
def recipe(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """The Dockerfile as it is; with a stand-in for its base where that cannot be pulled."""
    text, folder = (CONTAINER / "Dockerfile").read_text(), tmp_path_factory.mktemp("base")
    (pinned,) = re.findall(r"^FROM (\S+@sha256:\w+) AS base$", text, re.MULTILINE)
    name = pinned.partition("@")[0]
    with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
        engine.run("pull", "--quiet", pinned, timeout=120)
        return Recipe(pinned, ())
    try:
        ensure_base_image(engine, name, folder)
    except UnavailableError as reason:
        lack(f"IMAGE NOT TESTED: {reason}")
    (folder / "Dockerfile").write_text(text.replace(pinned, name))
    return Recipe(name, ("--file", str(folder / "Dockerfile")))


@pytest.fixture(scope="session")
def image(engine: Engine, recipe: Recipe, request: pytest.FixtureRequest) -> str:
    """The tag of the image, built from container/Dockerfile as it stands."""
    engine.run("build", "--network", "host", *recipe.flags, "--tag", "sentiment-rnn:test", str(CONTAINER), timeout=800)
    whole, base = (
        int(engine.run("image", "inspect", "--format", "{{.Size}}", name))
        for name in ("sentiment-rnn:test", recipe.base)
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
