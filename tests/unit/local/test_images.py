"""Images of the laptop cloud: content-hashed copies of the runtime files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from scripts.local import images
from scripts.stage.errors import ImageError

RUNTIME = ("requirements.txt", "gunicorn.conf.py", "shared/limits.py", "sentiment/app.py", "model/weights.onnx")


@pytest.fixture
def container(tmp_path: Path) -> Path:
    folder = tmp_path / "container"
    for name in (*RUNTIME, "training/train.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "images"


def test_an_image_holds_the_runtime_files_alone(container: Path, store: Path) -> None:
    folder = images.find(images.build(container, store), store)

    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert files == set(RUNTIME)
    assert (folder / "sentiment/app.py").read_text() == "sentiment/app.py"


def test_an_older_image_stays_as_it_was(container: Path, store: Path) -> None:
    old = images.build(container, store)
    (container / "model/weights.onnx").write_text("better")
    new = images.build(container, store)

    assert old != new
    assert (images.find(old, store) / "model/weights.onnx").read_text() == "model/weights.onnx"
    assert (images.find(new, store) / "model/weights.onnx").read_text() == "better"


def test_the_same_content_is_the_same_image(container: Path, store: Path) -> None:
    assert images.build(container, store) == images.build(container, store)
    assert len(list(store.iterdir())) == 1


def test_others_are_removed_and_what_an_interrupted_build_left(container: Path, store: Path) -> None:
    old = images.build(container, store)
    (container / "model/weights.onnx").write_text("better")
    new = images.build(container, store)
    (store / ".building-x").mkdir()

    images.remove_others(new, store)

    assert [folder.name for folder in store.iterdir()] == [new.rpartition(":")[2]]
    with pytest.raises(ImageError):
        images.find(old, store)


def test_an_unknown_image_says_which_there_are(container: Path, store: Path) -> None:
    tag = images.build(container, store).rpartition(":")[2]

    with pytest.raises(ImageError, match=f"no image 'some/thing:123'.*Existing images: {tag}"):
        images.find("some/thing:123", store)


@pytest.mark.parametrize("reference", ["some/thing:../../etc", "some/thing:", ""])
def test_a_reference_cannot_leave_the_store(store: Path, reference: str) -> None:
    with pytest.raises(ImageError, match="is not an image"):
        images.find(reference, store)


def test_a_missing_part_is_named(container: Path, store: Path) -> None:
    (container / "requirements.txt").unlink()

    with pytest.raises(ImageError, match=r"requirements.txt is missing"):
        images.build(container, store)
    assert not store.exists() or not list(store.iterdir())


def test_a_full_disk_is_said_and_leaves_nothing_half_copied(
    container: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copyfile(source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(images.shutil, "copyfile", copyfile)

    with pytest.raises(ImageError, match="No space left on device") as refused:
        images.build(container, store)

    assert "Make room there" in refused.value.next_step
    assert list(store.iterdir()) == []
