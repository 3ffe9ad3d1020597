"""All containers of a laptop cloud, behind the calls that the emulator's ECS makes to Docker's Python client.

The engines in ``processes`` and ``docker_engine`` decide what a container is: a process, or a real container.
"""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from scripts.local.serving import ContainerError


class TaskContainer(Protocol):
    """One running (or ended) container, with the attributes and methods of docker-py's that ECS uses."""

    id: str
    address: str
    port: int

    @property
    def status(self) -> str:
        """``running`` or ``exited``."""

    def wait_until_healthy(self) -> None:
        """Return once the health path answers 200; raises ``ContainerError``."""

    def stop(self, timeout: float = 10) -> None:
        """End it without failing a request."""

    def kill(self) -> None:
        """Kill it at once."""

    def remove(self, **_: object) -> None:
        """Remove it and everything it left."""

    def request(self) -> contextlib.AbstractContextManager[tuple[str, int]]:
        """A request to it: yields its real address; ``stop`` waits for the answer."""


class Engine(ABC):
    """Takes the place of docker-py's client."""

    def __init__(self) -> None:
        self._by_id: dict[str, TaskContainer] = {}
        self._by_address: dict[str, TaskContainer] = {}
        self._closed = False
        self._creating = threading.Lock()
        # Called before a container stops, once the load balancer no longer chooses it: returns when every request for
        # which the container was chosen earlier has reached `request_to`.
        self.settle: Callable[[], None] = lambda: None
        self.containers = _Containers(self)
        self.images = _Images(self)

    @abstractmethod
    def create(
        self, image: str, name: str, environment: Mapping[str, str], settings: Mapping[str, Any]
    ) -> TaskContainer:
        """Start a container; it need not be healthy yet."""

    @abstractmethod
    def find_image(self, reference: str) -> object:
        """The image on this machine; raises when there is none."""

    @abstractmethod
    def pull(self, reference: str) -> object:
        """Bring the image to this machine; raises when that is impossible."""

    def settings_of(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Further arguments for docker-py that follow from a container definition as the ECS API has it.

        Empty for an engine that can honour none.
        """
        return {}

    def digest(self, reference: str) -> Any:
        """The registry's entry for that reference, with its digest as ``id``; raises when there is none."""
        raise LookupError(f"{reference} is not in any registry")

    def run(self, image: str, name: str, environment: Mapping[str, str], settings: Mapping[str, Any]) -> TaskContainer:
        """Start a container, and wait until it is healthy.

        Args:
            image: its reference.
            name: its name, and that of its log.
            environment: its variables.
            settings: further arguments of docker-py that ECS passes.

        Raises:
            ContainerError: it did not become healthy; it has been removed.
            scripts.stage.errors.ImageError: there is no such image.
        """
        with self._creating:  # so that none is created while all are being removed
            if self._closed:
                raise ContainerError("the laptop cloud is stopping")
            container = self.create(image, name, environment, settings)
            self._by_id[container.id] = self._by_address[container.address] = container
        try:
            container.wait_until_healthy()
        except BaseException:
            container.remove()
            raise
        return container

    def get(self, key: str) -> TaskContainer:
        """The container with this id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[key]

    def all(self) -> list[TaskContainer]:
        """Every container that has not been removed."""
        return list(self._by_id.values())

    @contextlib.contextmanager
    def request_to(self, address: str, port: int) -> Iterator[tuple[str, int]]:
        """The real host and port behind a target of the load balancer, for the duration of a request."""
        container = self._by_address.get(address)
        if container is None:
            yield address, port
            return
        with container.request() as real:
            yield real

    def close(self) -> None:
        """End every container at once."""
        with self._creating:
            self._closed = True
        for container in self.all():
            container.remove()

    def forget(self, container: TaskContainer) -> None:
        """Forget a removed container; another one may already have its address."""
        self._by_id.pop(container.id, None)
        if self._by_address.get(container.address) is container:
            del self._by_address[container.address]


class _Containers:
    """``client.containers`` of docker-py."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, image: str, *, name: str, environment: Mapping[str, str], **settings: Any) -> TaskContainer:
        return self._engine.run(image, name, environment, settings)

    def get(self, key: str) -> TaskContainer:
        return self._engine.get(key)

    def list(self, **_: object) -> list[TaskContainer]:
        return self._engine.all()


class _Images:
    """``client.images`` of docker-py."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, reference: str) -> object:
        return self._engine.find_image(reference)

    def get_registry_data(self, reference: str, **_: object) -> Any:
        return self._engine.digest(reference)

    def pull(self, reference: str, **_: object) -> object:
        return self._engine.pull(reference)
