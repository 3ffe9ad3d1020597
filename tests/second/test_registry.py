"""The stage's own registry: what runs and what can be rolled back to never expires, however much is pushed."""

from __future__ import annotations

import fnmatch
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from generator import catalogue
from scripts.release import smoke
from scripts.stage.errors import SmokeTestError
from tests.contracts.reading import resource

MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
Push = Callable[[], str]


@pytest.fixture
def registry(run: Any, client: Any) -> Any:
    """The registry of a stage that is there already, and empty."""
    run("deploy", "--stage", "dev", "--image", "docker.io/example/sentiment-rnn@sha256:" + "a" * 64)
    return client("ecr")


@pytest.fixture
def repository(registry: Any) -> dict[str, Any]:
    """With the template's lifecycle policy, which moto does not take from there."""
    (found,) = registry.describe_repositories()["repositories"]
    name = found["repositoryName"]
    policy = resource("registry", "Repository")["LifecyclePolicy"]["LifecyclePolicyText"]
    registry.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    return found


@pytest.fixture
def pushed() -> list[str]:
    """References of what was pushed, the oldest first, which moto does not tell."""
    return []


@pytest.fixture
def push(registry: Any, repository: dict[str, Any], pushed: list[str]) -> Push:
    """Push an image, and have old ones expire, as a day later on AWS; its reference."""

    def pushing() -> str:
        layers = [{"digest": uuid.uuid4().hex, "size": 1}]
        manifest = {"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": {"digest": "0", "size": 1}, "layers": layers}
        made = registry.put_image(
            repositoryName=repository["repositoryName"],
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=MEDIA_TYPE,
            imageTag=uuid.uuid4().hex,
        )["image"]
        pushed.append(f"{repository['repositoryUri']}@{made['imageId']['imageDigest']}")
        expire(registry, repository, pushed)
        return pushed[-1]

    return pushing


def expire(registry: Any, repository: dict[str, Any], pushed: list[str]) -> None:
    """Apply the lifecycle policy, which moto keeps and does not apply.

    ECR user guide, "Automate the cleanup of images by using lifecycle policies in Amazon ECR": rules mark the images
    beyond their count, the newest push first; what the tags of a rule match, no rule of lower priority expires.
    """
    name = repository["repositoryName"]
    rules = json.loads(registry.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])["rules"]
    tags = stored(registry, name)
    newest = [digest for digest in (each.rpartition("@")[2] for each in reversed(pushed)) if digest in tags]
    assert set(newest) == set(tags)
    matched, expired = set(), []
    for rule in sorted(rules, key=lambda each: each["rulePriority"]):
        chosen = rule["selection"]
        assert chosen["countType"] == "imageCountMoreThan"
        prefixes = chosen.get("tagPrefixList", [])
        fits = [
            digest
            for digest in newest
            if chosen["tagStatus"] == "any"
            or all(any(fnmatch.fnmatch(tag, f"{prefix}*") for tag in tags[digest]) for prefix in prefixes)
        ]
        expired += [digest for digest in fits[chosen["countNumber"] :] if digest not in matched]
        matched |= set(fits)
    for digest in expired:
        registry.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])


def stored(registry: Any, name: str) -> dict[str, list[str]]:
    """Tags of every image that is there, by digest."""
    found = registry.describe_images(repositoryName=name)["imageDetails"]
    return {each["imageDigest"]: each.get("imageTags", []) for each in found}


def there(registry: Any, repository: dict[str, Any]) -> set[str]:
    """References of every image that is there."""
    return {f"{repository['repositoryUri']}@{digest}" for digest in stored(registry, repository["repositoryName"])}


def known(client: Any) -> list[str]:
    """What the stage remembers as having worked, the newest first."""
    value = client("ssm").get_parameter(Name=f"/sentiment/dev/{catalogue.HISTORY_PARAMETER}")["Parameter"]["Value"]
    return [image for image in json.loads(value) if ".dkr.ecr." in image]


def test_what_runs_and_what_can_be_rolled_back_to_never_expires(
    run: Any, client: Any, registry: Any, repository: dict[str, Any], push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test, for each step starts from what the last one left."""
    first, second = push(), push()
    run("roll", "--stage", "dev", "--image", first)
    run("roll", "--stage", "dev", "--image", second)

    def failing(*_: Any, **__: Any) -> None:
        raise SmokeTestError("It does not answer.", "")

    with monkeypatch.context() as patched:
        patched.setattr(smoke, "smoke_test", failing)
        for _ in range(3):
            run("roll", "--stage", "dev", "--image", push(), code=1)
    pushes = [push() for _ in range(4)]
    assert there(registry, repository) == {first, second, *pushes[-catalogue.IMAGES_PUSHED :]}

    run("rollback", "--stage", "dev")  # to the image that was pushed first of all
    for _ in range(catalogue.IMAGES_KEPT + 1):
        image = push()
        run("roll", "--stage", "dev", "--image", image)
        remembered = known(client)
        assert remembered[0] == image
        assert len(remembered) == catalogue.IMAGES_KEPT
        push()
        assert set(remembered) <= there(registry, repository)
        assert len(there(registry, repository)) <= catalogue.IMAGES_KEPT + catalogue.IMAGES_PUSHED


def test_what_is_kept_fits_into_what_is_free() -> None:
    assert (catalogue.IMAGES_KEPT + catalogue.IMAGES_PUSHED) * catalogue.IMAGE_MB <= 500
