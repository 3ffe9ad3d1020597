"""Stack of the stage's own image registry: deployed before all else, unless ``image_repository`` names another."""

from __future__ import annotations

import json

from troposphere import GetAtt, Template, ecr

from generator.building import add_output, name_tag, new_template, purpose
from generator.catalogue import IMAGES_KEPT
from generator.parameters import parameter


def build() -> Template:
    """Template of the stack."""
    template = new_template("registry")
    parameter(template, "Stage")
    made = repository(template)
    add_output(template, "RepositoryUri", GetAtt(made, "RepositoryUri"), "Where images are pushed to and pulled from")
    return template


def repository(template: Template) -> ecr.Repository:
    """The repository. A tag is derived from the image's content, so it never moves to another image.

    Destroying the stage deletes its images; a replacement of the repository must not delete the one that runs.
    """
    return template.add_resource(
        ecr.Repository(
            "Repository",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Retain",
            Metadata=purpose("Stores the images of the service; scans each pushed image for known vulnerabilities"),
            EmptyOnDelete=True,
            EncryptionConfiguration=ecr.EncryptionConfiguration(EncryptionType="KMS"),  # with AWS's own key
            ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
            ImageTagMutability="IMMUTABLE",
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps(keep_newest(IMAGES_KEPT))),
            Tags=name_tag("images"),
        )
    )


def keep_newest(count: int) -> dict[str, object]:
    """A lifecycle policy that expires older images."""
    oldest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    rule = {
        "rulePriority": 1,
        "description": f"Keep the newest {count}",
        "selection": oldest,
        "action": {"type": "expire"},
    }
    return {"rules": [rule]}
