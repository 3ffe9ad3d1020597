"""Names of stages: none whose policies or resources could be taken for another stage's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from generator import catalogue
from tests.contracts.reading import RESOURCES, TEMPLATES, nodes

LONGEST = "a" * 12
STAGES = ("d", "de", "dev", "dev2", "devdev", "prod", LONGEST)
# Of the types whose names policies match: what AWS takes at most (each type's CreateX in AWS's API references).
MOST = {
    "AWS::DynamoDB::Table": 255,
    "AWS::ECR::Repository": 256,
    "AWS::ECS::Cluster": 255,
    "AWS::ECS::Service": 255,
    "AWS::IAM::InstanceProfile": 128,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
    "AWS::SNS::Topic": 256,
}
RANDOM = 14  # a hyphen, and up to 13 letters and digits, that CloudFormation appends


def patterns() -> Iterator[tuple[str, str]]:
    """Every resource that a policy names by the project's name, and where."""
    for stack, template in TEMPLATES.items():
        for node in nodes(template["Resources"]):
            listed = node.get("Resource", []) if "Effect" in node else []
            for one in listed if isinstance(listed, list) else [listed]:
                text = one.get("Fn::Sub", "") if isinstance(one, dict) else one
                if catalogue.PROJECT in text:
                    yield stack, text


def test_the_names_of_stages_are_those_that_the_rule_says():
    allowed = re.compile(catalogue.STAGE_NAME)
    assert all(allowed.fullmatch(name) for name in STAGES)
    assert not any(allowed.fullmatch(name) for name in ("", "dev-2", "2dev", "Dev", f"{LONGEST}a", "dev_2"))


def test_no_policy_of_one_stage_reaches_the_resources_of_another():
    assert len({text for _, text in patterns()}) > 10
    for stack, text in patterns():
        assert re.search(r"sentiment[-/]\$\{Stage\}[-/]", text), f"{stack}: {text}"
        for ours in STAGES:
            for theirs in set(STAGES) - {ours}:
                named = text.replace("${Stage}", theirs).replace("*", "x")
                assert not fnmatchcase(named, text.replace("${Stage}", ours)), f"{stack}: {text}"


def test_no_generated_name_is_so_long_that_the_stage_in_it_is_cut_off():
    """CloudFormation shortens names that would be too long, and no policy would match them any more."""
    long = []
    for stack, name, body in RESOURCES:
        made = f"{catalogue.stack_name(LONGEST, stack)}-{name}"
        if len(made) + RANDOM > MOST.get(body["Type"], len(made) + RANDOM):
            long.append(made)
    assert long == []
    assert {body["Type"] for _, _, body in RESOURCES} >= MOST.keys()
