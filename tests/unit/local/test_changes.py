"""What the laptop's change sets say of typical edits is what CloudFormation documents.

User guide, https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/:
- using-cfn-updating-stacks-update-behaviors.html: in place or by replacement; what each property requires is in the
  template reference of its type, under "Update requires";
- using-cfn-updating-stacks-changesets-samples.html: change sets of a tag, a parameter, resources that come and go;
- conditions-section-structure.html: a resource whose condition is false is not made, or deleted by an update.

API reference, https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/: API_ResourceChange.html (Replacement,
Scope, PolicyAction), API_ResourceChangeDetail.html (ChangeSource, Evaluation), API_ResourceTargetDefinition.html.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from scripts.cloudformation import templates
from scripts.local import update_behaviors
from scripts.local.extensions.changes import Version, between

TEMPLATE = """
Parameters:
  MaxAge: {Type: Number, Default: 60}
  Description: {Type: String, Default: a role}
  Extra: {Type: String, Default: "false"}
  Title: {Type: String, Default: news}
Conditions:
  WithExtra: !Equals [!Ref Extra, "true"]
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Metadata: {Purpose: the way in}
    Properties:
      Name: api
      ProtocolType: HTTP
      CorsConfiguration: {MaxAge: !Ref MaxAge, AllowOrigins: ["http://one", "http://two"]}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: GET /}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Description: !Ref Description
  Code:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref Bucket, S3Key: one}
      Environment: {Variables: {TITLE: !If [WithExtra, !GetAtt ExtraTopic.TopicName, none]}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !GetAtt Code.Arn, Principal: s3.amazonaws.com, Action: "lambda:InvokeFunction"}
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: one
      Tags: [{Key: Name, Value: one}]
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument: {Statement: [{Resource: !Sub "${Bucket.Arn}/*"}]}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Sub "the ${Title}"}
  ExtraTopic:
    Type: AWS::SNS::Topic
    Condition: WithExtra
  Budget:
    Type: AWS::Budgets::Budget
    Properties: {Budget: {BudgetName: all, BudgetLimit: {Amount: 10, Unit: USD}}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: 1, MaxSize: 3, LaunchTemplate: {LaunchTemplateId: !Ref Launch, Version: "1"}}
  Launch:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {InstanceType: t3.micro}}
Outputs:
  Address: {Value: !GetAtt Api.ApiEndpoint}
"""


def version(body: str = TEMPLATE, **values: str) -> Version:
    template = templates.parse("x", body)
    return Version(template, {**template.parameters, **values})


def edited(old: str, new: str) -> str:
    assert old in TEMPLATE
    return TEMPLATE.replace(old, new)


def told(changes: list[dict[str, Any]]) -> list[str]:
    """Each change in words: action, resource, replacement, scope; then what becomes of the physical resource."""
    return [
        " ".join(
            filter(
                None,
                [
                    change["Action"],
                    change["LogicalResourceId"],
                    change.get("Replacement"),
                    "+".join(change["Scope"]),
                    change.get("PolicyAction"),
                ],
            )
        )
        for change in changes
    ]


IN_PLACE = "Modify {} False Properties"
EDITS = {
    "nothing": (TEMPLATE, {}, []),
    "the order of keys": (edited("Name: api\n      ProtocolType: HTTP", "ProtocolType: HTTP\n      Name: api"), {}, []),
    "a property in place": (edited("Name: api", "Name: other"), {}, ["Modify Api False Properties"]),
    "a parameter's value, in place": (TEMPLATE, {"MaxAge": "5"}, ["Modify Api False Properties"]),
    "a parameter's default": (edited("Default: 60", "Default: 61"), {}, ["Modify Api False Properties"]),
    "a parameter's value written out": (edited('!Sub "the ${Title}"', "the news"), {}, []),
    "an item's place in a list": (
        edited('"http://one", "http://two"', '"http://two", "http://one"'), {}, ["Modify Api False Properties"],
    ),
    "a property added": (
        edited("DisplayName:", "KmsMasterKeyId: alias/aws/sns, DisplayName:"), {}, ["Modify Topic False Properties"],
    ),
    "a property removed": (edited("Name: api\n      ", ""), {}, ["Modify Api False Properties"]),
    "tags": (edited("Value: one", "Value: two"), {}, ["Modify Bucket False Tags"]),
    "metadata": (edited("the way in", "the door"), {}, ["Modify Api False Metadata"]),
    "a deletion policy": (
        edited("    DeletionPolicy: Retain\n", ""), {}, ["Modify Bucket False DeletionPolicy"],
    ),
    "an output": (edited("Api.ApiEndpoint", "Api.ApiId"), {}, []),
    "a condition that begins to hold": (
        TEMPLATE, {"Extra": "true"},
        ["Modify Code False Properties", "Add ExtraTopic", "Modify Permission Conditional Properties"],
    ),
    "a resource added": (
        edited("  Topic:\n", "  Second: {Type: 'AWS::SNS::Topic'}\n  Topic:\n"), {}, ["Add Second"],
    ),
    "a resource removed": (edited("""  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Sub "the ${Title}"}
""", ""), {}, ["Remove Topic Delete"]),
    "a logical id": (
        edited("  Topic:\n", "  Subject:\n"), {}, ["Add Subject", "Remove Topic Delete"],
    ),
    "a name, by replacement, and whoever refers to it": (
        edited("BucketName: one", "BucketName: two"), {},
        [
            "Modify Bucket True Properties ReplaceAndRetain",
            "Modify BucketPolicy True Properties ReplaceAndDelete",
            "Modify Code False Properties",
            "Modify Permission Conditional Properties",
        ],
    ),
    "a property by replacement, and those that hang on it": (
        edited("ProtocolType: HTTP", "ProtocolType: WEBSOCKET"), {},
        ["Modify Api True Properties ReplaceAndDelete", "Modify Route True Properties ReplaceAndDelete"],
    ),
    "one whose attribute others read": (
        TEMPLATE, {"Description": "another"},
        ["Modify Code False Properties", "Modify Permission Conditional Properties", "Modify Role False Properties"],
    ),
    "a part of a property, in place": (edited("Amount: 10", "Amount: 11"), {}, ["Modify Budget False Properties"]),
    "a part of a property, by replacement": (
        edited("BudgetName: all", "BudgetName: most"), {}, ["Modify Budget True Properties ReplaceAndDelete"],
    ),
    "a property that replaces under conditions": (
        edited('Version: "1"', 'Version: "2"'), {}, ["Modify Group Conditional Properties"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "values", "changes"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_what_it_would_on_aws(body: str, values: dict[str, str], changes: list[str]) -> None:
    assert told(between(version(), version(body, **values))) == changes


def test_a_condition_that_no_longer_holds_takes_its_resource_away() -> None:
    assert told(between(version(Extra="true"), version())) == [
        "Modify Code False Properties",
        "Remove ExtraTopic Delete",
        "Modify Permission Conditional Properties",
    ]


def test_outputs_are_compared_as_well() -> None:
    assert version().outputs != version(edited("Api.ApiEndpoint", "Api.ApiId")).outputs
    assert version().outputs == version(MaxAge="5").outputs


def detail(name: str, requires: str, evaluation: str, source: str, entity: str = "") -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": requires}
    said = {"Target": target, "Evaluation": evaluation, "ChangeSource": source}
    return said | ({"CausingEntity": entity} if entity else {})


def test_details_of_a_parameter_are_those_of_the_user_guides_example() -> None:
    (change,) = between(version(), version(MaxAge="5"))
    assert change["Details"] == [
        detail("CorsConfiguration", "Never", "Dynamic", "DirectModification"),
        detail("CorsConfiguration", "Never", "Static", "ParameterReference", "MaxAge"),
    ]


def test_details_of_a_tag_name_the_attribute_alone() -> None:
    (change,) = between(version(), version(edited("Value: one", "Value: two")))
    target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
    assert change["Details"] == [{"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}]


def test_details_name_what_a_reference_refers_to() -> None:
    changes = between(version(), version(edited("BucketName: one", "BucketName: two")))
    details = {change["LogicalResourceId"]: change["Details"] for change in changes}
    assert details["Bucket"] == [detail("BucketName", "Always", "Static", "DirectModification")]
    assert details["BucketPolicy"] == [
        detail("Bucket", "Always", "Static", "ResourceReference", "Bucket"),
        detail("PolicyDocument", "Never", "Static", "ResourceAttribute", "Bucket.Arn"),
    ]
    assert details["Permission"] == [detail("FunctionName", "Always", "Dynamic", "ResourceAttribute", "Code.Arn")]


def test_the_api_that_browsers_ask_less_often_changes_alone() -> None:
    template = templates.load("api")
    values = {name: default or "x" for name, default in template.parameters.items()}
    other = templates.parse("api", re.sub(r"MaxAge: \d+", "MaxAge: 77", template.body))

    assert told(between(Version(template, values), Version(other, values))) == ["Modify HttpApi False Properties"]


def test_a_type_that_nobody_looked_up_may_be_replaced_by_anything_but_tags() -> None:
    body = "Resources: {One: {Type: 'AWS::New::Thing', Properties: {Size: 1, Tags: [1]}}}"
    assert told(between(version(body), version(body.replace("Size: 1", "Size: 2")))) == [
        "Modify One Conditional Properties"
    ]
    assert told(between(version(body), version(body.replace("[1]", "[2]")))) == ["Modify One False Tags"]


def test_what_updates_do_is_what_the_schemas_say() -> None:
    assert update_behaviors.FILE.read_text() == update_behaviors.from_schemas(), "run `make schemas`"


def test_templates_need_the_schemas_only_when_a_type_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    assert update_behaviors.main(["--known"]) == 0
    monkeypatch.setattr(update_behaviors, "used", lambda: {"AWS::New::Thing"})
    assert update_behaviors.main(["--known"]) == 1
