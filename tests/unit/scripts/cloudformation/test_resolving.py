"""Conditions and functions of a template with given values of its Parameters; what only a deployment knows stays."""

from __future__ import annotations

import pytest

from scripts.cloudformation.resolving import NO_VALUE, Resolver
from scripts.cloudformation.templates import parse
from scripts.stage.errors import TemplateError

TEMPLATE = """
Parameters:
  Switch: {Type: String, Default: "false"}
Conditions:
  IsOn: !Equals [!Ref Switch, "true"]
  IsOff: !Not [!Condition IsOn]
  Both: !And [!Condition IsOn, !Condition IsOff]
  Either: !Or [!Condition IsOn, !Condition IsOff]
Resources:
  Always: {Type: "AWS::SNS::Topic", Properties: {Name: !If [IsOn, "on", !Ref Switch]}}
  Never: {Type: "AWS::SNS::Topic", Condition: Both}
  Down: {Type: "AWS::SNS::Topic", Condition: IsOff}
  Sure: {Type: "AWS::SNS::Topic", Condition: Either}
"""


@pytest.mark.parametrize(
    ("value", "names", "named"), [("false", {"Always", "Down", "Sure"}, "false"), ("true", {"Always", "Sure"}, "on")]
)
def test_conditions_decide_what_there_is(value, names, named):
    found = Resolver(parse("x", TEMPLATE), {"Switch": value}).resources()
    assert {each.id for each in found} == names
    assert found[0].properties == {"Name": named}


PARTS = """
Parameters:
  Number: {Type: Number, Default: 3}
  Sure: {Type: String, Default: true}
  Elsewhere: {Type: String}
Conditions:
  Never: !Equals [!Ref Number, "4"]
  Always: !Equals [!Ref Sure, "true"]
  Unknown: !Equals [!Ref Elsewhere, "x"]
  Strange: !Select [0, [a]]
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      P: %s
"""


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("!Ref Number", "3"),
        ("!Ref Elsewhere", {"Ref": "Elsewhere"}),
        ("!Sub 'a${Number}'", "a3"),
        ("!Sub '${Number}-${Elsewhere}'", {"Fn::Sub": "3-${Elsewhere}"}),
        ("!Sub '${!Number} ${Number}'", "${Number} 3"),
        ("!Sub ['${It}${Number}', {It: !Ref Number}]", "33"),
        ("!Sub ['${It}${Number}', {It: !Ref Elsewhere}]", {"Fn::Sub": ["${It}3", {"It": {"Ref": "Elsewhere"}}]}),
        ("!Sub '${Other.Arn}'", {"Fn::Sub": "${Other.Arn}"}),
        ("!Join ['-', [a, !Ref Number]]", "a-3"),
        ("!Join ['-', [!Ref Number, !Ref Elsewhere]]", {"Fn::Join": ["-", ["3", {"Ref": "Elsewhere"}]]}),
        ("!Select [!Ref Number, !GetAZs '']", {"Fn::Select": ["3", {"Fn::GetAZs": ""}]}),
        ("!GetAtt Other.Nested.Name", {"Fn::GetAtt": ["Other", "Nested.Name"]}),
        ("!If [Never, 1, !If [Always, 2, 3]]", 2),
        ("[1, !If [Never, 2, !Ref AWS::NoValue]]", [1]),
    ],
)
def test_what_has_a_value_gives_way_to_it_and_the_rest_stays(written, resolved):
    (found,) = Resolver(parse("x", PARTS % written), {}).resources()
    assert found.properties == {"P": resolved}


def test_a_property_without_a_value_is_left_out():
    resolver = Resolver(parse("x", PARTS % "!If [Never, 1, !Ref AWS::NoValue]"), {})
    assert resolver.resources()[0].properties == {}
    assert resolver.resolve({"Ref": "AWS::NoValue"}) is NO_VALUE


def test_a_condition_that_cannot_be_decided_is_an_error_and_not_a_guess():
    resolver = Resolver(parse("x", PARTS % "1"), {})
    with pytest.raises(TemplateError, match=r"x\.yaml: a Condition depends on .*Elsewhere.*, whose value is not known"):
        resolver.holds("Unknown")
    with pytest.raises(TemplateError, match=r"x\.yaml: Fn::Select is not a function for Conditions"):
        resolver.holds("Strange")
    assert Resolver(resolver.template, {"Elsewhere": "x"}).holds("Unknown")
