"""What a piece of a template refers to, whatever the function."""

from __future__ import annotations

import pytest

from scripts.cloudformation.references import names


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"Ref": "Vpc"}, ["Vpc"]),
        ({"Ref": "AWS::Region"}, []),
        ({"Fn::GetAtt": ["Vpc", "CidrBlock"]}, ["Vpc"]),
        ({"Fn::Sub": "${AWS::Region} ${Vpc.CidrBlock} ${!Vpc} ${Stage}"}, ["Vpc", "Stage"]),
        ({"Fn::Sub": ["${It} ${Stage}", {"It": {"Ref": "Vpc"}}]}, ["Stage", "Vpc"]),
        ({"Fn::If": ["Always", {"Ref": "One"}, [{"a": {"Ref": "Two"}}, {"Ref": "One"}]]}, ["One", "Two", "One"]),
        ("text", []),
    ],
)
def test_names_are_found_in_their_order(tree, found):
    assert list(names(tree)) == found
