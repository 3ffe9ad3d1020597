"""How many tasks and instances run, and whether the API is open.

The bounds are stack parameters, so nothing drifts from the templates.
"""

from __future__ import annotations

from generator.catalogue import CANARY
from scripts.app import service, throttle
from scripts.app.service import ServiceState
from scripts.cloudformation import apply, stacks
from scripts.cloudformation.plan import deploy_role
from scripts.cloudformation.work import Work
from scripts.stage.errors import DeployError
from scripts.stage.settings import Settings


def scale(work: Work, settings: Settings, tasks: int) -> ServiceState:
    """Run at least that many tasks, from now until the next deploy sets the stage's own bounds again.

    Args:
        work: where and how.
        settings: the stage's settings, for the upper bound.
        tasks: how many.

    Returns:
        The service, once they run.

    Raises:
        DeployError: the stage does not allow that many.
    """
    most = int(settings.parameters["MaxTasks"])
    if tasks > most:
        raise DeployError(
            f"The stage {work.cloud.stage} runs at most {most} tasks (max_tasks), not {tasks}. Nothing was changed.",
            f"Ask for fewer, or raise max_tasks in stages.toml and run `sentiment deploy --stage {work.cloud.stage}`.",
        )
    return _set_tasks(work, settings, tasks, {"MinTasks": str(tasks), "MaxTasks": str(most)})


def sleep(work: Work, settings: Settings) -> ServiceState:
    """Stop all tasks and terminate the instances: only the load balancer then still costs by the hour."""
    state = _set_tasks(work, settings, 0, {"MinTasks": "0", "MaxTasks": "0"})
    set_parameters(work, settings, "cluster", {"MinInstances": "0"})
    return state


def wake(work: Work, settings: Settings) -> ServiceState:
    """Go back to the stage's own bounds, and open the API if the switch has closed it."""
    bounds = settings.parameters
    closed = throttle.is_closed(work.cloud, stacks.collect_outputs(work.cloud))
    # A deployment to a stage whose API is closed has given the stack zeros too.
    set_parameters(work, settings, "api", {name: bounds[name] for name in throttle.CLOSED})
    throttle.open_again(work, settings)
    if closed:
        work.reporter.note("The API was closed, and is open again.")
    set_parameters(work, settings, "cluster", {"MinInstances": bounds["MinInstances"]})
    fewest = max(1, int(bounds["MinTasks"]))
    return _set_tasks(work, settings, fewest, {"MinTasks": bounds["MinTasks"], "MaxTasks": bounds["MaxTasks"]})


def set_parameters(work: Work, settings: Settings, stack: str, changed: dict[str, str]) -> None:
    """Change parameters of a stack and nothing else: its template stays the one it was deployed with.

    Args:
        work: where and how.
        settings: the stage's settings, for the role that CloudFormation deploys with.
        stack: short name of the stack.
        changed: values by parameter.

    Raises:
        DeployError: the deployed stack has no such parameter, or the change failed.
    """
    states = stacks.of_stage(work.cloud)
    found = [state for state in states if changed.keys() <= state.parameters.keys()]
    if not found:
        raise DeployError(
            f"The stack {stack} of stage {work.cloud.stage} has no parameter {', '.join(changed)}.",
            f"Deploy it again: `sentiment deploy --stage {work.cloud.stage}`.",
        )
    state = found[0]
    if state.kind == stacks.GOOD and changed.items() <= state.parameters.items():
        work.reporter.stack(stack, "unchanged")
        return
    work.reporter.stack(stack, "working")
    role = deploy_role(work.cloud.stage, settings.parameters, states)
    step = apply.other_parameters(work.cloud, stack, state, changed, role)
    outcome = apply.bring_up(work, step, step.fixed, None, state)
    work.reporter.stack(stack, "done" if outcome.changed else "unchanged")


def _set_tasks(work: Work, settings: Settings, tasks: int, bounds: dict[str, str]) -> ServiceState:
    found = stacks.of_stage(work.cloud)
    outputs = stacks.outputs_of(work.cloud.stage, found)
    if "ServiceName" not in outputs:
        raise DeployError(
            f"No service of stage {work.cloud.stage} is deployed here.",
            f"`sentiment deploy --stage {work.cloud.stage}` deploys everything.",
        )
    where = outputs["ClusterName"], outputs["ServiceName"]
    before = service.describe(work.cloud, *where)
    if CANARY.name in outputs:  # one that a killed command has left; its task would run on, and keep an instance
        service.end(work.cloud, where[0], outputs[CANARY.name], work.interrupt)
    if any(CANARY.image in state.parameters for state in found):
        bounds = {**bounds, CANARY.image: ""}
    set_parameters(work, settings, "service", bounds)
    work.cloud.client("ecs").update_service(cluster=where[0], service=where[1], desiredCount=tasks)
    state = service.wait_until_steady(work.cloud, *where, work.reporter, work.interrupt, before)
    work.reporter.stack("service", "done", state.progress)
    return state
