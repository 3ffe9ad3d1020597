"""The watch of the operations stack: a Lambda that checks the age of machine image and certificates once a day.

AWS has no metric for either: an image's age is only in its description, and the certificates are AWS's. Nor can an
alarm compare a day with the month before it, which shows whether people write about other things than they did.
"""

from __future__ import annotations

from awacs import cloudwatch as cloudwatch_actions
from awacs import ec2, sns
from troposphere import GetAtt, Ref, Template, awslambda, cloudwatch, events

from generator import alarms, lambdas
from generator.building import allow, purpose
from generator.catalogue import (
    LABELS,
    WATCH,
    WATCH_CERTIFICATE_METRIC,
    WATCH_DRIFT_METRIC,
    WATCH_IMAGE_METRIC,
    WATCH_NAMESPACE,
)
from generator.parameters import parameter

NAMESPACE, IMAGE_AGE, CERTIFICATE_LEFT = WATCH_NAMESPACE, WATCH_IMAGE_METRIC, WATCH_CERTIFICATE_METRIC
DRIFT = WATCH_DRIFT_METRIC


def add(template: Template) -> list[cloudwatch.Alarm]:
    """Add the function, its schedule, and the alarm for its failure.

    Args:
        template: template of the operations stack.
    """
    function = the_function(template)
    clock(template, function)
    broke = alarms.metric("AWS/Lambda", "Errors", "Sum", alarms.DAY, FunctionName=Ref(function))
    text = "The daily check of image and certificate age, drift and VPC link did not complete"
    return [alarms.add(template, "WatchFails", text, broke, above=1)]


def the_function(template: Template) -> awslambda.Function:
    """The function. CloudWatch extracts the metrics from its log, so it needs no call for that."""
    topic = Ref(parameter(template, "AlarmTopicArn"))
    calls = [
        allow([cloudwatch_actions.GetMetricData, ec2.DescribeImages], "*"),  # AWS offers no narrower form
        allow([sns.Publish], topic),
    ]
    values = {
        "STAGE": Ref("Stage"),
        "IMAGE_ID": Ref(parameter(template, "ImageId")),
        "SITE_URL": Ref(parameter(template, "SiteUrl")),
        "API_URL": Ref(parameter(template, "ApiUrl")),
        "LABELS": ",".join(LABELS),
    }
    return lambdas.add(template, WATCH, calls, values, failures=topic)


def clock(template: Template, function: awslambda.Function) -> None:
    """Once a day."""
    rule = template.add_resource(
        events.Rule(
            "WatchClock",
            Metadata=purpose("Calls the watch once a day"),
            ScheduleExpression="rate(1 day)",
            Targets=[events.Target(Id="watch", Arn=GetAtt(function, "Arn"))],
        )
    )
    template.add_resource(
        awslambda.Permission(
            "WatchPermission",
            Metadata=purpose("Allows only the schedule to call the watch"),
            Action="lambda:InvokeFunction",
            FunctionName=Ref(function),
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(rule, "Arn"),
        )
    )
