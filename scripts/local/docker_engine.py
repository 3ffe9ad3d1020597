"""Runs containers on a real Docker engine, with all limits and privileges of their task definition.

The emulator's ECS passes on only some of them: ``settings_of`` adds the rest, and ports are published on loopback
only. Pulling, building and pushing are left to Docker itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import Healthcheck, Ulimit

from generator import catalogue
from scripts.local import serving
from scripts.local.engine import Engine
from scripts.local.images import REPOSITORY
from scripts.local.serving import HOST, Traffic

# Label of our containers; its value is the state folder of the laptop cloud that started them.
OWNER = f"{catalogue.PROJECT}.laptop-cloud"
PORT = f"{catalogue.CONTAINER_PORT}/tcp"
NANOSECONDS = 1_000_000_000
ENGINE_SECONDS = 120  # for any single call; pulling may take long
LAST_LINES = 100  # of the log, searched for the reason why a container did not start


def settings_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for docker-py that run a container as its definition says.

    Args:
        definition: a container definition as the ECS API has it.
    """
    linux = definition.get("linuxParameters") or {}
    memory = f"{int(definition['memory'])}m"
    return {
        "mem_limit": memory,
        "memswap_limit": memory,  # no swap in addition
        "cpu_shares": int(definition.get("cpu") or 0) or None,
        "user": definition.get("user"),
        "read_only": _true(definition.get("readonlyRootFilesystem")),
        "security_opt": list(definition.get("dockerSecurityOptions") or []),
        "cap_drop": list((linux.get("capabilities") or {}).get("drop") or []),
        "init": _true(linux.get("initProcessEnabled")),
        "tmpfs": {entry["containerPath"]: _tmpfs_options(entry) for entry in linux.get("tmpfs") or []},
        "ulimits": [
            Ulimit(name=entry["name"], soft=int(entry["softLimit"]), hard=int(entry["hardLimit"]))
            for entry in definition.get("ulimits") or []
        ],
        "healthcheck": _health_check(definition.get("healthCheck")),
    }


class DockerContainer:
    """One real container, with the attributes and methods of docker-py's that ECS uses."""

    def __init__(self, raw: Any, settle: Callable[[], None], removed: Callable[[DockerContainer], None]) -> None:
        self._raw = raw
        self._settle = settle
        self._removed = removed
        self._traffic = Traffic()
        self.id: str = raw.id
        self.reload()
        self.address: str = next(iter(self.attrs["NetworkSettings"]["Networks"].values()))["IPAddress"]
        self.port = int(self.attrs["NetworkSettings"]["Ports"][PORT][0]["HostPort"])

    @property
    def attrs(self) -> dict[str, Any]:
        """The output of ``docker inspect``."""
        attrs: dict[str, Any] = self._raw.attrs
        return attrs

    @property
    def status(self) -> str:
        """``running`` or ``exited``."""
        return "running" if self._raw.status in {"created", "running"} else "exited"

    def reload(self) -> None:
        """Refresh; a container that its own health check calls unhealthy is ended, as ECS does."""
        self._raw.reload()
        if self._raw.status == "running" and self._raw.health == "unhealthy":
            self.kill()
            self._raw.reload()

    def wait(self) -> dict[str, int]:
        """Wait for the end; the exit code."""
        return {"StatusCode": int(self._raw.wait()["StatusCode"])}

    def wait_until_healthy(self) -> None:
        """Return once the health path answers 200; raises ``ContainerError``."""

        def exit_code() -> int | None:
            self.reload()
            return self.wait()["StatusCode"] if self.status == "exited" else None

        serving.wait_until_healthy(self.port, exit_code, self._why)

    def stop(self, timeout: float = 10) -> None:
        """End the container without failing a request, as deregistration delay, SIGTERM and SIGKILL do on ECS."""
        self._settle()
        self._traffic.drain(timeout, lambda: self.status == "exited")
        self._raw.stop(timeout=int(timeout))

    def kill(self) -> None:
        """Kill it at once."""
        with contextlib.suppress(APIError):  # it may have ended by itself
            self._raw.kill()

    def remove(self, **_: object) -> None:
        """Remove the container and everything it left."""
        with contextlib.suppress(NotFound):
            self._raw.remove(v=True, force=True)
        self._removed(self)

    def logs(self, **arguments: Any) -> Any:
        """What the container wrote."""
        return self._raw.logs(**arguments)

    @contextlib.contextmanager
    def request(self) -> Iterator[tuple[str, int]]:
        """A request to the container: yields its published address; ``stop`` waits for the answer."""
        with self._traffic.request():
            yield HOST, self.port

    def _why(self) -> str:
        return serving.reason(self._raw.logs(tail=LAST_LINES).decode(errors="replace").strip().splitlines())


class DockerEngine(Engine):
    """Runs images of a registry, or of this machine.

    Args:
        host: address of the engine, such as ``unix:///var/run/docker.sock``.
        owner: the state folder; containers of an earlier run carry it as a label.
    """

    def __init__(self, host: str, owner: Path) -> None:
        super().__init__()
        self._client = docker.DockerClient(base_url=host, timeout=ENGINE_SECONDS)
        self._owner = f"{OWNER}={owner}"
        self._remove_ours()

    def settings_of(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """All of its settings."""
        return settings_of(definition)

    def find_image(self, reference: str) -> object:
        """The image on this machine; raises docker-py's ImageNotFound."""
        return self._client.images.get(reference)

    def pull(self, reference: str) -> object:
        """Pull the image, unless it was built on this machine only."""
        return self.find_image(reference) if _is_local(reference) else self._client.images.pull(reference)

    def digest(self, reference: str) -> Any:
        """The registry's entry for that reference."""
        return super().digest(reference) if _is_local(reference) else self._client.images.get_registry_data(reference)

    def create(
        self, image: str, name: str, environment: Mapping[str, str], settings: Mapping[str, Any]
    ) -> DockerContainer:
        """Start a container, its port published on loopback only."""
        key, _, owner = self._owner.partition("=")
        chosen = {name: value for name, value in settings.items() if name not in {"detach", "network", "extra_hosts"}}
        chosen["labels"] = {**settings.get("labels", {}), key: owner}
        chosen["ports"] = {PORT: (HOST, None)}
        raw = self._client.containers.create(image, name=name, environment=dict(environment), **chosen)
        try:
            raw.start()
            return DockerContainer(raw, self.settle, self.forget)
        except BaseException:
            raw.remove(v=True, force=True)
            raise

    def close(self) -> None:
        """End every container at once, including those that ECS no longer knows."""
        super().close()
        self._remove_ours()

    def _remove_ours(self) -> None:
        for raw in self._client.containers.list(all=True, filters={"label": self._owner}):
            with contextlib.suppress(NotFound):
                raw.remove(v=True, force=True)


def _is_local(reference: str) -> bool:
    return reference.startswith(f"{REPOSITORY}:")


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _tmpfs_options(entry: Mapping[str, Any]) -> str:
    return ",".join([f"size={entry['size']}m", *(entry.get("mountOptions") or [])])


def _health_check(check: Mapping[str, Any] | None) -> Healthcheck | None:
    if not check:
        return None
    return Healthcheck(
        test=check["command"],
        interval=int(check.get("interval", 30)) * NANOSECONDS,
        timeout=int(check.get("timeout", 5)) * NANOSECONDS,
        retries=int(check.get("retries", 3)),
        start_period=int(check.get("startPeriod", 0)) * NANOSECONDS,
    )
