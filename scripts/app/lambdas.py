"""The Lambdas' code as one zip that is the same byte for byte whenever the code is the same."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from botocore.exceptions import ClientError

from scripts import ROOT
from scripts.stage.errors import DeployError, code_of
from scripts.stage.session import Cloud

SOURCE_DIR = ROOT / "lambda_src"
# What the service and the Lambdas must do exactly alike is written once, in the container, and goes into the zip under
# the name by which the container imports it.
SHARED_DIR = ROOT / "container" / "sentiment"
SHARED = ("receipts",)
# The oldest time a zip can hold: no build time gets into the content.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """A zip and its key in the artifacts bucket, which is named after its content."""

    key: str
    content: bytes


def package(source: Path = SOURCE_DIR) -> Package:
    """Zip the modules of a folder, each at the zip's root, and those that are shared with the container.

    Args:
        source: folder with the ``.py`` files.

    Raises:
        DeployError: there are none.
    """
    files = {file.name: file for file in sorted(source.glob("*.py"))}
    if not files:
        raise DeployError(f"There is no Lambda code in {source}.", "Is the checkout complete? `git status` tells.")
    files |= {f"{SHARED_DIR.name}/{name}.py": SHARED_DIR / f"{name}.py" for name in SHARED}
    digest, buffer = hashlib.sha256(), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            content = file.read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = 0o644 << 16  # Lambda must be able to read it
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return Package(f"lambda/{digest.hexdigest()[:16]}.zip", buffer.getvalue())


def module(name: str, source: Path = SOURCE_DIR) -> ModuleType:
    """A module of the Lambdas or the container, for what the orchestrator must do exactly as they do.

    The Lambdas import each other without a package, as they lie in the zip, so they are no package here either.

    Args:
        name: its name, without a package.
        source: the folder it is in.
    """
    spec = importlib.util.spec_from_file_location(name, source / f"{name}.py")
    if spec is None or spec.loader is None:
        raise DeployError(f"There is no {name}.py in {source}.", "Is the checkout complete? `git status` tells.")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def upload(cloud: Cloud, bucket: str, code: Package) -> bool:
    """Put the zip into the artifacts bucket, unless it is there.

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
