"""Which images the stage's own registry keeps, whatever else is pushed: those with a tag that its lifecycle spares.

An image gets the tag before it is rolled out, and loses it once it neither runs nor can be rolled back to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from generator import catalogue
from scripts.stage.session import Cloud

MEDIA_TYPES = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
]
BATCH = 100  # images that BatchDeleteImage takes (ECR API reference)


def keep(cloud: Cloud, uri: str, references: Collection[str]) -> None:
    """Give images the tag.

    Args:
        cloud: the stage.
        uri: address of its repository.
        references: images, one of them in the repository; what it does not have is left to whoever pulls it.
    """
    client, name = cloud.client("ecr"), _name(uri)
    asked = [{"imageDigest": digest} for digest in _digests(uri, references)]
    answer = client.batch_get_image(repositoryName=name, imageIds=asked, acceptedMediaTypes=MEDIA_TYPES)
    for found in answer.get("images", []):
        with contextlib.suppress(client.exceptions.ImageAlreadyExistsException):
            client.put_image(
                repositoryName=name,
                imageManifest=found["imageManifest"],
                imageManifestMediaType=found["imageManifestMediaType"],
                imageTag=_tag(found["imageId"]["imageDigest"]),
            )


def keep_only(cloud: Cloud, uri: str, references: Collection[str]) -> None:
    """Take the tag from every image but some.

    Args:
        cloud: the stage.
        uri: address of its repository.
        references: the image that runs, and those that it can be rolled back to.
    """
    client, name = cloud.client("ecr"), _name(uri)
    wanted = {_tag(digest) for digest in _digests(uri, references)}
    pages = client.get_paginator("list_images").paginate(repositoryName=name, filter={"tagStatus": "TAGGED"})
    tags = [each["imageTag"] for page in pages for each in page["imageIds"]]
    surplus = [tag for tag in tags if tag.startswith(catalogue.KEPT_PREFIX) and tag not in wanted]
    for start in range(0, len(surplus), BATCH):  # an image goes with its last tag; each has that of its content besides
        some = [{"imageTag": tag} for tag in surplus[start : start + BATCH]]
        client.batch_delete_image(repositoryName=name, imageIds=some)


def _name(uri: str) -> str:
    return uri.partition("/")[2]


def _digests(uri: str, references: Collection[str]) -> list[str]:
    """Digests of the images that are in the repository."""
    return [reference.removeprefix(f"{uri}@") for reference in references if reference.startswith(f"{uri}@")]


def _tag(digest: str) -> str:
    """The tag that keeps an image: tags of this repository do not move, so each image has its own."""
    return f"{catalogue.KEPT_PREFIX}{digest.removeprefix('sha256:')[:16]}"
