"""The bill of materials names what the image is built from: base, packages with their hashes, model."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest

from scripts.image import sbom


@pytest.fixture(scope="module")
def components() -> dict[str, dict]:
    """What is printed, by the name of each component."""
    printed = subprocess.run(
        [sys.executable, "-m", "scripts.image.sbom"],
        capture_output=True,
        text=True,
        check=True,
        cwd=sbom.CONTAINER.parent,
    ).stdout
    bill = json.loads(printed)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    return {each["name"]: each for each in bill["components"]}


def test_every_package_that_is_locked_for_the_image_is_there_with_its_hashes(components):
    lock = (sbom.CONTAINER / "requirements.txt").read_text()
    packages = {name: each for name, each in components.items() if each["type"] == "library"}

    assert {"flask", "gunicorn", "numpy", "onnxruntime"} <= packages.keys()
    for name, each in packages.items():
        assert f"\n{name}=={each['version']}" in f"\n{lock}"
        assert each["purl"] == f"pkg:pypi/{name}@{each['version']}"
        assert each["hashes"] and all(f"sha256:{one['content']}" in lock for one in each["hashes"])


def test_the_model_and_the_base_are_there(components):
    (model,) = (each for each in components.values() if each["type"] == "machine-learning-model")
    file = sbom.CONTAINER / "model" / model["name"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]
    (base,) = (each for each in components.values() if each["type"] == "container")
    (digest,) = (each["content"] for each in base["hashes"])
    assert (
        f"\nFROM {base['name']}:{base['version']}@sha256:{digest} AS base\n"
        in (sbom.CONTAINER / "Dockerfile").read_text()
    )


def test_packages_for_other_platforms_are_left_out(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m-1.onnx").write_bytes(b"x")
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\n")
    lines = [
        "here==1 ; sys_platform == 'linux' \\\n    --hash=sha256:aa\n    # via x\n",
        "there==2 ; sys_platform == 'win32' \\\n    --hash=sha256:bb\n",
        "older==3 ; python_full_version < '3.11' \\\n    --hash=sha256:cc\n",
    ]
    (tmp_path / "requirements.txt").write_text("# a comment\n" + "".join(lines))

    assert {each.name for each in sbom.bill(tmp_path).components} == {"python", "here", "m-1.onnx"}
