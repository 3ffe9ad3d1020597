"""The Lambdas' code as one zip that is byte-for-byte identical whenever the code is."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import itsdangerous
from botocore.exceptions import ClientError

from scripts import ROOT
from scripts.stage.errors import DeployError, code_of
from scripts.stage.session import Cloud

SOURCE_DIR = ROOT / "lambda_src"
# Packages that the modules import, beside what the Lambda runtime has: what they share with the service and the
# orchestrator, and the signing of receipts. The latter is pure Python and the pinned version that is installed here,
# so that it is the same on every machine; what pip compiles for this machine's Python stays out.
PACKAGES = (ROOT / "container" / "shared", Path(itsdangerous.__file__).parent)
# The oldest time that a zip can hold, so that no build time gets into the content.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3  # the system it was made on: without it, a zip made on Windows would differ


@dataclass(frozen=True)
class Package:
    """A zip and its key in the artifacts bucket, which is named after its content."""

    key: str
    content: bytes


def package(source: Path = SOURCE_DIR) -> Package:
    """Zip the modules of a folder, each at the zip's root, and the packages that they import.

    Args:
        source: folder with the ``.py`` files.

    Raises:
        DeployError: there are none, or one of them is not valid Python.
    """
    files = {file.name: file for file in sorted(source.glob("*.py"))}
    if not files:
        raise DeployError(
            f"There is no Lambda code in {source}.", "Is the checkout complete? `git status` shows what is missing."
        )
    for folder in PACKAGES:
        files |= {f"{folder.name}/{file.name}": file for file in sorted(folder.glob("*.py"))}
    digest, buffer = hashlib.sha256(), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, file in files.items():
            content = file.read_bytes()
            _check_syntax(file, content)
            digest.update(f"{name} {len(content)}\n".encode() + content)
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED  # two versions of zlib compress the same code differently
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16  # Lambda must be able to read it
            archive.writestr(entry, content)
    return Package(f"lambda/{digest.hexdigest()[:16]}.zip", buffer.getvalue())


def _check_syntax(file: Path, content: bytes) -> None:
    """Refuse code that no worker could load: the smoke test calls only some of the functions."""
    try:
        compile(content, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name
        raise DeployError(f"{name}{line}: {why}. Nothing was uploaded.", "Fix the line, then run it again.") from error


def upload(cloud: Cloud, bucket: str, code: Package) -> bool:
    """Upload the zip to the artifacts bucket, unless it is there.

    Returns:
        Whether it had to be uploaded.
    """
    client = cloud.client("s3")
    try:
        client.head_object(Bucket=bucket, Key=code.key)
        return False
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
    client.put_object(Bucket=bucket, Key=code.key, Body=code.content, ContentType="application/zip")
    return True
