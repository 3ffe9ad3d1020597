"""Lesson 26 with a real engine: its Dockerfile is built, run, pushed to a registry, and pulled by its digest."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts.lessons.pages import PAGES, Command, Write, differences, read
from tests.image.conftest import Recipe
from tests.image.engine import Engine
from tests.local.running import free_port

PATIENCE = 600  # seconds for one command: `docker build` installs packages
PYTHON_OF_THE_PAGE = "FROM python:3.14-slim\n"
REGISTRY_OF_THE_PAGE = "docker run --detach --rm --name registry --publish 127.0.0.1:5001:5000 registry:2"


@pytest.mark.timeout(1_800)
def test_every_docker_command_of_the_lesson_does_what_it_says(
    engine: Engine, recipe: Recipe, registry: str, tmp_path: Path
) -> None:
    """The registry is the machine's own, and the base image what the machine has: neither needs a public registry."""
    steps = read(PAGES / "26-registry.md").steps
    files = [step for step in steps if isinstance(step, Write)]
    commands = [step for step in steps if isinstance(step, Command) and step.needs == "docker"]
    assert len(files) == 2 and len(commands) > 5 and REGISTRY_OF_THE_PAGE in {step.text for step in commands}
    for file in files:
        path = tmp_path / file.file
        path.parent.mkdir(parents=True, exist_ok=True)
        assert PYTHON_OF_THE_PAGE in file.text or path.name != "Dockerfile"
        path.write_text(file.text.replace(PYTHON_OF_THE_PAGE, f"FROM {recipe.base}\n"))
    port = free_port()
    here = {
        "127.0.0.1:5001": registry,
        "127.0.0.1:8001": f"127.0.0.1:{port}",
        "docker build ": "docker build --network host ",
        "docker stop hello registry": "docker stop hello",
    }
    environment = {**engine.environment, "PATH": f"{Path(engine.client).parent}:{os.environ['PATH']}"}
    try:
        for step in commands:
            if step.text == REGISTRY_OF_THE_PAGE:
                continue
            typed, expected = step.text, "\n".join(step.expected)
            for page, ours in here.items():
                typed, expected = typed.replace(page, ours), expected.replace(page, ours)
            done = subprocess.run(
                ["bash", "-c", typed],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
            )
            said = f"{step.place}: $ {typed}\nexit code {done.returncode}, and it printed:\n{done.stdout}"
            assert (done.returncode != 0) == step.fails, said
            assert not differences(tuple(expected.splitlines()), done.stdout), said
    finally:
        engine.run("rm", "--force", "hello", check=False)
