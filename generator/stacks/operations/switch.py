"""The switch of the operations stack: what closes the API before a stranger's traffic becomes a bill.

Budgets know what was spent only hours later, so an alarm estimates what the API's traffic costs from metrics that AWS
publishes at no charge within minutes, weighted with prices. Either one calls a Lambda through a topic.
"""

from __future__ import annotations

from typing import Any

from awacs import apigateway, ssm
from awacs import sns as sns_actions
from troposphere import AWS_NO_VALUE, Equals, GetAtt, If, Ref, Sub, Template, awslambda, cloudwatch, sns

from generator import alarms, keys, lambdas, topics
from generator.building import add_output, allow, name_tag, purpose
from generator.catalogue import CLOSED_PARAMETER, PROJECT, SWITCH
from generator.parameters import parameter

CLOSES = "ClosesApi"

# What traffic costs at most, in USD, rounded up over the regions of scripts/prices.toml. A contract test compares these
# with the costliest requests that the API takes (scripts/costs/worst.py).
CALL_USD = 27e-6  # a request: the gateway's price, a judgement of 2,000 characters stored for a month, log lines
GB_USD = 0.13  # requests and replies: data transfer out, the load balancer's and the gateway's share
READ_USD = 0.16e-6  # a read unit of the table of judgements: exports read all of it
LAMBDA_SECOND_USD = 3.4e-6  # of the functions that write exports, at 256 MiB

GB = 1024**3


def add(template: Template) -> list[cloudwatch.Alarm]:
    """Add the topic, the function that it calls, and the alarm on what traffic costs, whose name is an output.

    Args:
        template: template of the operations stack.
    """
    template.add_condition(CLOSES, Equals(Ref(parameter(template, "CloseApi")), "true"))
    topic = the_topic(template)
    text = "Allows alarms and budgets of this account to call the switch, and only with TLS"
    topics.publishing(template, "SwitchTopicPolicy", topic, text)
    function = the_function(template)
    called_by(template, function, topic)
    broke = alarms.metric("AWS/Lambda", "Errors", "Sum", alarms.DAY, FunctionName=Ref(function))
    text = "The switch could not close the API: do it by hand, and read the function's log"
    traffic_costs = costly(template, topic)
    add_output(template, "TrafficCostsName", Ref(traffic_costs), "Alarm on what the API's traffic costs")
    return [traffic_costs, alarms.add(template, "SwitchFails", text, broke, above=1)]


def subscriber(template: Template) -> If:
    """The topic to tell that the month's budget is used up: the switch's if the stage closes its API, or else alarms.

    Args:
        template: template of the operations stack, with the switch.
    """
    return If(CLOSES, Ref("SwitchTopic"), Ref(parameter(template, "AlarmTopicArn")))


def costly(template: Template, topic: sns.Topic) -> cloudwatch.Alarm:
    """The alarm on what the API's traffic has cost within 24 hours, evaluated every minute."""
    text = "The API's traffic of the last 24 hours cost more than the stage allows (traffic_cents)"
    closes = If(CLOSES, Ref(topic), Ref(AWS_NO_VALUE))
    limit = Ref(parameter(template, "TrafficCents"))
    return alarms.add(template, "TrafficCosts", text, traffic(template), above=limit, also=[closes])


def traffic(template: Template) -> dict[str, Any]:
    """What the alarm watches: the price of a day's traffic in US cents."""
    api = {"ApiId": Ref(parameter(template, "ApiId"))}
    exports = {
        name: {"FunctionName": Ref(parameter(template, f"{name.capitalize()}FunctionName"))}
        for name in ("export", "writer")
    }
    parts = {
        "calls": ("AWS/ApiGateway", "Count", api, 100 * CALL_USD),
        "bytes": ("AWS/ApiGateway", "DataProcessed", api, 100 * GB_USD / GB),
        "reads": (
            "AWS/DynamoDB",
            "ConsumedReadCapacityUnits",
            {"TableName": Ref(parameter(template, "JudgementsTableName"))},
            100 * READ_USD,
        ),
        # Lambda measures milliseconds.
        **{name: ("AWS/Lambda", "Duration", of, 100 * LAMBDA_SECOND_USD / 1000) for name, of in exports.items()},
    }
    return alarms.weighted(parts, alarms.DAY)


def the_topic(template: Template) -> sns.Topic:
    """Receives what closes the API; apart from the alarms, of which most must not."""
    return template.add_resource(
        sns.Topic(
            "SwitchTopic",
            Metadata=purpose("Receives the news that the API costs too much, and calls the switch"),
            KmsMasterKeyId=keys.encryption(template),
            Tags=name_tag("switch"),
        )
    )


def the_function(template: Template) -> awslambda.Function:
    """The function: it may change the throttle of this one API, note why, and tell the alarm topic."""
    topic = Ref(parameter(template, "AlarmTopicArn"))
    stages = Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/${ApiId}/stages/*")
    note = f"/{PROJECT}/${{Stage}}/{CLOSED_PARAMETER}"
    noted = Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{note}")
    calls = [
        allow([apigateway.PATCH], stages),
        allow([ssm.PutParameter], noted),
        allow([sns_actions.Publish], topic),
    ]
    values = {
        "STAGE": Ref("Stage"),
        "API_ID": Ref(parameter(template, "ApiId")),
        "ALARM_TOPIC_ARN": topic,
        "CLOSED_PARAMETER": Sub(note),
    }
    return lambdas.add(template, SWITCH, calls, values, failures=topic)


def called_by(template: Template, function: awslambda.Function, topic: sns.Topic) -> None:
    """The topic calls the function, and nothing else may."""
    permission = template.add_resource(
        awslambda.Permission(
            "SwitchPermission",
            Metadata=purpose("Allows only the switch's topic to call the switch"),
            Action="lambda:InvokeFunction",
            FunctionName=Ref(function),
            Principal="sns.amazonaws.com",
            SourceArn=Ref(topic),
        )
    )
    template.add_resource(
        sns.SubscriptionResource(
            "SwitchSubscription",
            DependsOn=permission.title,
            Metadata=purpose("Calls the switch with what its topic receives"),
            Endpoint=GetAtt(function, "Arn"),
            Protocol="lambda",
            TopicArn=Ref(topic),
        )
    )
