"""What runs the tasks of a laptop cloud, plain processes or a Docker engine, and where each gets its image."""

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
REGISTRY = "127.0.0.1:5000"  # the usual port of a local registry
ASK_SECONDS = 2


@dataclass(frozen=True)
class Runner:
    """One kind of runner.

    Attributes:
        name: one of ``RUNNERS``.
        docker_host: address of Docker's engine; "" for processes.
        registry: host and port of the registry for images; "" if none runs.
    """

    name: str = PROCESS
    docker_host: str = ""
    registry: str = ""

    def image(
        self, settings: Settings, store: Path, reporter: Reporter, container: Path = content.CONTAINER_DIR
    ) -> str:
        """Make the image of this checkout available.

        Args:
            settings: the laptop's stage.
            store: folder of images for processes.
            reporter: is told of progress.
            container: folder with the Dockerfile.

        Returns:
            The image's reference, pinned by digest if it is in a registry.

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
        """All attributes, for a second terminal."""
        return asdict(self)


def choose(name: str, registry: str = REGISTRY) -> Runner:
    """Find out what a runner can use.

    Args:
        name: one of ``RUNNERS``.
        registry: host and port on loopback where a registry may listen.

    Raises:
        scripts.stage.errors.ImageError: Docker was chosen but cannot be used.
    """
    if name == PROCESS:
        return Runner()
    build.check_docker()
    return Runner(DOCKER, build.engine_address(), registry if _answers(registry) else "")


def _answers(registry: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy between us and this machine
    try:
        with opener.open(f"http://{registry}/v2/", timeout=ASK_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
