"""The API's throttle, which is also its switch: at zero the API is closed.

The Lambda ``switch`` sets it to zero when traffic costs more than the stage allows. A deployment leaves that alone:
CloudFormation changes a throttle only when the template's value changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.catalogue import API_STAGE
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import Work
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings


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
    # An alarm acts when its state changes. Still ALARM, it would not close the API again; so it is to find out anew.
    if "TrafficCostsName" in outputs:
        work.cloud.client("cloudwatch").set_alarm_state(
            AlarmName=outputs["TrafficCostsName"],
            StateValue="OK",
            StateReason="`sentiment wake` opened the API. The next evaluation closes it if it still costs too much.",
        )
    work.reporter.note("The API was closed, and is open again.")
