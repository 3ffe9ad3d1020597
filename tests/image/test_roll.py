"""The real path: build, push to a registry, pull by digest, run as the task definition says, roll, on a real engine."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scripts.cli.main import main
from scripts.image.content import CONTAINER_DIR
from scripts.local import place
from tests.image.conftest import Recipe
from tests.image.engine import Engine
from tests.local.running import ROOT, RunningApp, start
from tests.local.test_roll import Traffic

pytestmark = [pytest.mark.timeout(1_800), pytest.mark.cloud]
READY_WITHIN = 300.0


@pytest.fixture(scope="module")
def docker(engine: Engine, image: str, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which `docker` means the tests' engine; builds reach the package index through the host.

    Waits for the fixture that builds the image, whose layers the builds here find again.
    """
    folder = tmp_path_factory.mktemp("bin")
    wrapper = folder / "docker"
    flags = " ".join(["--network", "host", *recipe.flags])
    wrapper.write_text(
        f'#!/bin/sh\nif [ "$1" = build ]; then shift; set -- build {flags} "$@"; fi\nexec {engine.client} "$@"\n'
    )
    wrapper.chmod(0o755)
    return {**engine.environment, "PATH": f"{folder}:{engine.environment['PATH']}"}


@pytest.fixture(scope="module")
def app(docker: dict[str, str], registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app with its tasks in containers."""
    environment: dict[str, str] = {
        key: docker[key] for key in ("PATH", "DOCKER_HOST", "DOCKER_BUILDKIT") if key in docker
    }
    environment |= {"RUNNER": "docker", "REGISTRY": registry}
    running = start(tmp_path_factory.mktemp("docker") / "state", None, ROOT, **environment)
    try:
        running.wait_until_ready(READY_WITHIN)
        yield running
    finally:
        running.close()


@pytest.fixture
def run(app: RunningApp, docker: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in docker.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STATE", str(app.state))

    def command(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == code, result.stderr
        return result

    return command


def containers(app: RunningApp, engine: Engine, *which: str) -> list[str]:
    """Ids of the app's containers that run; with ``--all`` of those that have ended too."""
    label = f"sentiment.laptop-cloud={app.state}"
    return engine.run("ps", *which, "--quiet", "--no-trunc", "--filter", f"label={label}").split()


def only_container(app: RunningApp, engine: Engine, other_than: str = "") -> str:
    """The one container that there is, once those that are being stopped are gone."""
    deadline = time.monotonic() + 60
    while len(found := containers(app, engine)) != 1 or found == [other_than]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found[0]


def inspected(app: RunningApp, engine: Engine) -> dict[str, Any]:
    container = only_container(app, engine)
    found: dict[str, Any] = json.loads(engine.run("inspect", container))[0]
    return found


def test_the_task_runs_what_the_registry_has_as_hardened_as_its_definition_says(
    app: RunningApp, engine: Engine, registry: str, run: Callable[..., Result]
) -> None:
    status = json.loads(run("status", "--json").stdout)
    assert status["image"].startswith(f"{registry}/sentiment-rnn@sha256:")
    container = inspected(app, engine)
    assert container["Config"]["Image"] == status["image"]

    host = container["HostConfig"]
    assert (host["ReadonlyRootfs"], host["Privileged"], host["Init"]) == (True, False, True)
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])
    assert (host["Memory"], host["MemorySwap"], host["CpuShares"]) == (192 * 2**20, 192 * 2**20, 256)
    assert {entry["HostIp"] for entry in container["NetworkSettings"]["Ports"]["8000/tcp"]} == {"127.0.0.1"}

    inside = engine.run("exec", container["Id"], "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in inside.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["10001"] * 4
    assert (int(fields["CapEff"], 16), int(fields["CapBnd"], 16), fields["NoNewPrivs"].strip()) == (0, 0, "1")
    for target, written in (("/usr/x", ""), ("/tmp/x", "wrote")):  # noqa: S108
        said = engine.run("exec", container["Id"], "sh", "-c", f"echo x > {target} && echo wrote", check=False)
        assert said == written


def test_content_that_the_registry_has_is_not_built_again(run: Callable[..., Result]) -> None:
    result = run("image")
    assert "is already in the registry" in result.stderr
    assert "building" not in result.stderr


def test_a_roll_of_the_real_image_fails_no_request(
    app: RunningApp, engine: Engine, run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inspected(app, engine)["Config"]["Image"]
    changed = tmp_path / "container"
    shutil.copytree(CONTAINER_DIR, changed, ignore=shutil.ignore_patterns("training", "__pycache__"))
    (changed / "sentiment" / "changed.txt").write_text("x")
    monkeypatch.setattr(place, "CONTAINER_DIR", changed)
    with Traffic(app) as traffic:
        result = run("roll")
    after = inspected(app, engine)["Config"]["Image"]

    assert "pushing" in result.stderr
    assert after != before
    assert result.stdout.split()[-1] == after
    assert traffic.failures == []
    assert len(traffic.statuses) > 20

    run("rollback")
    assert inspected(app, engine)["Config"]["Image"] == before


def test_an_image_that_the_registry_does_not_have_is_told_and_nothing_is_lost(
    app: RunningApp, engine: Engine, registry: str, run: Callable[..., Result]
) -> None:
    before = inspected(app, engine)["Id"]
    result = run("roll", "--image", f"{registry}/sentiment-rnn@sha256:{'0' * 64}", code=1)

    assert "CannotPullContainerError" in result.stderr
    assert inspected(app, engine)["Id"] == before
    assert app.request("POST", "/api/getSentiment", {"review": "I am happy"}).status == 200


def test_a_killed_container_is_replaced(app: RunningApp, engine: Engine) -> None:
    before = only_container(app, engine)
    engine.run("kill", before)
    only_container(app, engine, other_than=before)

    deadline = time.monotonic() + 60
    while app.request("POST", "/api/getSentiment", {"review": "I am happy"}).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_ctrl_c_leaves_no_container_behind(app: RunningApp, engine: Engine) -> None:
    """The last one: the app is gone after it."""
    only_container(app, engine)
    assert app.end(signal.SIGINT) == 0
    assert containers(app, engine, "--all") == []
