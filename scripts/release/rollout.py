"""The rolling deployment that updating a stack with an ECS service triggers: follows it, explains its failure."""

from __future__ import annotations

from collections.abc import Mapping

from generator import catalogue
from scripts.app import service
from scripts.app.service import ServiceState
from scripts.cloudformation import stacks
from scripts.cloudformation.apply import Outcome
from scripts.cloudformation.plan import Parameters, Step
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.work import Work
from scripts.stage.errors import ServiceError, StackFailedError


class Rollout:
    """The service while its stack is being updated.

    Args:
        work: where and how.
        step: the stack.
        declared: its service.
        found: the stack as it was found; None when there was none.
        outputs: outputs of the stacks that it needs.
    """

    def __init__(
        self,
        work: Work,
        step: Step,
        declared: catalogue.Service,
        found: StackState | None,
        outputs: Mapping[str, str],
    ) -> None:
        self._work = work
        self._step = step
        self._declared = declared
        self._cluster = outputs[declared.cluster]
        self._before = self._look(found)

    def finish(self, outcome: Outcome, parameters: Parameters) -> str:
        """Wait until the service is as its stack says.

        Args:
            outcome: the result of updating the stack.
            parameters: those that the stack was given.

        Returns:
            What runs, in words.

        Raises:
            ServiceError: the circuit breaker ended the deployment, or it does not finish in time.
            InterruptedDeployError: Ctrl-C, twice.
        """
        cloud, name = self._work.cloud, outcome.outputs[self._declared.name]
        state = self._before
        if outcome.changed or state is None:
            state = service.describe(cloud, self._cluster, name)
        tasks = int(parameters.get(self._declared.min_tasks) or 0)
        lifted = service.at_least(cloud, self._cluster, name, state, tasks)
        wanted = outcome.outputs.get(self._declared.task_definition, "")  # "": a template from before it had that
        words = service.restore_revision(cloud, self._cluster, name, state, wanted) if wanted else ""
        if words:
            self._work.reporter.warn(f"{self._step.stack}: {words}")
        if state.steady and not (outcome.changed or lifted or words):
            return state.progress
        return self._wait(name)

    def explain(self, error: StackFailedError) -> StackFailedError:
        """The stack's failure, with why its last task stopped, which CloudFormation does not report."""
        state = stacks.describe(self._work.cloud, self._step.name)
        name = state.outputs.get(self._declared.name) if state else None
        why = service.why_stopped(self._work.cloud, self._cluster, name) if name else ""
        if not why or why.partition(";")[0] in error.message:
            return error
        return StackFailedError(f"{error.message}\nIts last task stopped: {why}.", error.next_step)

    def _look(self, found: StackState | None) -> ServiceState | None:
        """The service before anything is changed; its failed deployments are not this one's."""
        if found is None or self._declared.name not in found.outputs:
            return None
        try:
            return service.describe(self._work.cloud, self._cluster, found.outputs[self._declared.name])
        except ServiceError:
            return None

    def _wait(self, name: str) -> str:
        work = self._work
        try:
            return service.wait_until_steady(
                work.cloud, self._cluster, name, work.reporter, work.interrupt, self._before
            ).progress
        except ServiceError:
            work.reporter.stack(self._step.stack, "failed", "the service did not become steady")
            raise
