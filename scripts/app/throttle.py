"""The API's throttle, which is also its switch: at zero the API is closed.

When traffic costs more than the stage allows, the Lambda ``switch`` notes that in an SSM parameter and closes it. Only
``sentiment wake`` opens it again. CloudFormation would: an update sets what the template says, and a failed update
what it said before. So a deployment gives the stack that has the throttle zeros for as long as the API is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation import apply, stacks
from scripts.cloudformation.apply import Outcome
from scripts.cloudformation.plan import Parameters, Plan, Step
from scripts.cloudformation.stacks import StackState, collect_outputs
from scripts.cloudformation.work import Work
from scripts.stage.errors import StackFailedError, code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

RATE, BURST = "ThrottleRate", "ThrottleBurst"  # Parameters of the stack that has the throttle
CLOSED = {RATE: "0", BURST: "0"}


@dataclass(frozen=True)
class Limits:
    """What the API lets through: requests a second on average, and at once."""

    rate: float
    burst: int

    @property
    def closed(self) -> bool:
        """Whether they let nothing through, at the latest once the first few requests are through."""
        return not self.rate or not self.burst


def own(settings: Settings) -> Limits:
    """The limits that a stage's settings ask for."""
    return Limits(float(settings.parameters[RATE]), int(settings.parameters[BURST]))


def limits(cloud: Cloud, outputs: Mapping[str, str]) -> Limits:
    """The limits that are in force.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
    """
    found = cloud.client("apigatewayv2").get_stage(ApiId=outputs["ApiId"], StageName=catalogue.API_STAGE)
    now = found.get("DefaultRouteSettings", {})
    return Limits(float(now.get("ThrottlingRateLimit", "inf")), int(now.get("ThrottlingBurstLimit", 1)))


def is_closed(cloud: Cloud, outputs: Mapping[str, str]) -> bool:
    """Whether the API answers 429 to everybody.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
    """
    return "ApiId" in outputs and limits(cloud, outputs).closed


def reason(cloud: Cloud) -> str:
    """Why the switch has closed the API; "" if it has not."""
    try:
        return str(cloud.client("ssm").get_parameter(Name=note(cloud.stage))["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return ""


def note(stage: str) -> str:
    """Name of the parameter in which the switch notes why it has closed the API."""
    return f"/{catalogue.PROJECT}/{stage}/{catalogue.CLOSED_PARAMETER}"


def forget(cloud: Cloud) -> None:
    """Remove the switch's note, when the API is open or gone."""
    cloud.client("ssm").delete_parameters(Names=[note(cloud.stage)])


def while_closed(plan: Plan) -> Plan:
    """A plan that leaves the zeros to a stack that was told that the API is closed, so that it shows what happens.

    Args:
        plan: the stage's plan.
    """

    def kept(step: Step) -> Step:
        state = plan.found.get(step.name)
        told = state is not None and RATE in step.fixed and CLOSED.items() <= state.parameters.items()
        return replace(step, fixed={**step.fixed, **CLOSED}) if told else step

    return replace(plan, steps=tuple(kept(step) for step in plan.steps))


def bring_up(work: Work, step: Step, parameters: Parameters, bucket: str | None, found: StackState | None) -> Outcome:
    """Bring the stack that has the throttle to what its template says, and leave a closed API closed.

    Arguments, result and errors are those of ``apply.bring_up``.
    """
    if found is None or "ApiId" not in found.outputs:
        return apply.bring_up(work, step, parameters, bucket, found)
    why = reason(work.cloud)
    closed = bool(why) or is_closed(work.cloud, found.outputs)
    if closed:
        work.reporter.warn(f"The API is closed{f' ({why})' if why else ''}, and stays so until `sentiment wake`.")
        parameters = {**parameters, **CLOSED}
        if apply.is_so_already(work.cloud, step, parameters, found):
            return Outcome(found.outputs, changed=False)
        _close(work, step, bucket, found)
    try:
        return apply.bring_up(work, step, parameters, bucket, found)
    finally:
        if not closed and reason(work.cloud):  # closed since; and what was deployed or restored has opened it
            now = stacks.describe(work.cloud, step.name)
            if now is not None:
                _close(work, step, bucket, now)


def open_again(work: Work, settings: Settings) -> None:
    """Set the stage's own limits if the API is closed, and have the alarm on its traffic watch again.

    Args:
        work: where and how.
        settings: the stage's settings.
    """
    cloud, outputs = work.cloud, collect_outputs(work.cloud)
    if "ApiId" not in outputs:
        return
    if is_closed(cloud, outputs):
        wanted = own(settings)
        cloud.client("apigatewayv2").update_stage(
            ApiId=outputs["ApiId"],
            StageName=catalogue.API_STAGE,
            DefaultRouteSettings={"ThrottlingRateLimit": wanted.rate, "ThrottlingBurstLimit": wanted.burst},
        )
    forget(cloud)
    if "TrafficCostsName" in outputs:
        _watch_again(cloud, outputs["TrafficCostsName"])


def _close(work: Work, step: Step, bucket: str | None, state: StackState) -> None:
    """Have the stack say that the API is closed, with the template that it has, so that going back to it closes too."""
    if CLOSED.items() <= state.parameters.items():
        return
    closing = apply.other_parameters(work.cloud, step.stack, state, CLOSED, step.role)
    try:
        apply.bring_up(work, closing, closing.fixed, bucket, state)
    except StackFailedError as error:  # a template from before zeros were allowed
        work.reporter.warn(f"{step.name} cannot be told that the API is closed: {error.message}")


def _watch_again(cloud: Cloud, alarm: str) -> None:
    """Have an alarm find out anew: it acts when its state changes, and in ALARM would not close the API again."""
    client = cloud.client("cloudwatch")
    found = client.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    if found and found[0]["StateValue"] == "ALARM":
        client.set_alarm_state(
            AlarmName=alarm,
            StateValue="OK",
            StateReason="`sentiment wake` opened the API. The next evaluation closes it if it still costs too much.",
        )
