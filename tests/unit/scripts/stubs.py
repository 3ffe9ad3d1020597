"""A stage whose AWS is made of botocore's Stubbers: every answer is written down, and each must be used."""

from datetime import UTC, datetime, timedelta

import boto3
from botocore.stub import ANY, Stubber

from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/sentiment-dev-data/1"
CHANGE_SET_ID = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/sentiment-1/1"
TAGS = [{"Key": "project", "Value": "sentiment"}, {"Key": "stage", "Value": "dev"}]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

TEMPLATE = """
Description: a table
Parameters:
  Stage:
    Type: String
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Metadata:
      Purpose: Keeps what people said
    Properties:
      BillingMode: PAY_PER_REQUEST
Outputs:
  TableName:
    Value: !Ref Table
"""


class StubbedCloud(Cloud):
    """A cloud whose clients answer only what a test wrote down."""

    poll_seconds = 0.0

    def __init__(self, stage="dev"):
        super().__init__(stage, region="eu-central-1")
        self.stubbers = {}

    def client(self, service):
        if service not in self._clients:
            made = boto3.client(
                service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
            )
            self._clients[service] = made
            self.stubbers[service] = Stubber(made)
            self.stubbers[service].activate()
        return self._clients[service]

    def stub(self, service):
        self.client(service)
        return self.stubbers[service]


class Recorder(Reporter):
    """Remembers what it hears."""

    def __init__(self):
        self.said = []

    def stack(self, stack, state, detail=""):
        self.said.append((stack, state))

    def resource(self, stack, logical_id, status, purpose):
        self.said.append((stack, logical_id, status, purpose))

    def note(self, message):
        self.said.append(message)

    warn = note


class Answers:
    """Writes down CloudFormation's answers in the order in which they are asked for."""

    def __init__(self, cloud):
        self.stubber = cloud.stub("cloudformation")

    def no_stack(self):
        self.stubber.add_client_error(
            "describe_stacks", "ValidationError", "Stack with id sentiment-dev-data does not exist"
        )

    def no_stacks(self):
        """The account is empty."""
        self.stubber.add_response("describe_stacks", {"Stacks": []}, {})

    def stack(self, status, tags=TAGS, reason="", outputs=None, parameters=None):
        self.stubber.add_response(
            "describe_stacks",
            {
                "Stacks": [
                    {
                        "StackName": "sentiment-dev-data",
                        "StackId": STACK_ID,
                        "StackStatus": status,
                        "StackStatusReason": reason,
                        "CreationTime": NOON,
                        "Tags": tags,
                        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in (outputs or {}).items()],
                        "Parameters": [
                            {"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()
                        ],
                    }
                ]
            },
        )

    def change_set_made(self, kind="UPDATE", **more):
        self.stubber.add_response(
            "create_change_set",
            {"Id": CHANGE_SET_ID, "StackId": STACK_ID},
            {
                "StackName": "sentiment-dev-data",
                "ChangeSetName": ANY,
                "ChangeSetType": kind,
                "Capabilities": [],
                "Parameters": [{"ParameterKey": "Stage", "ParameterValue": "dev"}],
                "Tags": TAGS,
                "TemplateBody": TEMPLATE,
                **more,
            },
        )

    def change_set(self, status="CREATE_COMPLETE", reason="", changes=()):
        self.stubber.add_response(
            "describe_change_set",
            {
                "ChangeSetId": CHANGE_SET_ID,
                "Status": status,
                "StatusReason": reason,
                "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
            },
        )

    def problems(self, *found):
        """What validation found, each (reason, place in the template); None when the caller may not ask."""
        if found == (None,):
            self.stubber.add_client_error("describe_events", "AccessDenied", "not authorized")
            return
        events = [{"ValidationStatusReason": reason, "ValidationPath": path} for reason, path in found]
        self.stubber.add_response(
            "describe_events",
            {"OperationEvents": [{"EventType": "STACK_EVENT"}, *events]},
            {"ChangeSetName": CHANGE_SET_ID, "StackName": STACK_ID, "Filters": {"FailedEvents": True}},
        )

    def executed(self):
        self.stubber.add_response("execute_change_set", {}, {"ChangeSetName": CHANGE_SET_ID, "StackName": STACK_ID})

    def remembered(self):
        self.stubber.add_response(
            "get_template", {"TemplateBody": TEMPLATE}, {"StackName": STACK_ID, "TemplateStage": "Original"}
        )

    def discarded(self):
        self.stubber.add_response("delete_change_set", {}, {"ChangeSetName": CHANGE_SET_ID, "StackName": STACK_ID})

    def events(self, *events, token=None):
        """Events newest first, as the API gives them, each (id, logical id, status, reason, seconds after noon)."""
        answer = {"StackEvents": [raw_event(*event) for event in events]}
        self.stubber.add_response("describe_stack_events", {**answer, **({"NextToken": token} if token else {})})

    def update_begins(self):
        """A stack that is there, until its change set is executed."""
        self.stack("UPDATE_COMPLETE")
        self.change_set_made()
        self.change_set()
        self.remembered()
        self.events(("0", "sentiment-dev-data", "UPDATE_COMPLETE"))
        self.executed()

    def creation_begins(self):
        """A stack that is not there, until its change set is executed."""
        self.no_stack()
        self.change_set_made("CREATE")
        self.change_set()
        self.events(("0", "sentiment-dev-data", "REVIEW_IN_PROGRESS"))
        self.executed()

    def no_change(self):
        """A change set that turns out to change nothing."""
        self.change_set_made()
        self.change_set("FAILED", "didn't contain changes")
        self.discarded()

    def deleted(self):
        self.stubber.add_response("delete_stack", {}, {"StackName": STACK_ID})


def raw_event(identity, logical_id, status, reason="", seconds=0):
    is_stack = logical_id == "sentiment-dev-data"
    return {
        "EventId": identity,
        "StackId": STACK_ID,
        "StackName": "sentiment-dev-data",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": STACK_ID if is_stack else "",
        "ResourceType": "AWS::CloudFormation::Stack" if is_stack else "AWS::DynamoDB::Table",
        "Timestamp": NOON + timedelta(seconds=seconds),
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
