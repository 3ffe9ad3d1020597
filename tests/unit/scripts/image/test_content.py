"""The image's name follows from its content; building and pushing with a docker that a test wrote."""

import json
import stat

import pytest

from scripts.image import build, content
from scripts.stage.errors import ImageError
from scripts.stage.settings import Settings
from tests.unit.scripts.stubs import Recorder

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def container(tmp_path):
    folder = tmp_path / "container"
    names = ["shared/limits.py", "sentiment/app.py", "sentiment/__pycache__/app.pyc"]
    for name in [*names, "model/model.onnx", "training/train.py"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "requirements.txt").write_text("flask")
    (folder / "gunicorn.conf.py").write_text("")
    (folder / "Dockerfile").write_text("FROM x")
    return folder


def test_only_what_runs_is_in_the_image(container):
    names = [file.as_posix() for file in content.runtime_files(container)]
    assert names == ["gunicorn.conf.py", "model/model.onnx", "requirements.txt", "sentiment/app.py", "shared/limits.py"]


def test_the_tag_follows_what_is_in_the_image_and_nothing_else(container):
    first = content.tag(container)
    assert len(first) == 12
    (container / "training/train.py").write_text("other")
    (container / "sentiment/__pycache__/app.pyc").write_text("other")
    (container / "model/MODEL_CARD.md").write_text("read by people alone")
    assert content.tag(container) == first
    (container / "Dockerfile").write_text("FROM y")
    second = content.tag(container)
    (container / "model/model.onnx").rename(container / "model/other.onnx")
    assert len({first, second, content.tag(container)}) == 3


@pytest.mark.parametrize(
    ("part", "name"), [("gunicorn.conf.py", r"gunicorn\.conf\.py"), ("model/model.onnx", r"model/\*\.onnx")]
)
def test_a_missing_part_is_named(container, part, name):
    (container / part).unlink()
    with pytest.raises(ImageError, match=f"{name} is missing"):
        content.tag(container)


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A ``docker`` whose registry is a file, and which writes down what it was asked."""

    def make(failures=None):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        command = folder / "docker"
        refusals = [
            f'case "$*" in {what}*) echo "{words}" >&2; exit 1;; esac' for what, words in (failures or {}).items()
        ]
        lines = [
            "#!/bin/sh",
            f'echo "$@" >> {tmp_path}/asked',
            *refusals,
            f'case "$1" in push) touch {tmp_path}/pushed;; manifest)',
            f"test -e {tmp_path}/pushed || {{ echo \"manifest unknown\" >&2; exit 1; }}; echo '{manifest()}';; esac",
        ]
        command.write_text("\n".join(lines))
        command.chmod(command.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return tmp_path

    return make


def manifest():
    entries = [
        {"Descriptor": {"digest": "sha256:other", "platform": {"os": "linux", "architecture": "arm64"}}},
        {"Descriptor": {"digest": DIGEST, "platform": {"os": "linux", "architecture": "amd64"}}},
    ]
    return json.dumps(entries)


def settings(repository="registry.example/you/rnn", instance_type="t3.micro"):
    return Settings("dev", {"image_repository": repository, "instance_type": instance_type})


def test_an_image_is_built_and_pushed_once_and_pinned_by_digest(container, docker):
    folder = docker()
    reference = f"registry.example/you/rnn:{content.tag(container)}"
    for _ in range(2):
        assert build.ensure(settings(), Recorder(), container) == f"registry.example/you/rnn@{DIGEST}"
    asked = (folder / "asked").read_text().splitlines()
    assert [line for line in asked if line.startswith("build")] == [
        f"build --platform linux/amd64 --tag {reference} {container}"
    ]
    assert asked.count(f"push --quiet {reference}") == 1


def test_an_arm_stage_gets_an_arm_image_beside_the_other(container, docker):
    folder = docker()
    arm = settings(instance_type="t4g.micro")
    assert build.ensure(arm, Recorder(), container) == "registry.example/you/rnn@sha256:other"
    reference = f"registry.example/you/rnn:{content.tag(container)}-arm64"
    asked = (folder / "asked").read_text().splitlines()
    assert f"build --platform linux/arm64 --tag {reference} {container}" in asked


@pytest.mark.parametrize(
    ("failures", "message", "next_step"),
    [
        ({"build": "exec /bin/sh: exec format error"}, "of the platform", "binfmt"),
        ({"version": "Cannot connect to the Docker daemon at unix://x"}, "engine does not answer", "Start it"),
        ({"manifest": "unauthorized: authentication required"}, "registry refuses", "docker login"),
        ({"push": "denied: requested access to the resource is denied"}, "registry refuses", "docker login"),
        ({"build": "failed to solve: no space left on device"}, "no space left", "by hand"),
    ],
)
def test_what_docker_cannot_do_is_said_with_the_next_step(container, docker, failures, message, next_step):
    docker(failures)
    with pytest.raises(ImageError, match=message) as raised:
        build.ensure(settings(), Recorder(), container)
    assert next_step in raised.value.next_step


def test_without_docker_it_says_so(container, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="not installed") as raised:
        build.ensure(settings(), Recorder(), container)
    assert "--image" in raised.value.next_step


def test_without_a_repository_it_says_where_to_set_it(container):
    with pytest.raises(ImageError, match="no image_repository") as raised:
        build.ensure(settings(""), Recorder(), container)
    assert "stages.toml" in raised.value.next_step
