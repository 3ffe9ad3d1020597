"""What runs the tasks of a laptop cloud: plain processes, or a Docker engine; and how each comes by its image."""

from __future__ import annotations

import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.image import build, content
from scripts.local import images
from scripts.stage.reporter import Reporter
from scripts.stage.settings import Settings

PROCESS, DOCKER = "process", "docker"
RUNNERS = (PROCESS, DOCKER)
REGISTRY = "127.0.0.1:5000"  # where a registry on loopback usually listens
ASK_SECONDS = 2


@dataclass(frozen=True)
class Runner:
    """One kind of runner.

    Attributes:
        name: one of ``RUNNERS``.
        docker_host: address of Docker's engine; "" for processes.
        registry: host and port of the registry that images go through; "" where none runs.
    """

    name: str = PROCESS
    docker_host: str = ""
    registry: str = ""

    def image(
        self, settings: Settings, store: Path, reporter: Reporter, container: Path = content.CONTAINER_DIR
    ) -> str:
        """Make sure that the image of this checkout can be run.

        Args:
            settings: the laptop's stage.
            store: folder of images for processes.
            reporter: hears what is done.
            container: folder with the Dockerfile.

        Returns:
            The image's reference: pinned by digest where it went through a registry.

        Raises:
            scripts.stage.errors.ImageError: a part of the image is missing, or Docker cannot build or push it.
        """
        if self.name == PROCESS:
            return images.build(container, store)
        if self.registry:
            values = {**settings.values, "image_repository": f"{self.registry}/{content.NAME}"}
            return build.ensure(Settings(settings.stage, values), reporter, container)
        return build.for_this_machine(images.reference(container), reporter, container)

    @property
    def facts(self) -> dict[str, Any]:
        """All of it, for a second terminal."""
        return asdict(self)


def choose(name: str, registry: str = REGISTRY) -> Runner:
    """Find out what a kind of runner has to work with.

    Args:
        name: one of ``RUNNERS``.
        registry: host and port of where a registry may listen on loopback.

    Raises:
        scripts.stage.errors.ImageError: Docker is wanted, and cannot be used.
    """
    if name == PROCESS:
        return Runner()
    build.check_docker()
    return Runner(DOCKER, build.engine_address(), registry if _answers(registry) else "")


def _answers(registry: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy stands before this machine
    try:
        with opener.open(f"http://{registry}/v2/", timeout=ASK_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
