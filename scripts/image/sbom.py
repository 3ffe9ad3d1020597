"""Software bill of materials of the container image: its base, its Python packages, its model, as CycloneDX.

Read from what the image is built from, so it needs no engine; a test compares it with a built image.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from generator import catalogue
from scripts import ROOT

CONTAINER = ROOT / "container"
# The image's own platform, for requirements that are for some platforms only.
PLATFORM = {
    "os_name": "posix",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "sys_platform": "linux",
}
_PINNED = re.compile(r"^(?P<pin>[^\s#][^\\]*?)(?: \\)?\n(?P<hashes>(?:    --hash=\S+(?: \\)?\n)*)", re.MULTILINE)


def bill(container: Path = CONTAINER) -> Bom:
    """The bill of materials.

    Args:
        container: folder that the image is built from.
    """
    base, python = _base(container)
    bom = Bom(components=[base, *_packages(container, python), _model(container)])
    name = f"{catalogue.PROJECT}-{catalogue.CONTAINER_NAME}"
    image = Component(name=name, type=ComponentType.CONTAINER, bom_ref="image")
    bom.metadata.component = image
    bom.register_dependency(image, list(bom.components))
    return bom


def _base(container: Path) -> tuple[Component, str]:
    """The image that ours stands on, and its version of Python."""
    pinned = re.search(
        r"^FROM ([^\s:@]+):([^\s@]+)(?:@sha256:(\w+))?", (container / "Dockerfile").read_text(), re.MULTILINE
    )
    name, tag, digest = pinned.groups() if pinned else ("scratch", "", None)
    purl = PackageURL("docker", name=name, version=tag)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else []
    base = Component(name=name, version=tag, type=ComponentType.CONTAINER, purl=purl, bom_ref=str(purl), hashes=hashes)
    return base, ".".join(tag.split("-")[0].split(".")[:2])


def _packages(container: Path, python: str) -> Iterator[Component]:
    """Every Python package that is installed, with the hashes of which pip accepts one."""
    here = {**PLATFORM, "python_version": python, "python_full_version": f"{python}.0"}
    for found in _PINNED.finditer((container / "requirements.txt").read_text()):
        wanted = Requirement(found["pin"])
        if wanted.marker is not None and not wanted.marker.evaluate(here):
            continue
        version = str(wanted.specifier).removeprefix("==")
        purl = PackageURL("pypi", name=wanted.name, version=version)
        digests = re.findall(r"sha256:(\w+)", found["hashes"])
        yield Component(
            name=wanted.name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=purl,
            bom_ref=str(purl),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in digests],
        )


def _model(container: Path) -> Component:
    """The trained model, which is versioned by its content."""
    (file,) = (container / "model").glob("*.onnx")
    digest = HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(file.read_bytes()).hexdigest())
    return Component(
        name=file.name,
        version=file.stem.rpartition("-")[2],
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model/{file.name}",
        hashes=[digest],
    )


if __name__ == "__main__":
    sys.stdout.write(JsonV1Dot6(bill()).output_as_string(indent=2) + "\n")
