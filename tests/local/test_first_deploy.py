"""One command from an empty account to the page, for a stage as it is cloned: its own registry, image built and pushed.

Docker and ECR's own protocol are stand-ins here (tests/image has real ones): what is "pushed" is run as processes.
"""

import hashlib
import json
import sys

import pytest

from scripts import ROOT
from scripts.cli import options
from scripts.image import content
from scripts.release.place import AwsPlace
from scripts.stage import settings
from scripts.stage.settings import Settings

# Builds into the laptop's store of images; a pushed one is found there by its digest, as a task names it.
DOCKER = """#!{python}
import pathlib, sys
sys.path[:0] = [{root!r}, {container!r}]
from scripts.local import images
store, words = pathlib.Path({store!r}), sys.argv[1:]
with open({said!r}, "a") as said:
    print(*words, file=said)
if words[0] == "build":
    images.build(pathlib.Path(words[-1]), store)
elif words[0] == "push":
    (store / words[-1].rpartition(":")[2]).rename(store / {digest!r})
elif words[0] == "manifest":
    if not (store / {digest!r}).is_dir():
        sys.exit("manifest unknown")
    print('{{"Descriptor": {{"digest": "sha256:{digest}"}}}}')
elif words[0] == "login":
    sys.stdin.read()
"""


@pytest.fixture
def docker(own, tmp_path, monkeypatch):
    """A ``docker`` whose registry is the laptop's store of images; the file of what it was told, and the digest."""
    digest, said = hashlib.sha256(content.tag().encode()).hexdigest(), tmp_path / "said"
    program = tmp_path / "docker"
    paths = {"root": str(ROOT), "container": str(ROOT / "container"), "store": str(own.state / "images")}
    program.write_text(DOCKER.format(python=sys.executable, said=str(said), digest=digest, **paths))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return said, digest


@pytest.fixture
def as_cloned(own, run, monkeypatch):
    """The laptop's stage without anything deployed, with the registry of a stage that says nothing of one."""
    values = {**settings.load("local").values, "image_repository": settings.tables()["defaults"]["image_repository"]}

    class Account(AwsPlace):
        cloud = own.cloud

    run("destroy", "--yes")
    with monkeypatch.context() as patched:
        patched.setattr(settings, "load", lambda stage: Settings(stage, values))
        patched.setattr(options, "place_of", lambda chosen, region, profile: Account(chosen, region, profile))
        yield
        run("destroy", "--yes")
    run("deploy")


def test_one_command_leads_from_an_empty_account_to_the_page(own, run, docker, as_cloned):
    said, digest = docker
    result = run("deploy")
    assert result.stdout.strip() == f"Ready: {own.url}"
    assert "smoke test passed" in result.stderr
    outputs = json.loads(run("outputs", "--json").stdout)
    uri = outputs["RepositoryUri"]
    told = said.read_text().splitlines()
    assert [line.split()[0] for line in told if line.split()[0] in {"login", "build", "push"}] == [
        "login",
        "build",
        "push",
    ]
    assert f"push --quiet {uri}:{content.tag()}" in told
    runs = run("status").stdout
    assert f"{uri}@sha256:{digest}" in runs
    assert len(outputs["Zones"].split(",")) == 2
    assert run("plan").stdout.strip().endswith("No change.")
