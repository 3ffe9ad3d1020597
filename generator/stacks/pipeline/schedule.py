"""A schedule by which AWS starts the pipeline ``retrain``, if the stage's setting has one.

Retraining needs torch, a checkout and the right to push to the repository, which GitHub's job has and no service of a
stage should. So EventBridge only asks GitHub to start the job, as a person does who presses the button. For that it
needs a token of GitHub's that may start workflows of this one repository, in a secret that an administrator writes.
"""

from __future__ import annotations

import json

from troposphere import Equals, GetAtt, Not, Ref, Select, Split, Sub, Template, cloudwatch, events, iam

from generator import alarms, catalogue
from generator.building import assumable_by, name_tag, policy, purpose, stage_name
from generator.parameters import parameter
from generator.stacks.pipeline.permissions import allow

HAS_SCHEDULE = "HasRetrainSchedule"
URL = "https://api.github.com/repos/${Owner}/${Name}/actions/workflows/${Workflow}/dispatches"
ASKED = {"ref": catalogue.MAIN_BRANCH, "inputs": {catalogue.RETRAIN_INPUT: "${Stage}"}}


def scheduled(template: Template) -> str:
    """Add the Condition that the stage has a schedule; its name.

    Args:
        template: template that needs it.
    """
    template.add_condition(HAS_SCHEDULE, Not(Equals(Ref(parameter(template, "RetrainSchedule")), "")))
    return HAS_SCHEDULE


def alarm(template: Template) -> cloudwatch.Alarm:
    """The alarm for a call that GitHub refused: nothing else tells that nobody retrains any more.

    It is not in the stack of the schedule, which can be deployed before the topic of alarms.

    Args:
        template: template of the operations stack.
    """
    refused = alarms.metric(
        "AWS/Events", "FailedInvocations", "Sum", alarms.DAY, RuleName=stage_name(catalogue.RETRAIN_RULE)
    )
    text = "GitHub did not start the retraining that was due: its token may have expired"
    return alarms.add(template, "RetrainNotStarted", text, refused, above=1, Condition=scheduled(template))


def add(template: Template) -> None:
    """The schedule, and what it takes to ask GitHub.

    Args:
        template: template of the pipelines' stack.
    """
    scheduled(template)
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
            Metadata=purpose("Starts the retraining at the times that the stage's setting names"),
            Name=stage_name(catalogue.RETRAIN_RULE),
            ScheduleExpression=Ref("RetrainSchedule"),
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
