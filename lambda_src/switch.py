"""The switch: closes the API before a stranger's traffic becomes a bill, and says so by mail.

A topic calls it, to which two senders publish: the budget, once the month's is used up, and the alarm on what the API's
traffic costs a day, since AWS knows a bill only hours later. A closed API answers 429 to everybody, which API Gateway
does not bill (docs/costs.md says what their lines in the access log cost). Only an operator opens it again (``sentiment
wake``): what the switch notes in an SSM parameter tells every deployment until then to leave the API closed.
"""

from __future__ import annotations

import json
from typing import Any

from aws import client
from settings import Switch

STAGE_NAME = "$default"  # of the API; it has no other
VALUE = 1_000  # characters of the reason that are noted, of 4,096 bytes that a parameter may have
CLOSED = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Close the API and tell the subscribers of the alarm topic.

    Args:
        event: notifications of the topic.
        context: Lambda's own.

    Returns:
        Why it was closed.

    Raises:
        Exception: it could not be closed, or that could not be noted or told; SNS tries again, and then an alarm fires.
    """
    settings = Switch.load()
    why = "; ".join(reason(record["Sns"]) for record in event["Records"])
    try:  # first: a deployment that ends in between reads it, and leaves the API closed
        client("ssm").put_parameter(Name=settings.closed_parameter, Value=why[:VALUE], Type="String", Overwrite=True)
    finally:  # whatever becomes of the note
        client("apigatewayv2").update_stage(ApiId=settings.api_id, StageName=STAGE_NAME, DefaultRouteSettings=CLOSED)
        client("sns").publish(
            TopicArn=settings.alarm_topic_arn,
            Subject=f"sentiment {settings.stage}: the API is closed",
            Message=f"The API of stage {settings.stage} is closed: every request is answered 429.\n"
            f"Why: {why}\n"
            f"Once the cause is gone, open it again: sentiment wake --stage {settings.stage}",
        )
    return {"closed": settings.api_id, "why": why}


def reason(notification: dict[str, Any]) -> str:
    """Why the API is to be closed, in one line.

    Args:
        notification: from SNS: an alarm's message is JSON, a budget's is text under a subject.
    """
    try:
        alarm = json.loads(notification["Message"])
        return f"{alarm['AlarmDescription']} ({alarm['NewStateReason']})"
    except (ValueError, KeyError, TypeError):
        told = notification.get("Subject") or notification["Message"].strip().partition("\n")[0]
        return str(told or "it was not said")  # a parameter cannot be empty
