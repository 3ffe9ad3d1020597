"""The side file of an export: its SHA-256, in the format of ``sha256sum``, so that a change on the way is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path


def side_file(path: Path) -> Path:
    """Where the checksum of a file is."""
    return path.with_name(path.name + ".sha256")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, expected: str) -> None:
    """Write the side file, after checking that the disk has what was written.

    Args:
        path: the file.
        expected: its SHA-256 as it was written.

    Raises:
        OSError: the file reads back differently, or the side file cannot be written.
    """
    if digest(path) != expected:
        raise OSError(f"{path} does not read back as it was written")
    new = side_file(path).with_suffix(".new")
    new.write_text(f"{expected}  {path.name}\n", encoding="utf-8")
    new.replace(side_file(path))
