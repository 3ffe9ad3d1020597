"""Updates of small stacks on the laptop cloud: the change set, the events and what becomes of the resources.

What AWS does: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/ with
- using-cfn-updating-stacks-update-behaviors.html: in place, the physical id stays; by replacement, the new resource is
  made first, what refers to it follows, and the old one is deleted when the update is through;
- view-stack-events.html and stack-resource-configuration-complete.html: events are of the resources that change;
- using-cfn-updating-stacks-changesets.html: without changes, a change set fails.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.running import RunningApp

pytestmark = pytest.mark.cloud

TEMPLATE = """
Parameters:
  Title: {Type: String, Default: news}
  Extra: {Type: String, Default: "false"}
Conditions:
  WithExtra: !Equals [!Ref Extra, "true"]
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Title}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: "*", Action: "sns:Publish", Resource: !Ref Topic}]
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.9.0.0/16}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/24}
  ExtraTopic:
    Type: AWS::SNS::Topic
    Condition: WithExtra
Outputs:
  TopicName: {Value: !GetAtt Topic.TopicName}
"""


class Stack:
    """A stack of its own, updated by change sets."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.name = f"updates-{uuid.uuid4().hex[:8]}"
        client.create_stack(StackName=self.name, TemplateBody=TEMPLATE)
        self.wait("CREATE_COMPLETE")

    def plan(self, body: str = TEMPLATE, **values: str) -> dict[str, Any]:
        """A change set."""
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        made = self.client.create_change_set(
            StackName=self.name, ChangeSetName=f"c{uuid.uuid4().hex}", TemplateBody=body, Parameters=parameters
        )
        described: dict[str, Any] = self.client.describe_change_set(ChangeSetName=made["Id"])
        return described

    def update(self, body: str = TEMPLATE, **values: str) -> list[str]:
        """Make and execute a change set: the events in their order, each as ``resource status``."""
        before = len(self.events())
        change_set = self.plan(body, **values)
        self.client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        self.wait("UPDATE_COMPLETE")
        return self.events()[before:]

    def wait(self, status: str) -> None:
        """Return when the stack has the status."""
        deadline = time.monotonic() + 30
        while (now := self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]) != status:
            assert time.monotonic() < deadline, now
            time.sleep(0.02)

    def events(self) -> list[str]:
        """All of them, the oldest first."""
        found = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        names = {self.name: "stack"}
        return [
            f"{names.get(each['LogicalResourceId'], each['LogicalResourceId'])} {each['ResourceStatus']}"
            for each in reversed(found)
        ]

    def resources(self) -> dict[str, dict[str, Any]]:
        """By logical id."""
        found = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each for each in found}

    def ids(self) -> dict[str, str]:
        """Physical ids by logical id."""
        return {name: each["PhysicalResourceId"] for name, each in self.resources().items()}


@pytest.fixture
def stack(own: RunningApp) -> Iterator[Stack]:
    made = Stack(own.cloud.client("cloudformation"))
    yield made
    made.client.delete_stack(StackName=made.name)


def updated(*between: str) -> list[str]:
    """The events of an update around those of its resources; what ``stack`` stands before, is cleaned up."""
    return ["stack UPDATE_IN_PROGRESS", *between, "stack UPDATE_COMPLETE"]


CLEANING_UP = "stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def test_what_changes_in_place_alone_has_events_and_keeps_its_id(stack: Stack) -> None:
    before = stack.resources()

    (change,) = [each["ResourceChange"] for each in stack.plan(Title="other")["Changes"]]
    assert (change["LogicalResourceId"], change["Replacement"], change["Scope"]) == ("Topic", "False", ["Properties"])
    assert change["PhysicalResourceId"] == before["Topic"]["PhysicalResourceId"]
    events = stack.update(Title="other")

    assert events == updated("Topic UPDATE_IN_PROGRESS", "Topic UPDATE_COMPLETE", CLEANING_UP)
    after = stack.resources()
    assert after.pop("Topic")["ResourceStatus"] == "UPDATE_COMPLETE"
    assert before.pop("Topic")["ResourceStatus"] == "CREATE_COMPLETE"
    assert after == before


def test_what_is_replaced_takes_along_what_refers_to_it(stack: Stack) -> None:
    before = stack.ids()
    body = TEMPLATE.replace("{CidrBlock: 10.9.0.0/16}", "{CidrBlock: 10.9.0.0/17}")

    changes = {
        each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in stack.plan(body)["Changes"]
    }
    assert {name: change["Replacement"] for name, change in changes.items()} == {"Vpc": "True", "Subnet": "True"}
    assert changes["Subnet"]["Details"][0]["CausingEntity"] == "Vpc"
    events = stack.update(body)

    assert events == updated(
        "Vpc UPDATE_IN_PROGRESS",
        "Vpc UPDATE_COMPLETE",
        "Subnet UPDATE_IN_PROGRESS",
        "Subnet UPDATE_COMPLETE",
        CLEANING_UP,
        "Subnet DELETE_IN_PROGRESS",
        "Subnet DELETE_COMPLETE",
        "Vpc DELETE_IN_PROGRESS",
        "Vpc DELETE_COMPLETE",
    )
    after = stack.ids()
    assert {name for name in after if after[name] != before[name]} == {"Vpc", "Subnet"}


def test_a_condition_makes_a_resource_and_takes_it_away(stack: Stack) -> None:
    (change,) = [each["ResourceChange"] for each in stack.plan(Extra="true")["Changes"]]
    assert (change["Action"], change["LogicalResourceId"]) == ("Add", "ExtraTopic")
    assert stack.update(Extra="true") == updated(
        "ExtraTopic CREATE_IN_PROGRESS", "ExtraTopic CREATE_COMPLETE", CLEANING_UP
    )
    assert stack.resources()["ExtraTopic"]["ResourceStatus"] == "CREATE_COMPLETE"

    (change,) = [each["ResourceChange"] for each in stack.plan(Extra="false")["Changes"]]
    assert (change["Action"], change["LogicalResourceId"]) == ("Remove", "ExtraTopic")
    assert stack.update(Extra="false") == updated(
        CLEANING_UP, "ExtraTopic DELETE_IN_PROGRESS", "ExtraTopic DELETE_COMPLETE"
    )
    assert "ExtraTopic" not in stack.ids()


def test_an_output_alone_is_a_change_of_no_resource(stack: Stack) -> None:
    body = TEMPLATE.replace("!GetAtt Topic.TopicName", "!Ref Topic")

    planned = stack.plan(body)
    assert (planned["Status"], planned["ExecutionStatus"], planned["Changes"]) == ("CREATE_COMPLETE", "AVAILABLE", [])
    assert stack.update(body) == updated(CLEANING_UP)


@pytest.mark.parametrize(
    "body", [TEMPLATE, TEMPLATE.replace("!Ref Title", "news"), "Description: other\n" + TEMPLATE.lstrip("\n")]
)
def test_without_changes_there_is_nothing_to_execute(stack: Stack, body: str) -> None:
    planned = stack.plan(body)
    assert (planned["Status"], planned["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert planned["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.client.update_stack(StackName=stack.name, TemplateBody=body)


def test_a_resource_keeps_its_type(stack: Stack) -> None:
    with pytest.raises(ClientError, match=r"Update of resource type is not permitted.*\[ExtraTopic\]"):
        stack.plan(TEMPLATE.replace("ExtraTopic:\n    Type: AWS::SNS::Topic", "ExtraTopic:\n    Type: AWS::SQS::Queue"))


def test_what_fails_is_told_and_the_rest_goes_back(stack: Stack) -> None:
    before, told = stack.ids(), len(stack.events())
    rule = "{Type: 'AWS::EC2::SecurityGroupIngress', Properties: {GroupId: sg-none, IpProtocol: tcp}}"
    body = TEMPLATE.replace("!Ref Title", "other").replace("Outputs:", f"  Unknown: {rule}\nOutputs:")

    stack.client.execute_change_set(ChangeSetName=stack.plan(body)["ChangeSetId"])
    stack.wait("UPDATE_ROLLBACK_COMPLETE")

    assert [event for event in stack.events()[told:] if not event.startswith("stack")] == [
        "Topic UPDATE_IN_PROGRESS",
        "Topic UPDATE_COMPLETE",
        "Unknown CREATE_IN_PROGRESS",
        "Unknown CREATE_FAILED",
        "Topic UPDATE_IN_PROGRESS",
        "Topic UPDATE_COMPLETE",
    ]
    assert stack.ids() == before


def test_a_misspelt_property_fails_the_change_set_and_changes_nothing(stack: Stack) -> None:
    before, told = stack.ids(), stack.events()
    change_set = stack.plan(TEMPLATE.replace("DisplayName:", "DisplayNam:"))

    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "[AWS::EarlyValidation::PropertyValidation]" in change_set["StatusReason"]
    named = {"ChangeSetName": change_set["ChangeSetId"], "Filters": {"FailedEvents": True}}
    (event,) = stack.client.describe_events(**named)["OperationEvents"]
    assert event["ValidationStatusReason"] == "Unsupported property [DisplayNam]"
    assert event["ValidationPath"] == "/Resources/Topic/Properties"
    assert event["OperationType"] == "CREATE_CHANGESET"
    with pytest.raises(ClientError, match="UNAVAILABLE"):
        stack.client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    assert (stack.ids(), stack.events()) == (before, told)


def test_a_misspelt_property_rolls_an_update_without_a_change_set_back(stack: Stack) -> None:
    before, told = stack.resources(), len(stack.events())
    wrong = "{CidrBlock: 10.9.1.0/24, AvailabilityZon: !Select [0, !GetAZs '']}"
    body = TEMPLATE.replace("CidrBlock: 10.9.1.0/24}", wrong[1:]).replace("!Ref Title", "other")

    stack.client.update_stack(StackName=stack.name, TemplateBody=body)
    stack.wait("UPDATE_ROLLBACK_COMPLETE")

    assert [event for event in stack.events()[told:] if not event.startswith("stack")] == []
    found = stack.client.describe_events(StackName=stack.name)["OperationEvents"]
    assert [event["ValidationStatusReason"] for event in found if "ValidationStatusReason" in event] == [
        "Unsupported property [AvailabilityZon]"
    ]
    assert stack.resources() == before


def test_a_property_under_a_condition_that_does_not_hold_is_not_checked(stack: Stack) -> None:
    body = TEMPLATE.replace("    Condition: WithExtra", "    Condition: WithExtra\n    Properties: {Nam: x}")
    assert stack.plan(body.replace("!Ref Title", "other"))["Status"] == "CREATE_COMPLETE"
    assert stack.plan(body, Extra="true")["Status"] == "FAILED"


def test_a_template_that_is_wrong_by_itself_is_refused_at_once(stack: Stack) -> None:
    told = stack.events()
    for body, words in (
        (TEMPLATE.replace("    Condition: WithExtra", "    Condition: Nope"), "Unresolved condition dependency Nope"),
        (TEMPLATE.replace("!Ref Title", "!Ref Nope"), r"Unresolved resource dependencies \[Nope\] in the Resources"),
        (TEMPLATE.replace("Topic.TopicName", "Topic.TopicNam"), "Topic does not support attribute type TopicNam"),
        (TEMPLATE.replace("    Condition:", "    Conditon:"), "Invalid template resource property 'Conditon'"),
    ):
        with pytest.raises(ClientError, match=words):
            stack.plan(body)
        with pytest.raises(ClientError, match=words):
            stack.client.update_stack(StackName=stack.name, TemplateBody=body)
    assert stack.events() == told
