"""Health checks of target groups: a running task that does not answer is ended, so that ECS replaces it.

The emulator reports every target as healthy. On AWS the load balancer checks each target and ECS replaces those that
fail; here one thread checks, with path, interval, timeout and threshold of the service stack's target group.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections import Counter
from typing import Any

from ministack.services import alb

from scripts.local.engine import Engine, TaskContainer

STEP = 0.25  # seconds between checks of which targets are due

log = logging.getLogger(__name__)


class Checks:
    """The health checks of all target groups.

    Args:
        engine: runs the tasks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due: dict[str, float] = {}  # container id -> time of its next check
        self._failed: Counter[str] = Counter()
        self._asking: set[str] = set()

    def register(self) -> None:
        """Start checking."""
        threading.Thread(target=self._check_forever, name="health", daemon=True).start()

    def _check_forever(self) -> None:
        while True:
            time.sleep(STEP)
            containers = {each.address: each for each in self._engine.all()}
            for arn, group in list(alb._tgs.items()):
                for target in list(alb._targets.get(arn, [])):
                    container = containers.get(str(target["Id"]))
                    if container is not None:
                        self._ask_when_due(container, group)

    def _ask_when_due(self, container: TaskContainer, group: dict[str, Any]) -> None:
        now = time.monotonic()
        interval = float(group.get("HealthCheckIntervalSeconds") or 30)
        due = self._due.setdefault(container.id, now + interval)
        if now < due or container.id in self._asking:
            return
        self._due[container.id] = now + interval
        self._asking.add(container.id)
        threading.Thread(target=self._ask, args=(container, group), daemon=True).start()

    def _ask(self, container: TaskContainer, group: dict[str, Any]) -> None:
        try:
            if _answers(container.port, group):
                self._failed[container.id] = 0
                return
            self._failed[container.id] += 1
            if self._failed[container.id] >= int(group.get("UnhealthyThresholdCount") or 2):
                log.warning("the task at %s failed its health checks and is ended", container.address)
                container.kill()  # a frozen process ignores anything milder
        finally:
            self._asking.discard(container.id)


def _answers(port: int, group: dict[str, Any]) -> bool:
    timeout = float(group.get("HealthCheckTimeoutSeconds") or 5)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", group.get("HealthCheckPath") or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
