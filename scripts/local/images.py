"""Images of the laptop cloud: a copy of the container's runtime files, named by their content. Nothing runs here.

A container image is what the service's code and model were at one moment. The stand-in for it is a folder that
nobody writes to again, so that an older revision of the task definition really runs older code and an older model.
What belongs into an image and what it is called is said by ``scripts.image.content``.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from scripts.image import content
from scripts.stage.errors import ImageError


def build(container: Path, store: Path) -> str:
    """Copy the runtime files into the store, unless that content is there already.

    Args:
        container: the folder with the Dockerfile.
        store: folder of images, one subfolder each.

    Returns:
        The image's reference, ``repository:tag``.

    Raises:
        ImageError: a part of the image is missing.
    """
    reference = content.laptop_reference(container)
    target = _folder(reference, store)
    if not target.is_dir():
        store.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=store))
        for file in content.runtime_files(container):
            (building / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(container / file, building / file)
        building.rename(target)  # from one moment to the next, so that no image is ever half there
    return reference


def find(reference: str, store: Path) -> Path:
    """The folder of an image.

    Args:
        reference: ``repository:tag``.
        store: folder of images.

    Raises:
        ImageError: there is no such image.
    """
    folder = _folder(reference, store)
    if not folder.is_dir():
        there = ", ".join(sorted(each.name for each in store.glob("[!.]*"))) or "none"
        raise ImageError(f"There is no image {reference!r} on this machine; images that there are: {there}.")
    return folder


def remove_others(reference: str, store: Path) -> None:
    """Remove every image but one, and what an interrupted build left."""
    keep = _folder(reference, store)
    for folder in store.iterdir():
        if folder != keep:
            shutil.rmtree(folder)


def _folder(reference: str, store: Path) -> Path:
    tag = reference.rpartition(":")[2]
    if not tag.isalnum():
        raise ImageError(f"{reference!r} is no image of the laptop cloud: its tag must be letters and digits.")
    return store / tag
