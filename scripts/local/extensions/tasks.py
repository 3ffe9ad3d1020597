"""ECS: tasks run on the laptop's engine, the load balancer finds them, and a stack waits for its service.

An engine implements the calls that the emulator makes to Docker's Python client, so engines can be exchanged here.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

from ministack import app
from ministack.services import alb, ecs, ssm
from ministack.services.cloudformation import provisioners, stacks

from scripts.local.engine import Engine
from scripts.local.extensions.cloudformation import Made, Properties, lower_keys

SERVICE = "AWS::ECS::Service"
STEADY_WITHIN = 180.0  # seconds
STEP_WITHIN = 5.0  # seconds; no step of the event loop takes longer unless the loop is ending


def register(engine: Engine) -> None:
    """Give the emulator's ECS an engine.

    Args:
        engine: runs the containers.
    """
    ecs._docker = engine
    # The engine reports only healthy containers as running: no need to wait a second to see whether they stay up.
    ecs._ECS_DEPLOYMENT_STEADY_DELAY = 0.2
    _hand_over_secrets()
    _pass_all_settings_on(engine)
    _find_tasks(engine)
    _judge_first_deployments()
    _wait_for_services()


def _hand_over_secrets() -> None:
    """Pass a template's secrets to the task; a SecureString decrypted, not as SSM stores it."""
    normalize = provisioners._normalize_container_defs

    def normalize_with_secrets(definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known: list[dict[str, Any]] = normalize(definitions)
        return [{**each, "secrets": lower_keys(each.get("secrets", []))} for each in known]

    provisioners._normalize_container_defs = normalize_with_secrets
    ssm.resolve_parameter_value = partial(ssm.resolve_parameter_value, decrypt=True)


def _pass_all_settings_on(engine: Engine) -> None:
    """Pass all of a container's definition to the engine; the emulator leaves most of it out."""
    build = ecs._build_run_kwargs

    def build_all(definition: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**build(definition, *args, **kwargs), **engine.settings_of(lower_keys(definition))}

    ecs._build_run_kwargs = build_all


def _find_tasks(engine: Engine) -> None:
    """Let the load balancer reach a task at its real address, and tell the engine for how long."""
    proxy = alb._proxy_http_target

    async def proxy_to_task(target: dict[str, Any], group: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        port = int(target.get("Port") or group.get("Port") or 80)
        with engine.request_to(str(target["Id"]), port) as (host, real_port):
            return await proxy({**target, "Id": host, "Port": real_port}, group, *args, **kwargs)

    def let_the_loop_turn() -> None:
        # The load balancer chooses a target and reaches `proxy_to_task` in one step of the event loop.
        loop, turned = app._MAIN_LOOP, threading.Event()
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(turned.set)
            turned.wait(STEP_WITHIN)

    alb._proxy_http_target = proxy_to_task
    engine.settle = let_the_loop_turn


def _judge_first_deployments() -> None:
    """Keep a service's first deployment in progress until its tasks run, under the circuit breaker, like any other."""
    make = ecs._make_deployment

    def make_in_progress(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**make(*args, **kwargs), "rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}

    ecs._make_deployment = make_in_progress


def _wait_for_services() -> None:
    """Let a stack complete, or fail, with its service's deployment, as CloudFormation does.

    Waits in its own thread: in the event loop's, all other requests would have to wait.
    """
    waits = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == SERVICE or waits(resource_type)
    handler = provisioners._RESOURCE_HANDLERS[SERVICE]
    create, update = handler["create"], handler["update"]

    def create_and_wait(logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = create(logical_id, properties, stack)
        _wait_until_steady(made[0])
        return made

    def update_and_wait(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        made: Made = update(physical_id, old, new, stack)
        _wait_until_steady(made[0])
        return made

    provisioners._RESOURCE_HANDLERS[SERVICE] = {**handler, "create": create_and_wait, "update": update_and_wait}


def _wait_until_steady(arn: str) -> None:
    """Wait until the service's deployment has completed.

    Args:
        arn: of the service; ends in ``cluster/name``.

    Raises:
        ValueError: it failed or took too long; the message says why its last task stopped.
    """
    key = arn.partition(":service/")[2]
    service = ecs._services[key]
    started = ecs._primary_deployment(service)["id"]
    deadline = time.monotonic() + STEADY_WITHIN
    while time.monotonic() < deadline:
        if service["status"] != "ACTIVE":
            return  # deleted in the meantime
        deployment = next((each for each in service["deployments"] if each["id"] == started), None)
        if deployment is None or deployment["rolloutState"] == "FAILED":
            raise ValueError(f"the service did not become steady: {_why_tasks_stopped(service, started)}")
        if deployment["rolloutState"] == "COMPLETED":
            return
        time.sleep(0.02)
    raise ValueError(f"the service is not steady after {STEADY_WITHIN:.0f} s: {_why_tasks_stopped(service, started)}")


def _why_tasks_stopped(service: dict[str, Any], deployment: str) -> str:
    stopped = [
        task
        for task in list(ecs._tasks.values())
        if task.get("_deployment_id") == deployment and task.get("stoppedReason")
    ]
    return max(stopped, key=lambda task: task["stoppedAt"])["stoppedReason"] if stopped else "no task says why"
