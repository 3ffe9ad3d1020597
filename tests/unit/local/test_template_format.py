"""A template that is wrong by itself is refused with CloudFormation's words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scripts.cloudformation import templates
from scripts.local.template_format import fault

GOOD: dict[str, Any] = {
    "Parameters": {"Title": {"Type": "String"}},
    "Conditions": {"Loud": {"Fn::Equals": [{"Ref": "Title"}, "x"]}},
    "Resources": {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "DeletionPolicy": "Retain",
            "Properties": {"DisplayName": {"Fn::If": ["Loud", {"Ref": "Title"}, {"Ref": "AWS::NoValue"}]}},
        },
        "Other": {"Type": "AWS::SNS::Topic", "DependsOn": "Topic", "Condition": "Loud"},
    },
    "Outputs": {"Name": {"Value": {"Fn::Sub": ["${Topic.TopicName} ${!Literally} ${x}", {"x": {"Ref": "Title"}}]}}},
}
UNRESOLVED = "Template format error: Unresolved resource dependencies [Nope] in the {} block of the template"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("Outputz", {}, "Invalid template property or properties [Outputz]"),
        ("Resources/Topic/DeletionPolcy", "Retain", "Invalid template resource property 'DeletionPolcy'"),
        (
            "Resources/Topic/DeletionPolicy",
            "Keep",
            "Template format error: Unrecognized DeletionPolicy Keep for resource Topic",
        ),
        (
            "Resources/Topic/Type",
            None,
            "Template format error: [/Resources/Topic] Every Resources object must contain a Type member.",
        ),
        (
            "Resources/Topic/Properties",
            [1],
            "Template format error: [/Resources/Topic/Properties] Any Properties member must be a JSON object.",
        ),
        (
            "Resources/Topic/Properties/Tags",
            [None],
            "Template format error: [/Resources/Topic/Properties/Tags/0] 'null' values are not allowed in templates",
        ),
        (
            "Resources/Topic",
            "AWS::SNS::Topic",
            "Template format error: [/Resources/Topic] resource definition is malformed",
        ),
        ("Resources/Topic/DependsOn", ["Other", "Nope"], UNRESOLVED.format("Resources")),
        ("Resources/Topic/Properties/DisplayName", {"Ref": "Nope"}, UNRESOLVED.format("Resources")),
        ("Resources/Topic/Properties/DisplayName", {"Fn::Sub": "${Nope}"}, UNRESOLVED.format("Resources")),
        ("Outputs/Name/Valu", "x", "Template format error: Output Name is malformed!"),
        ("Outputs/Name/Value", None, "Template format error: Output Name is malformed!"),
        ("Outputs/Name/Value", {"Ref": "Nope"}, UNRESOLVED.format("Outputs")),
        (
            "Outputs/Name/Value",
            {"Fn::GetAtt": ["Nope", "Arn"]},
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            "Outputs/Name/Value",
            {"Fn::GetAtt": "Nope.Arn"},
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            "Resources/Topic/Condition",
            "Nope",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "Resources/Topic/Properties/DisplayName",
            {"Fn::If": ["Nope", "a", "b"]},
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "Resources/Topic/Properties/DisplayName",
            {"Fn::Subb": "x"},
            "Template error: Encountered unsupported function: Fn::Subb Supported functions are: [Fn::And, ",
        ),
    ],
)
def test_what_is_wrong_is_told_in_cloudformations_words(place: str, value: Any, words: str) -> None:
    assert fault(GOOD) == ""
    template = copy.deepcopy(GOOD)
    *outer, name = place.split("/")
    tree = template
    for each in outer:
        tree = tree[each]
    if value is None:
        del tree[name]
    else:
        tree[name] = value

    assert fault(template).startswith(words)
    assert fault({**template, "Transform": "AWS::LanguageExtensions"}) == ""


@pytest.mark.parametrize("stack", sorted(file.stem for file in templates.TEMPLATES_DIR.glob("*.yaml")))
def test_our_templates_are_right(stack: str) -> None:
    assert fault(templates.load(stack).document) == ""
