"""The image's tag is made of the same files as the image: image.content and container/.dockerignore agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.image import content

DOCKERIGNORE = content.CONTAINER_DIR / ".dockerignore"
TEMPTING = (
    ["requirements.txt", "requirements.in", "gunicorn.conf.py", "Dockerfile", ".dockerignore", ".mypy_cache/x.json"]
    + [
        "shared/limits.py",
        "sentiment/app.py",
        "sentiment/words/en.txt",
        "sentiment/__pycache__/app.pyc",
        "sentiment/words/__pycache__/x",
    ]
    + ["model/sentiment-1.onnx", "model/MODEL_CARD.md", "model/old/sentiment-0.onnx", "training/train.py"]
)


def let_through(path: str) -> bool:
    """Whether .dockerignore leaves a file in: the last line that matches it or a folder above it counts."""
    above = [path, *(folder.as_posix() for folder in Path(path).parents if folder != Path())]
    inside = True
    for line in DOCKERIGNORE.read_text().split("\n"):
        pattern = line.removeprefix("!")
        if pattern and not line.startswith("#") and any(_regex(pattern).fullmatch(name) for name in above):
            inside = line.startswith("!")
    return inside


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*"))


@pytest.fixture
def tempting(tmp_path: Path) -> Path:
    """A container folder with files that should not go into an image."""
    for name in TEMPTING:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("folder", ["shipped", "tempting"])
def test_the_tag_is_made_of_what_dockerignore_lets_through(folder: str, tempting: Path) -> None:
    container = content.CONTAINER_DIR if folder == "shipped" else tempting
    files = [file.relative_to(container).as_posix() for file in container.rglob("*") if file.is_file()]
    assert [file.as_posix() for file in content.runtime_files(container)] == sorted(
        filter(let_through, files), key=Path
    )


def test_the_dockerfile_copies_what_dockerignore_lets_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (content.CONTAINER_DIR / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted({pattern.partition("/")[0] for pattern in content.RUNTIME})
