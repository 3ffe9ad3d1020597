"""The container image: its files, and the tag derived from them. `build` builds and pushes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from generator import catalogue
from scripts import ROOT
from scripts.stage.errors import ImageError

CONTAINER_DIR = ROOT / "container"
# What the image is built from, and no more: .dockerignore admits the same files (a test compares them).
RUNTIME = ("requirements.txt", "gunicorn.conf.py", "shared/**/*", "sentiment/**/*", "model/*.onnx")
# Part of the tag too, if there is one: another Dockerfile makes another image.
RECIPE = "Dockerfile"
TAG_DIGITS = 12
USUAL = "amd64"
NAME = f"{catalogue.PROJECT}-{catalogue.CONTAINER_NAME}"


def runtime_files(container: Path = CONTAINER_DIR) -> list[Path]:
    """Every file that goes into the image, relative to the container folder, sorted.

    Raises:
        ImageError: a part is missing.
    """
    files: list[Path] = []
    for pattern in RUNTIME:
        found = [file.relative_to(container) for file in container.glob(pattern) if file.is_file()]
        if not found:
            raise ImageError(
                f"{container / pattern} is missing: the image needs it.",
                "Is the checkout complete? `make train` makes the model.",
            )
        files += [file for file in found if "__pycache__" not in file.parts]
    return sorted(files)


def model_revision(container: Path = CONTAINER_DIR) -> str:
    """Name of the model in the image, as every reply of the service gives it.

    Raises:
        ImageError: there is not exactly one model.
    """
    found = sorted(container.glob("model/*.onnx"))
    if len(found) != 1:
        raise ImageError(
            f"{container / 'model'} holds {len(found)} models, and the image needs exactly one.",
            "`git status container/model` shows what changed; `make train` makes a model.",
        )
    return found[0].stem.removeprefix("sentiment-")


def tag(container: Path = CONTAINER_DIR, architecture: str = USUAL) -> str:
    """The image's tag: the beginning of the SHA-256 over names and contents of its files; of Arm with its name.

    Args:
        container: folder with the Dockerfile.
        architecture: what it is built for, as Docker names it.
    """
    digest = hashlib.sha256()
    recipe = [Path(RECIPE)] if (container / RECIPE).exists() else []
    for file in runtime_files(container) + recipe:
        content = (container / file).read_bytes()
        digest.update(f"{file.as_posix()} {len(content)}\n".encode() + content)
    found = digest.hexdigest()[:TAG_DIGITS]
    return found if architecture == USUAL else f"{found}-{architecture}"
