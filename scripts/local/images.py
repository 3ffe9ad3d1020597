"""Images of the laptop cloud: copies of the container's runtime files, named by their content. Runs nothing.

A container image is a snapshot of the service's code and model. Its stand-in is a folder that is never written to
again, so an older revision of the task definition really runs older code and an older model.
``scripts.image.content`` defines what is in an image, and its tag.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from scripts.image import content
from scripts.stage.errors import ImageError

# The process runner knows images by their tag; the repository is only a name.
REPOSITORY = f"laptop/{content.NAME}"


def reference(container: Path = content.CONTAINER_DIR) -> str:
    """The image's name on the laptop cloud."""
    return f"{REPOSITORY}:{content.tag(container)}"


def build(container: Path, store: Path) -> str:
    """Copy the runtime files into the store, unless that content is already there.

    Args:
        container: the folder with the Dockerfile.
        store: folder of images, one subfolder each.

    Returns:
        The image's reference, ``repository:tag``.

    Raises:
        ImageError: a part of the image is missing, or the disk is full.
    """
    name = reference(container)
    target = _folder(name, store)
    if not target.is_dir():
        files = content.runtime_files(container)
        try:
            store.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".building-", dir=store) as building:
                copy = Path(building) / target.name
                for file in files:
                    (copy / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(container / file, copy / file)
                copy.rename(target)  # atomic, so that no incomplete image is ever visible
        except OSError as error:
            raise ImageError(
                f"The image cannot be copied to {store}: {error.strerror}.",
                "Make room there, or choose another folder with STATE=folder.",
            ) from None
    return name


def find(name: str, store: Path) -> Path:
    """The folder of an image.

    Args:
        name: ``repository:tag``.
        store: folder of images.

    Raises:
        ImageError: there is no such image.
    """
    folder = _folder(name, store)
    if not folder.is_dir():
        there = ", ".join(sorted(each.name for each in store.glob("[!.]*"))) or "none"
        raise ImageError(f"There is no image {name!r} on this machine. Existing images: {there}.")
    return folder


def remove_others(name: str, store: Path) -> None:
    """Remove every image but one, and the remains of interrupted builds."""
    keep = _folder(name, store)
    for folder in store.iterdir():
        if folder != keep:
            shutil.rmtree(folder)


def _folder(name: str, store: Path) -> Path:
    tag = name.rpartition(":")[2]
    if not tag.isalnum():
        raise ImageError(f"{name!r} is not an image of the laptop cloud: its tag must be alphanumeric.")
    return store / tag
