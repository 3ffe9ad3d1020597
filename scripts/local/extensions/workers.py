"""Lambda's execution environments end with their function, or with the code and settings that they were started for.

The emulator has a pool of processes for each function. It leaves those of a function that CloudFormation deletes, and
ends those of a function that changes in the middle of an invocation. On AWS an invocation that has begun is finished by
the code that began it; so it is here, and then its process ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Properties

FUNCTION = "AWS::Lambda::Function"


def register() -> None:
    """Put it into the emulator."""
    _finish_what_has_begun()
    _end_with_the_function()


def _finish_what_has_begun() -> None:
    kill, release, invoke = lambda_runtime.kill_workers, lambda_runtime.release_worker, lambda_runtime.Worker.invoke

    def kill_idle(workers: Iterable[Any]) -> None:
        with lambda_runtime._lock:
            idle = [worker for worker in workers if worker is not None and not worker.in_use]
        kill(idle)

    def release_or_kill(worker: Any) -> None:
        release(worker)
        if worker is not None and not _is_pooled(worker):  # it was to end while it was in use
            kill([worker])

    def invoke_or_kill(worker: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return invoke(worker, *arguments, **options)
        except BaseException:
            kill([worker])  # the emulator takes it out of its pool, and does not release it
            raise

    lambda_runtime.kill_workers = kill_idle
    lambda_runtime.release_worker = lambda_svc.release_worker = release_or_kill
    lambda_runtime.Worker.invoke = invoke_or_kill


def _is_pooled(worker: Any) -> bool:
    with lambda_runtime._lock:
        return any(worker in pool for pool in lambda_runtime._workers.values())


def _end_with_the_function() -> None:
    handler = provisioners._RESOURCE_HANDLERS[FUNCTION]

    def delete(physical_id: str, properties: Properties) -> None:
        handler["delete"](physical_id, properties)
        lambda_runtime.invalidate_worker(physical_id, account=get_account_id(), region=get_region())

    provisioners._RESOURCE_HANDLERS[FUNCTION] = {**handler, "delete": delete}
