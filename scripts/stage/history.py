"""The images that worked in a stage, newest first, in an SSM parameter."""

from __future__ import annotations

import json
from typing import Any

from generator import catalogue
from scripts.stage import parameters
from scripts.stage.parameters import Found
from scripts.stage.session import Cloud, tags


def parameter_name(stage: str) -> str:
    """Name of the parameter that lists the images."""
    return f"/{catalogue.PROJECT}/{stage}/{catalogue.HISTORY_PARAMETER}"


def remember_image(cloud: Cloud, image_uri: str, before: str = "", found: Found | None = None) -> list[str]:
    """Put an image at the head of those that worked.

    Args:
        cloud: the stage.
        image_uri: the image that runs now and works.
        before: the image that ran before it, "" for none.
        found: the parameter, read since the stage's lock is held; None to ask for it.

    Returns:
        Those that are remembered, newest first.
    """
    stored = _read(cloud, found)
    known = _parse(stored)
    wanted = list(dict.fromkeys([image_uri, *([before] if before else []), *known]))[: catalogue.IMAGES_KEPT]
    if wanted != known:
        _write(cloud, json.dumps(wanted), new=stored is None)
    return wanted


def images(cloud: Cloud) -> list[str]:
    """The images that worked, newest first."""
    return _parse(_read(cloud))


def remove(cloud: Cloud) -> None:
    """Remove the history once nothing of the stage is left."""
    cloud.client("ssm").delete_parameters(Names=[parameter_name(cloud.stage)])


def _parse(stored: str | None) -> list[str]:
    try:
        found = json.loads(stored or "[]")
    except ValueError:
        return []
    return [str(image) for image in found] if isinstance(found, list) else []


def _read(cloud: Cloud, found: Found | None = None) -> str | None:
    name = parameter_name(cloud.stage)
    there = parameters.read(cloud, name) if found is None else found
    return str(there[name]["Value"]) if name in there else None


def _write(cloud: Cloud, value: str, new: bool) -> None:
    options: dict[str, Any] = {"Overwrite": True}
    if new:  # PutParameter accepts tags only for a new parameter
        options = {"Tags": [{"Key": key, "Value": entry} for key, entry in tags(cloud.stage).items()]}
    cloud.client("ssm").put_parameter(Name=parameter_name(cloud.stage), Value=value, Type="String", **options)
