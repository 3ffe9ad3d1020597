"""The switch: what it does to the API on moto, and what it tells of an alarm's or a budget's notification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

import aws
import switch
from generator import catalogue

ALARM = {
    "Subject": 'ALARM: "TrafficCosts" in US East (N. Virginia)',
    "Message": json.dumps(
        {
            "AlarmName": "TrafficCosts",
            "AlarmDescription": "The API's traffic of the last 24 hours cost more than the stage allows",
            "NewStateValue": "ALARM",
            "NewStateReason": "Threshold Crossed: 1 datapoint [31.2] was greater than the threshold (30.0).",
        }
    ),
}
NOTE = "/sentiment/dev/api-closed"
BUDGET = {
    "Subject": "AWS Budgets: sentiment-dev-month has exceeded your alert threshold",
    "Message": "AWS Budget Notification November 27, 2026\n\nDear AWS Customer,\n",
}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """API Gateway's recorded answers, as moto cannot change a stage; the laptop cloud can (tests/local)."""
    with mock_aws(), Stubber(aws.client("apigatewayv2")) as stubber:
        topic = aws.client("sns").create_topic(Name="alarms")["TopicArn"]
        values = {"STAGE": "dev", "API_ID": "a1", "ALARM_TOPIC_ARN": topic, "CLOSED_PARAMETER": NOTE}
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        yield stubber


def mails() -> list[dict[str, str]]:
    """What the alarm topic was told, by way of a queue that ``listen`` made."""
    queue = aws.client("sqs").get_queue_url(QueueName="mail")["QueueUrl"]
    return [json.loads(each["Body"]) for each in aws.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])]


def listen() -> None:
    """Subscribe a queue to the alarm topic."""
    queue = aws.client("sqs").create_queue(QueueName="mail")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (topic,) = (each["TopicArn"] for each in aws.client("sns").list_topics()["Topics"])
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def test_the_api_is_closed_and_its_operator_told_why(gateway: Stubber) -> None:
    nothing = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
    asked = {"ApiId": "a1", "StageName": "$default", "DefaultRouteSettings": nothing}
    gateway.add_response("update_stage", {}, asked)
    listen()

    switch.handler({"Records": [{"Sns": ALARM}]}, None)

    gateway.assert_no_pending_responses()
    (mail,) = mails()
    assert mail["Subject"] == "sentiment dev: the API is closed"
    assert "31.2" in mail["Message"]
    assert "sentiment wake --stage dev" in mail["Message"]


def test_why_it_is_closed_is_noted_for_deployments_also_the_second_time(gateway: Stubber) -> None:
    for words in ("x" * 5000, "the second time"):
        gateway.add_response("update_stage", {})
        switch.handler({"Records": [{"Sns": {"Subject": words, "Message": ""}}]}, None)
        assert aws.client("ssm").get_parameter(Name=NOTE)["Parameter"]["Value"] == words[:1000]


def test_an_api_that_cannot_be_closed_is_an_error_and_nobody_is_told_that_it_is_closed(gateway: Stubber) -> None:
    gateway.add_client_error("update_stage", "TooManyRequestsException", http_status_code=429)
    listen()
    with pytest.raises(ClientError, match="TooManyRequests"):
        switch.handler({"Records": [{"Sns": BUDGET}]}, None)
    assert mails() == []
    noted = aws.client("ssm").get_parameter(Name=NOTE)["Parameter"]["Value"]
    assert noted == BUDGET["Subject"], "noted first, so that no deployment that ends in between opens it"


def test_its_operator_is_told_even_if_why_it_is_closed_cannot_be_noted(gateway: Stubber) -> None:
    """As long as an old boundary does not allow that: the roles of a stage with pipelines have one."""
    gateway.add_response("update_stage", {})
    listen()
    with Stubber(aws.client("ssm")) as ssm, pytest.raises(ClientError, match="AccessDenied"):
        ssm.add_client_error("put_parameter", "AccessDeniedException", http_status_code=400)
        switch.handler({"Records": [{"Sns": BUDGET}]}, None)
    (mail,) = mails()
    assert mail["Subject"] == "sentiment dev: the API is closed"


@pytest.mark.parametrize(
    ("notification", "told"),
    [
        (
            ALARM,
            "The API's traffic of the last 24 hours cost more than the stage allows (Threshold Crossed: 1 datapoint",
        ),
        (BUDGET, "AWS Budgets: sentiment-dev-month has exceeded your alert threshold"),
        ({"Message": "  by hand\nfor a test"}, "by hand"),
        ({"Subject": None, "Message": "[1, 2]"}, "[1, 2]"),
        ({"Subject": "", "Message": " "}, "no reason was given"),
    ],
    ids=["alarm", "budget", "text", "JSON of something else", "nothing"],
)
def test_the_reason_is_told_in_a_line(notification: dict[str, Any], told: str) -> None:
    assert switch.reason(notification).startswith(told)
    assert "\n" not in switch.reason(notification)


def test_the_stage_of_the_api_is_the_template_s() -> None:
    assert switch.STAGE_NAME == catalogue.API_STAGE
