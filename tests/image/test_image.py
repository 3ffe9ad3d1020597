"""The container image on a real engine: built, run as hardened as its task definition asks, stopped, pushed, pulled."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from generator import catalogue
from scripts.image import content as image_files
from tests.image.conftest import Recipe
from tests.image.engine import Engine
from tests.local.running import free_port

# The first of them waits for the image to be built, perhaps for its base too: two minutes, many more where it is busy.
pytestmark = pytest.mark.timeout(1_800)

# What the task definition asks of the engine (generator/stacks/service/stack.py), in the engine's own flags.
HARDENED = (
    ["--read-only", "--tmpfs", "/tmp:size=16m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
    + ["--memory", "192m", "--memory-swap", "192m", "--pids-limit", "256", "--init"]
)
# The official base as Docker Hub stores it for amd64, compressed; its stand-in, where that cannot be had, has more.
BASE_AS_STORED = 46_000_000
MANIFEST = {
    "Accept": "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
}
SERVICE = {"STAGE": "test", "PORT": str(catalogue.CONTAINER_PORT), "WORKERS": "1", "LOG_LEVEL": "info"}


class Container:
    """A running container of the image, its port published on loopback."""

    def __init__(self, engine: Engine, image: str, *flags: str) -> None:
        self.engine, self.port = engine, free_port()
        settings = [part for name, value in SERVICE.items() for part in ("--env", f"{name}={value}")]
        publish = ["--publish", f"127.0.0.1:{self.port}:{catalogue.CONTAINER_PORT}"]
        self.name = engine.run("run", "--detach", *HARDENED, *publish, *settings, *flags, image)

    def get(self, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"} if data else {}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)

    def state(self, template: str) -> str:
        return self.engine.run("inspect", "--format", template, self.name)

    def wait_until(self, template: str, wanted: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while (found := self.state(template)) != wanted:
            logs = self.engine.run("logs", "--tail", "5", self.name, check=False)
            assert time.monotonic() < deadline, f"{template} is {found}, not {wanted}: {logs}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def container(engine: Engine, image: str) -> Iterator[Container]:
    started = Container(engine, image)
    try:
        started.wait_until("{{.State.Health.Status}}", "healthy")
        yield started
    finally:
        engine.run("rm", "--force", started.name)


def test_it_predicts_without_any_privilege(container: Container) -> None:
    status, reply = container.get(catalogue.PREDICT_PATH, {"review": "I was so happy when my daughter was born."})
    assert status == 200
    assert reply["classification"] == "joy"
    assert set(reply["scores"]) == set(catalogue.LABELS)


def test_it_runs_as_nobody_special_and_cannot_write(container: Container, engine: Engine) -> None:
    assert engine.run("exec", container.name, "id", "-u") == "10001"
    status = engine.run("exec", container.name, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"
    written = engine.run("exec", container.name, "sh", "-c", "echo x > /usr/x && echo wrote", check=False)
    assert written == ""


def test_it_holds_what_serving_needs_and_no_more(image: str, engine: Engine) -> None:
    modules = (
        "import importlib.util as u; print([m for m in ('flask','onnxruntime','torch','boto3') if u.find_spec(m)])"
    )
    found = engine.run("run", "--rm", "--entrypoint", "python3", image, "-c", modules)
    assert found == "['flask', 'onnxruntime']"
    listing = "find . -type f -not -path '*/__pycache__/*'"
    files = engine.run("run", "--rm", "--entrypoint", "sh", image, "-c", listing)
    expected = {f"./{file.as_posix()}" for file in image_files.runtime_files()} - {"./requirements.txt"}
    assert set(files.split()) == expected


def test_what_we_add_to_the_base_leaves_it_room_in_300_megabytes(image: str, engine: Engine, recipe: Recipe) -> None:
    ours, theirs = (int(engine.run("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, recipe.base))
    # The official slim image has 130 MB (its stand-in, where that cannot be had, more).
    assert ours - theirs <= 300e6 - 150e6


def test_stop_ends_it_cleanly(engine: Engine, image: str) -> None:
    stopped = Container(engine, image)
    try:
        stopped.wait_until("{{.State.Health.Status}}", "healthy")
        engine.run("stop", "--time", "30", stopped.name)
        assert stopped.state("{{.State.ExitCode}} {{.State.OOMKilled}}") == "0 false"
    finally:
        engine.run("rm", "--force", stopped.name)


def ours_as_stored(engine: Engine, registry: str, recipe: Recipe) -> int:
    """Bytes that a registry stores of what we add to the base: the compressed layers, which it does not have yet."""
    sizes = {}
    for name in ("sentiment-rnn:test", recipe.base):
        pushed = f"{registry}/{name.partition('@')[0].replace(':', '-')}:size"
        engine.run("tag", name, pushed)
        engine.run("push", "--quiet", pushed)
        path = pushed.removeprefix(f"{registry}/").removesuffix(":size")
        request = urllib.request.Request(f"http://{registry}/v2/{path}/manifests/size", headers=MANIFEST)
        with urllib.request.urlopen(request, timeout=10) as reply:
            sizes[name] = sum(layer["size"] for layer in json.load(reply)["layers"])
    return sizes["sentiment-rnn:test"] - sizes[recipe.base]


def test_push_and_pull_by_digest(engine: Engine, image: str, registry: str, recipe: Recipe) -> None:
    reference = f"{registry}/sentiment-rnn:test"
    engine.run("tag", image, reference)
    engine.run("push", "--quiet", reference)
    digest = engine.run("inspect", "--format", "{{index .RepoDigests 0}}", reference)
    assert ours_as_stored(engine, registry, recipe) <= catalogue.IMAGE_MB * 1e6 - BASE_AS_STORED
    assert digest.startswith(f"{registry}/sentiment-rnn@sha256:")
    engine.run("rmi", "--force", reference, digest)
    engine.run("pull", "--quiet", digest)
    assert engine.run("image", "inspect", "--format", "{{.Id}}", digest) == engine.run(
        "image", "inspect", "--format", "{{.Id}}", image
    )
