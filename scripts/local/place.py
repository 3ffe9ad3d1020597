"""The laptop as the place of a stage: the cloud that runs in another window, and images that stay on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from scripts.app import receipt_keys
from scripts.image.content import CONTAINER_DIR
from scripts.local.runner import Runner
from scripts.local.session import EmulatedCloud, reach
from scripts.local.state import State, chosen_folder, running
from scripts.stage.reporter import Reporter
from scripts.stage.settings import Settings


class LaptopPlace:
    """The laptop cloud that runs now; ``scripts.release.place.Place`` says what each method is for.

    Args:
        settings: the stage's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.checks: Mapping[str, Callable[[], str]] = {}

    @cached_property
    def cloud(self) -> EmulatedCloud:
        """The emulator."""
        return reach(running(), self._settings.region)

    def image(self, reporter: Reporter) -> str:
        """Make the image as the runner of that cloud needs it."""
        return Runner(**running()["runner"]).image(self._settings, self._state.images, reporter, CONTAINER_DIR)

    def planned_image(self, reporter: Reporter) -> str:
        """The image, made: that takes a moment and changes nothing that runs."""
        return self.image(reporter)

    def login(self, reporter: Reporter) -> str:
        """Nothing: images stay on this machine."""
        return ""

    def keep_receipt_keys(self) -> None:
        """Write them into the state folder."""
        receipt_keys.keep(self.cloud, self._state.receipt_key)

    @property
    def _state(self) -> State:
        return State(chosen_folder())
