"""The API's throttle, which is also its switch: at zero the API is closed.

The Lambda ``switch`` sets it to zero when traffic costs more than the stage allows. A deployment leaves that alone
unless it changes the API's stack: CloudFormation may then set the template's values again.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from generator.catalogue import API_STAGE
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import Work
from scripts.stage.errors import code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

PARAMETER = "ThrottleRate"  # of the API's stack


def is_closed(cloud: Cloud, outputs: Mapping[str, str]) -> bool:
    """Whether the API answers 429 to everybody.

    Args:
        cloud: the stage.
        outputs: outputs of its stacks.
    """
    stage = cloud.client("apigatewayv2").get_stage(ApiId=outputs["ApiId"], StageName=API_STAGE)
    limits = stage.get("DefaultRouteSettings", {})
    return limits.get("ThrottlingRateLimit") == 0 and limits.get("ThrottlingBurstLimit") == 0


def open_again(work: Work, settings: Settings) -> None:
    """Set the stage's own limits if the API is closed, and have the alarm on its traffic watch again.

    Args:
        work: where and how.
        settings: the stage's settings.
    """
    outputs = collect_outputs(work.cloud)
    if "ApiId" not in outputs or not is_closed(work.cloud, outputs):
        return
    values = settings.parameters
    limits = {
        "ThrottlingRateLimit": float(values["ThrottleRate"]),
        "ThrottlingBurstLimit": int(values["ThrottleBurst"]),
    }
    work.cloud.client("apigatewayv2").update_stage(
        ApiId=outputs["ApiId"], StageName=API_STAGE, DefaultRouteSettings=limits
    )
    watch_again(work, outputs, "`sentiment wake` opened the API.")
    work.reporter.note("The API was closed, and is open again.")


def watch_again(work: Work, outputs: Mapping[str, str], why: str) -> None:
    """Have the alarm on traffic find out anew: it acts when its state changes, so still ALARM it would not close again.

    Args:
        work: where, and whom to tell that there is no such alarm.
        outputs: outputs of the stage's stacks.
        why: what happened, for the alarm's history.
    """
    if "TrafficCostsName" not in outputs:
        return
    name = outputs["TrafficCostsName"]
    reason = f"{why} The next evaluation closes it if it still costs too much."
    try:
        work.cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason=reason)
    except ClientError as error:
        if code_of(error) not in {"ResourceNotFound", "ResourceNotFoundException"}:
            raise
        work.reporter.warn(f"The alarm {name} does not exist, so nothing closes an API that costs too much.")
