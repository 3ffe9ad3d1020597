"""Stack of the stage's own image registry: deployed before all else, unless ``image_repository`` names another."""

from __future__ import annotations

import json
from collections.abc import Mapping

from troposphere import GetAtt, Template, ecr

from generator.building import add_output, name_tag, new_template, purpose
from generator.catalogue import IMAGES_PUSHED, KEPT_PREFIX
from generator.parameters import parameter

NEVER = 1000  # images, of which an orchestrator keeps a handful


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
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps(lifecycle())),
            Tags=name_tag("images"),
        )
    )


def lifecycle() -> dict[str, object]:
    """Which images expire: none that runs or can be rolled back to, however many others were pushed since.

    What a rule's tags match, no later rule expires (ECR user guide, "Automate the cleanup of images by using lifecycle
    policies in Amazon ECR", read 2026-11-27). Counting goes by the time of the push, and a rollback runs an old image
    again; so the orchestrator gives the tag and takes it (scripts/image/kept.py), and the first rule never expires any.
    """
    kept = {"tagStatus": "tagged", "tagPrefixList": [KEPT_PREFIX]}
    return {
        "rules": [
            _expire(1, "Keep what runs and what can be rolled back to", NEVER, kept),
            _expire(2, f"Of the others keep only the newest {IMAGES_PUSHED}", IMAGES_PUSHED, {"tagStatus": "any"}),
        ]
    }


def _expire(priority: int, text: str, more_than: int, which: Mapping[str, object]) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": text,
        "selection": {**which, "countType": "imageCountMoreThan", "countNumber": more_than},
        "action": {"type": "expire"},
    }
