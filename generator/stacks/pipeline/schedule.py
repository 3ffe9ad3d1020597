"""A schedule by which AWS starts the pipeline ``retrain``, if the stage's setting has one.

Retraining needs torch, a checkout and the right to push to the repository, which GitHub's job has and no service of a
stage should. So EventBridge only asks GitHub to start the job, as a person does who presses the button. For that it
needs a token of GitHub's that may start workflows of this one repository, in a secret that an administrator writes.
"""

from __future__ import annotations

import json

from troposphere import Equals, GetAtt, Not, Parameter, Ref, Select, Split, Sub, Template, events, iam

from generator import catalogue
from generator.building import assumable_by, name_tag, policy, purpose, stage_name
from generator.parameters import parameter
from generator.stacks.pipeline.permissions import allow

HAS_SCHEDULE = "HasRetrainSchedule"
URL = "https://api.github.com/repos/${Owner}/${Name}/actions/workflows/${Workflow}/dispatches"
ASKED = {"ref": catalogue.MAIN_BRANCH, "inputs": {catalogue.RETRAIN_INPUT: "${Stage}"}}


def switched_on(template: Template) -> Parameter:
    """The setting, as a parameter; ``HAS_SCHEDULE`` says whether it has a value."""
    schedule = parameter(template, "RetrainSchedule")
    template.add_condition(HAS_SCHEDULE, Not(Equals(Ref(schedule), "")))
    return schedule


def add(template: Template) -> None:
    """The schedule, and what it takes to ask GitHub."""
    schedule = switched_on(template)
    secret = f"{catalogue.PROJECT}/${{Stage}}/{catalogue.GITHUB_TOKEN_SECRET}"
    key = events.ApiKeyAuthParameters(
        ApiKeyName="Authorization", ApiKeyValue=Sub(f"Bearer {{{{resolve:secretsmanager:{secret}}}}}")
    )
    connection = template.add_resource(
        events.Connection(
            "RetrainConnection",
            Condition=HAS_SCHEDULE,
            Metadata=purpose("Keeps the GitHub token that may start the retraining"),
            AuthorizationType="API_KEY",
            AuthParameters=events.AuthParameters(ApiKeyAuthParameters=key),
        )
    )
    owner, name = (Select(0, Split("@", Select(part, Split("/", Ref("PipelineRepository"))))) for part in (0, 1))
    destination = template.add_resource(
        events.ApiDestination(
            "RetrainDestination",
            Condition=HAS_SCHEDULE,
            Metadata=purpose("Names the call to GitHub that starts the retraining"),
            ConnectionArn=GetAtt(connection, "Arn"),
            HttpMethod="POST",
            InvocationEndpoint=Sub(URL, Owner=owner, Name=name, Workflow=catalogue.RETRAIN_WORKFLOW),
            InvocationRateLimitPerSecond=1,
        )
    )
    role = template.add_resource(
        iam.Role(
            "ScheduleRole",
            Condition=HAS_SCHEDULE,
            Metadata=purpose("Lets the schedule make that one call"),
            AssumeRolePolicyDocument=assumable_by("events.amazonaws.com"),
            Policies=[
                iam.Policy(
                    PolicyName="start",
                    PolicyDocument=policy(allow(["events:InvokeApiDestination"], GetAtt(destination, "Arn"))),
                )
            ],
            Tags=name_tag("retrain-schedule"),
        )
    )
    template.add_resource(
        events.Rule(
            "RetrainRule",
            Condition=HAS_SCHEDULE,
            Name=stage_name(catalogue.RETRAIN_RULE),  # known to the alarm of the operations stack
            Metadata=purpose("Starts the retraining at the times that the stage's setting names"),
            ScheduleExpression=Ref(schedule),
            Targets=[
                events.Target(
                    Id="github",
                    Arn=GetAtt(destination, "Arn"),
                    RoleArn=GetAtt(role, "Arn"),
                    Input=Sub(json.dumps(ASKED)),
                )
            ],
        )
    )
