"""The place of a stage: how to reach its cloud, and how to get its image there. AWS's place is here.

The other one, the laptop, is in ``scripts.local.place``; ``scripts.cli.places`` chooses by the stage's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

from scripts.image import build, login, repository
from scripts.release import registry
from scripts.stage import region
from scripts.stage.errors import AdviceError, ImageError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings


class Place(Protocol):
    """What differs between the places that a stage can be in."""

    @property
    def cloud(self) -> Cloud:
        """The stage's cloud.

        Raises:
            DeployError: it cannot be reached.
        """

    @property
    def checks(self) -> Mapping[str, Callable[[], str]]:
        """What ``doctor`` checks there besides: by name, functions that return details or raise a DeployError."""

    def image(self, reporter: Reporter) -> str:
        """Make sure that the image of this checkout can be run; its reference.

        Raises:
            ImageError: it cannot be built or pushed.
        """

    def planned_image(self, reporter: Reporter) -> str:
        """The reference that ``image`` would return, without pushing anything.

        Raises:
            ImageError: that cannot be known.
        """

    def login(self, reporter: Reporter) -> str:
        """Log in to the registry that images are pushed to; its host, "" where none is needed.

        Raises:
            ImageError: the registry refuses.
        """

    def keep_receipt_keys(self) -> None:
        """Save the receipt keys where they outlive the cloud."""


class AwsPlace:
    """An account on AWS, and a registry of images.

    Args:
        settings: the stage's settings.
        region_option: value of ``--region``; None for the settings', or what AWS's own tools would use.
        profile: name of a profile in the AWS configuration; None for the usual boto3 places.
    """

    def __init__(self, settings: Settings, region_option: str | None = None, profile: str | None = None) -> None:
        self._settings = settings
        self._region = region_option
        self._profile = profile

    @cached_property
    def cloud(self) -> Cloud:
        """The account, in the region that is chosen."""
        region.prefer_as_the_cli_does()
        found = region.choose(self._region, self._settings.region, self._profile)
        return Cloud(self._settings.stage, found.name, self._profile, found.source)

    @property
    def checks(self) -> Mapping[str, Callable[[], str]]:
        """Docker, which builds images, and where they are pushed."""
        return {
            "Docker": _docker,
            "image repository": self._repository,
            "image platform": self._platform,
            "registry login": self._login,
        }

    def image(self, reporter: Reporter) -> str:
        """Build and push the image, unless the registry has it."""
        return build.ensure(registry.ready(self.cloud, self._settings, reporter), reporter)

    def planned_image(self, reporter: Reporter) -> str:
        """The image by digest if the registry has it, by tag if it does not yet."""
        return repository.reference(self.cloud, self._settings)

    def login(self, reporter: Reporter) -> str:
        """Log in with credentials valid for hours at most."""
        return login.login(self.cloud, registry.ready(self.cloud, self._settings, reporter).image_repository)

    def keep_receipt_keys(self) -> None:
        """Do nothing: the parameter store keeps them."""

    def _repository(self) -> str:
        name = self._settings.image_repository
        if not name:
            raise ImageError(
                f"stage {self._settings.stage} sets none",
                'Set image_repository in scripts/stages.toml ("ecr": a registry of its own), or deploy with --image.',
            )
        return f"{name} (the stage's registry stack)" if name == repository.OWN else name

    def _platform(self) -> str:
        wanted = self._settings.architecture
        try:
            engine = build.engine_architecture()
        except ImageError:
            return f"{wanted}, for {self._settings.instance_type}"  # that Docker does not answer is told already
        if wanted != engine:
            raise AdviceError(
                f"{self._settings.instance_type} needs an image for {wanted}, and this machine's engine is {engine}: "
                "it builds that with emulation alone",
                build.EMULATION,
            )
        return f"{wanted}, for {self._settings.instance_type}"

    def _login(self) -> str:
        name = self._settings.image_repository
        if name in {"", repository.OWN}:
            return "not needed: a token is asked for at each deployment" if name else "not needed"
        host = login.host_of(name)
        if not login.knows(host):
            raise AdviceError(f"Docker is not logged in to {host}", f"`docker login {host}`, if you push from here.")
        return host


def _docker() -> str:
    build.check_docker()
    return "its engine answers"
