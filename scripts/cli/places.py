"""Chooses the place of a stage by its settings: the only place where AWS or the laptop is chosen."""

from __future__ import annotations

from scripts.release.place import AwsPlace, Place
from scripts.stage.errors import SettingsError
from scripts.stage.settings import Settings

AWS, LAPTOP = "aws", "laptop"


def place_of(settings: Settings, region: str | None = None, profile: str | None = None) -> Place:
    """The place of a stage.

    Args:
        settings: the stage's settings.
        region: value of ``--region``; None for the settings', or what AWS's own tools would use.
        profile: name of a profile in the AWS configuration; None for the usual boto3 places.

    Raises:
        SettingsError: there is no such place.
    """
    if settings.place == AWS:
        return AwsPlace(settings, region, profile)
    if settings.place == LAPTOP:
        from scripts.local.place import LaptopPlace  # not needed on AWS

        return LaptopPlace(settings)
    raise SettingsError(
        f"stages.toml: place of stage {settings.stage} is {settings.place!r}.", f'Set it to "{AWS}" or "{LAPTOP}".'
    )
