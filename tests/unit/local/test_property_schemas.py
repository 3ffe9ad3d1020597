"""Properties that AWS refuses are found before a deployment, in AWS's words; those of our templates are not among them.

Seen on AWS: "Required property [PolicyName] not found (at /Resources/BadPolicy/Properties)", in
https://github.com/aws/aws-cdk-cli/pull/1463; the other words are those that the emulator's authors saw there.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scripts.cloudformation import references, templates
from scripts.cloudformation.resolving import Resolver
from scripts.local import property_schemas
from scripts.local.property_schemas import problems

API = {"Name": "api", "ProtocolType": "HTTP", "CorsConfiguration": {"MaxAge": 60, "AllowOrigins": ["*"]}}
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
API_TYPE, TABLE_TYPE = "AWS::ApiGatewayV2::Api", "AWS::DynamoDB::Table"


@pytest.mark.parametrize(
    ("type_", "good", "path", "value", "found"),
    [
        (API_TYPE, API, ("Nname",), "x", ((), "Unsupported property [Nname]")),
        (
            API_TYPE,
            API,
            ("CorsConfiguration", "MaxAgee"),
            1,
            (("CorsConfiguration",), "Unsupported property [MaxAgee]"),
        ),
        (
            API_TYPE,
            API,
            ("CorsConfiguration", "MaxAge"),
            "an hour",
            (("CorsConfiguration", "MaxAge"), "Property [MaxAge] expected type: Integer, found: String"),
        ),
        (
            API_TYPE,
            API,
            ("CorsConfiguration", "AllowOrigins"),
            "*",
            (("CorsConfiguration", "AllowOrigins"), "Property [AllowOrigins] expected type: JSONArray, found: String"),
        ),
        (API_TYPE, API, ("Name",), ["x"], (("Name",), "Property [Name] expected type: String, found: JSONArray")),
        (
            API_TYPE,
            API,
            ("CorsConfiguration",),
            [],
            (("CorsConfiguration",), "Property [CorsConfiguration] expected type: JSONObject, found: JSONArray"),
        ),
        (
            API_TYPE,
            API,
            ("FailOnWarnings",),
            "maybe",
            (("FailOnWarnings",), "Property [FailOnWarnings] expected type: Boolean, found: String"),
        ),
        (
            TABLE_TYPE,
            TABLE,
            ("StreamSpecification",),
            {},
            (("StreamSpecification",), "Required property [StreamViewType] not found"),
        ),
        (
            "AWS::SNS::Subscription",
            {"Protocol": "email", "TopicArn": "arn"},
            ("TopicArn",),
            None,
            ((), "Required property [TopicArn] not found"),
        ),
        (
            "AWS::SSM::Parameter",
            {"Type": "String", "Value": "hello"},
            ("Type",),
            "Strin",
            (("Type",), "Strin is not a valid enum value. Supported values: [String, StringList]"),
        ),
        (
            TABLE_TYPE,
            TABLE,
            ("AttributeDefinitions", 0, "AttributeTyp"),
            "S",
            (("AttributeDefinitions", "0"), "Unsupported property [AttributeTyp]"),
        ),
    ],
)
def test_what_aws_refuses_is_told_in_its_words(
    type_: str, good: dict[str, Any], path: tuple[Any, ...], value: Any, found: property_schemas.Problem
) -> None:
    assert problems(type_, good) == []
    changed = copy.deepcopy(good)
    *outer, name = path
    inner: Any = changed
    for each in outer:
        inner = inner[each]
    if value is None:
        del inner[name]
    else:
        inner[name] = value

    assert problems(type_, changed) == [found]


@pytest.mark.parametrize(
    "unknown",
    [
        {"Ref": "Other"},
        {"Fn::GetAtt": ["Other", "Arn"]},
        {"Fn::Sub": "${Other}"},
        {"Fn::FindInMap": ["Map", "a", "b"]},
        "{{resolve:ssm:/name}}",
    ],
)
def test_what_only_the_deployment_knows_is_let_pass(unknown: Any) -> None:
    assert problems(API_TYPE, {**API, "CorsConfiguration": {"MaxAge": unknown, "AllowOrigins": unknown}}) == []
    assert problems(API_TYPE, {**API, "CorsConfiguration": unknown}) == []


@pytest.mark.parametrize("value", ["60", 60, 60.0, "6e1", " 60"])
def test_values_of_parameters_are_strings_and_stand_for_numbers(value: Any) -> None:
    assert problems(API_TYPE, {**API, "CorsConfiguration": {"MaxAge": value}}) == []


@pytest.mark.parametrize("value", [True, False, "true", "False"])
def test_values_of_parameters_stand_for_booleans(value: Any) -> None:
    assert problems(API_TYPE, {**API, "FailOnWarnings": value}) == []


@pytest.mark.parametrize(
    ("type_", "attribute", "known"),
    [
        ("AWS::IAM::Role", "Arn", True),
        ("AWS::IAM::Role", "Arnn", False),
        ("AWS::IAM::Role", "Ar", False),
        ("AWS::S3::Bucket", "MetadataConfiguration.Destination.TableBucketArn", True),
        ("AWS::S3::Bucket", "MetadataConfiguration", False),
        ("AWS::New::Thing", "Anything", True),
    ],
)
def test_attributes_of_a_type_are_known(type_: str, attribute: str, known: bool) -> None:
    assert property_schemas.supports(type_, attribute) == known


def test_a_type_that_nobody_looked_up_is_not_checked() -> None:
    assert problems("AWS::New::Thing", {"Anything": 1}) == []


@pytest.mark.parametrize("stack", sorted(file.stem for file in templates.TEMPLATES_DIR.glob("*.yaml")))
def test_our_templates_have_nothing_that_aws_refuses(stack: str) -> None:
    template = templates.load(stack)
    resolver = Resolver(template, {"AWS::Region": "us-east-1"})
    found = [
        (each.id, problem)
        for each in template.resources.values()
        for problem in problems(each.type, resolver.resolve(each.properties))
    ]
    assert found == []
    types = {name: each.type for name, each in template.resources.items()}
    assert [
        (name, attribute)
        for name, attribute in references.found(template.document)
        if attribute and not property_schemas.supports(types[name], attribute)
    ] == []


def test_the_file_is_what_the_schemas_say() -> None:
    assert property_schemas.FILE.read_text() == property_schemas.from_schemas(), "run `make schemas`"
