"""What a deployment consists of, as data: the stacks, what each depends on, and the source of each parameter.

Nothing is deployed or printed here. The order follows from the templates alone: a stack comes after every stack that
has an Output of the same name as one of its Parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import Template
from scripts.stage.errors import TemplateError

# Values of parameters; None stands for the value that the stack has.
Parameters = Mapping[str, str | None]


@dataclass(frozen=True)
class Step:
    """One stack of the plan.

    Attributes:
        template: its template.
        name: its name in CloudFormation.
        from_outputs: Parameter name to the short name of the stack whose Output of that name it gets.
        fixed: Parameter name to a value known beforehand (computed, or a setting); None for the one that the stack has.
        role: ARN of the role that CloudFormation deploys it with; "" for the one that the stack has, or the caller's.
    """

    template: Template
    name: str
    from_outputs: dict[str, str]
    fixed: Parameters
    role: str = ""

    @property
    def stack(self) -> str:
        """Short name, such as ``network``."""
        return self.template.stack

    @cached_property
    def declared(self) -> catalogue.Stack:
        """What the catalogue declares of it beyond the template."""
        return catalogue.stack(self.stack)

    @property
    def needs(self) -> frozenset[str]:
        """Short names of the stacks that must be there first."""
        return frozenset(self.from_outputs.values())

    def parameters(self, outputs: Mapping[str, str]) -> dict[str, str | None]:
        """Values of the parameters; those left to their Default are not among them.

        Args:
            outputs: outputs of the stacks that this one needs.

        Raises:
            TemplateError: an output is missing although its template has it (a condition switched it off).
        """
        missing = [name for name in self.from_outputs if name not in outputs]
        if missing:
            raise TemplateError(
                f"{self.name} needs {', '.join(missing)}, which {self.from_outputs[missing[0]]} did not output.",
                f"Check the Outputs of templates/{self.from_outputs[missing[0]]}.yaml and their conditions.",
            )
        return {**self.fixed, **{name: outputs[name] for name in self.from_outputs}}


@dataclass(frozen=True)
class Plan:
    """Stacks of a stage, each after those it needs, and what existed when the plan was made.

    Attributes:
        stage: name of the stage.
        steps: the stacks.
        found: the account's stacks by name, described once for the whole plan.
    """

    stage: str
    steps: tuple[Step, ...]
    found: Mapping[str, StackState] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, str]:
        """Outputs of all stacks of the stage as they were found."""
        return stacks.outputs_of(self.stage, self.found.values())

    def only(self, wanted: Callable[[catalogue.Stack], bool]) -> Plan:
        """The part of the plan whose stacks are declared to be of a kind; the others stay as they were found."""
        return replace(self, steps=tuple(step for step in self.steps if wanted(step.declared)))

    def bucket(self, outputs: Mapping[str, str]) -> str | None:
        """Name of the bucket that takes Lambda code and large templates; None while there is none.

        Args:
            outputs: outputs of the stage's stacks so far.
        """
        names = [declared.artifacts for declared in catalogue.STACKS if declared.artifacts in outputs]
        return outputs[names[0]] if names else None

    def step(self, stack: str) -> Step:
        """The step of a stack by its short name.

        Raises:
            KeyError: there is no such stack.
        """
        return {step.stack: step for step in self.steps}[stack]

    def needed_by(self, stack: str) -> frozenset[str]:
        """Short names of the stacks that take outputs of this one."""
        return frozenset(step.stack for step in self.steps if stack in step.needs)


def make_plan(
    stage: str,
    templates: Iterable[Template],
    computed: Mapping[str, str],
    settings: Mapping[str, str],
    found: Mapping[str, StackState] | None = None,
) -> Plan:
    """Determine order and parameters.

    Args:
        stage: name of the stage.
        templates: all templates of the stage.
        computed: values that the orchestrator works out, by Parameter name.
        settings: the stage's settings, by Parameter name.
        found: the account's stacks by name, as they are now.

    Raises:
        TemplateError: a Parameter has no source, an Output comes from two stacks, or the stacks depend on each
            other in a cycle.
    """
    templates = list(templates)
    producers = _producers(templates)
    known = {**settings, **computed, "Stage": stage}
    role = deploy_role(stage, known, (found or {}).values())
    steps = {template.stack: _step(stage, template, producers, known, role) for template in templates}
    try:
        order = list(TopologicalSorter({stack: sorted(step.needs) for stack, step in steps.items()}).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise TemplateError(
            f"The stacks depend on each other in a cycle: {circle}.", "Break it: move the output or the parameter."
        ) from error
    return Plan(stage, tuple(steps[stack] for stack in order), found or {})


def deploy_role(stage: str, settings: Mapping[str, str], found: Iterable[StackState]) -> str:
    """The role that CloudFormation deploys with; "" without a boundary, as it makes no role of the app without one.

    Args:
        stage: name of the stage.
        settings: the stage's settings, by Parameter name.
        found: its stacks.
    """
    if not settings.get("PipelineRepository"):
        return ""
    return stacks.outputs_of(stage, found).get(catalogue.DEPLOY_ROLE, "")


def _producers(templates: list[Template]) -> dict[str, str]:
    producers: dict[str, str] = {}
    for template in templates:
        for output in template.outputs:
            if output in producers:
                raise TemplateError(
                    f"The output {output} is ambiguous: {producers[output]} and {template.stack} both have it.",
                    "Rename one of them: outputs are wired to parameters by name.",
                )
            producers[output] = template.stack
    return producers


def _step(stage: str, template: Template, producers: Mapping[str, str], known: Mapping[str, str], role: str) -> Step:
    from_outputs, fixed = {}, {}
    for parameter, default in template.parameters.items():
        if producers.get(parameter, template.stack) != template.stack:
            from_outputs[parameter] = producers[parameter]
        elif parameter in known:
            fixed[parameter] = known[parameter]
        elif default is None:
            raise TemplateError(
                f"The parameter {parameter} of {template.stack} has no source: no output, setting or default.",
                f"Add an output of that name to a stack, a setting to stages.toml, or a Default to {template.stack}.",
            )
    # Roles and boundary of the pipelines are changed by an administrator, with the administrator's own rights.
    apart = catalogue.stack(template.stack).apart
    return Step(template, catalogue.stack_name(stage, template.stack), from_outputs, fixed, "" if apart else role)
