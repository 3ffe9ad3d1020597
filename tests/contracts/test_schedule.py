"""The schedule on AWS that starts the retraining: off unless a stage asks for it, and a call that GitHub knows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from generator import catalogue, parameters
from scripts.cloudformation import templates
from scripts.cloudformation.resolving import Resolver
from scripts.stage import settings
from tests.contracts.reading import RESOURCES, STAGES, TEMPLATES
from tests.contracts.workflows import read

CONDITION = "HasRetrainSchedule"
PARTS = ("RetrainConnection", "RetrainDestination", "ScheduleRole", "RetrainRule")


def test_no_stage_has_a_schedule_and_without_one_there_is_nothing_of_it() -> None:
    assert all(settings.load(name).parameters["RetrainSchedule"] == "" for name in STAGES if name != "defaults")
    resources = TEMPLATES["pipeline"]["Resources"]
    assert {name for name, body in resources.items() if body.get("Condition") == CONDITION} == set(PARTS)
    used = {stack for stack, document in TEMPLATES.items() if "RetrainSchedule" in document["Parameters"]}
    assert used == {"pipeline", "operations"}
    made = {stack for stack, _, body in RESOURCES if body["Type"].startswith("AWS::Events::Api")}
    assert made == {"pipeline"}, "an administrator's stack: no role of the app or of a pipeline can change it"


def test_a_call_that_github_refuses_is_heard() -> None:
    given = {"Stage": "dev", "AWS::Region": "us-east-1"}
    alarms = {
        name: [
            each.properties
            for each in Resolver(templates.load("operations"), {**given, "RetrainSchedule": when}).resources()
            if each.id == "RetrainFails"
        ]
        for name, when in (("with", "rate(7 days)"), ("without", ""))
    }
    assert alarms["without"] == [], "an alarm costs money"
    ((alarm,), rule) = alarms["with"], TEMPLATES["pipeline"]["Resources"]["RetrainRule"]["Properties"]["Name"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
    assert rule == {"Fn::Sub": "sentiment-${Stage}-retrain"}
    assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": "sentiment-dev-retrain"}]
    assert alarm["AlarmActions"], "mailed"


@pytest.mark.parametrize("written", ["", "rate(7 days)", "cron(23 4 ? * MON *)"])
def test_a_schedule_is_written_as_eventbridge_writes_it(written: str) -> None:
    pattern = parameters.DEFINITIONS["RetrainSchedule"]["AllowedPattern"]
    assert re.fullmatch(pattern, written)
    assert not any(re.fullmatch(pattern, wrong) for wrong in ("23 4 * * 1", "weekly", "rate()", f"{written} x"))


class Deployed(Resolver):
    """The pipelines' template as CloudFormation reads it."""

    def function(self, name: str, value: Any) -> Any:
        if name == "Fn::Split":
            return value[1].split(value[0])
        return value[1][value[0]] if name == "Fn::Select" else {name: value}


@pytest.mark.parametrize("repository", ["example/sentiment", "example@12/sentiment@34"])
def test_the_schedule_makes_the_call_that_starts_the_workflow_for_its_stage(repository: str) -> None:
    given = {"Stage": "dev", "PipelineRepository": repository, "RetrainSchedule": "rate(7 days)"}
    made = {each.id: each.properties for each in Deployed(templates.load("pipeline"), given).resources()}
    assert made["RetrainRule"]["ScheduleExpression"] == "rate(7 days)"
    (target,), destination = made["RetrainRule"]["Targets"], made["RetrainDestination"]
    assert target["Arn"] == {"Fn::GetAtt": ["RetrainDestination", "Arn"]}
    assert target["RoleArn"] == {"Fn::GetAtt": ["ScheduleRole", "Arn"]}
    assert destination["HttpMethod"] == "POST"
    workflows = "https://api.github.com/repos/example/sentiment/actions/workflows/"
    assert destination["InvocationEndpoint"] == f"{workflows}{catalogue.RETRAIN_WORKFLOW}/dispatches"
    key = made["RetrainConnection"]["AuthParameters"]["ApiKeyAuthParameters"]
    secret = f"sentiment/dev/{catalogue.GITHUB_TOKEN_SECRET}"
    assert key == {"ApiKeyName": "Authorization", "ApiKeyValue": f"Bearer {{{{resolve:secretsmanager:{secret}}}}}"}

    flow = read(catalogue.RETRAIN_WORKFLOW.removesuffix(".yml"))
    asked = json.loads(target["Input"])
    assert asked == {"ref": catalogue.MAIN_BRANCH, "inputs": {"stage": "dev"}}
    assert asked["inputs"].keys() == flow["on"]["workflow_dispatch"]["inputs"].keys()


def test_the_schedules_role_may_make_that_one_call() -> None:
    (policy,) = TEMPLATES["pipeline"]["Resources"]["ScheduleRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["events:InvokeApiDestination"]
    assert statement["Resource"] == [{"Fn::GetAtt": ["RetrainDestination", "Arn"]}]
