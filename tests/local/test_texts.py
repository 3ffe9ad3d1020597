"""Texts with markup come back from the laptop cloud as they were sent; the console shows what it is asked."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from tests.local.running import RunningApp
from tests.local.test_console import shown, token

pytestmark = pytest.mark.cloud
ODD = "reads <b> & writes ]]> \"all\" 'of' it"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TEMPLATE = {
    "Description": ODD,
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Description": ODD}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [{"Key": "of", "Value": ODD}]}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": ODD, "VpcId": {"Ref": "Vpc"}}},
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {"CidrBlock": "10.8.0.0/16", "Tags": [{"Key": "of", "Value": ODD}]},
        },
    },
}


def test_texts_of_a_template_come_back_as_they_are(own: RunningApp) -> None:
    cloud, name = own.cloud.client("cloudformation"), f"texts-{uuid.uuid4().hex[:8]}"
    cloud.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    try:
        cloud.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        found = cloud.describe_stack_resources(StackName=name)["StackResources"]
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        assert cloud.describe_stacks(StackName=name)["Stacks"][0]["Description"] == ODD
        assert role_description(own, ids["Role"]) == ODD
        tags = own.cloud.client("sns").list_tags_for_resource(ResourceArn=ids["Topic"])["Tags"]
        assert {"Key": "of", "Value": ODD} in tags
        ec2 = own.cloud.client("ec2")
        assert ec2.describe_security_groups(GroupIds=[ids["Group"]])["SecurityGroups"][0]["Description"] == ODD
        assert {"Key": "of", "Value": ODD} in ec2.describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"][0]["Tags"]
        assert ids["Role"] in json.dumps(shown(own, "roles"))
    finally:
        cloud.delete_stack(StackName=name)


def role_description(own: RunningApp, role: str) -> str:
    """As a list of all roles has it, which a single text could make unreadable."""
    pages = own.cloud.client("iam").get_paginator("list_roles").paginate()
    (found,) = (each["Description"] for page in pages for each in page["Roles"] if each["RoleName"] == role)
    return str(found)


@pytest.mark.parametrize("text", [ODD, "<", "&", "</Message>", "\x01", "é\x00"])
def test_what_is_not_found_is_named_as_it_was_asked_for(own: RunningApp, text: str) -> None:
    with pytest.raises(ClientError) as refused:
        own.cloud.client("iam").get_role(RoleName=text)
    assert refused.value.response["Error"]["Code"] == "NoSuchEntity"
    assert text.replace("\x01", "\ufffd").replace("\x00", "\ufffd") in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("resource", [f"arn:aws:s3:::bucket/{ODD}", "<", "&amp;", "arn:aws:s3:::x/</b>", "\x01"])
def test_the_simulator_takes_any_resource_and_call(own: RunningApp, resource: str) -> None:
    iam = own.cloud.client("iam")
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}}
    (found,) = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(policy)], ActionNames=["s3:GetObject"], ResourceArns=[resource]
    )["EvaluationResults"]
    assert (found["EvalDecision"], found["EvalResourceName"]) == ("allowed", resource.replace("\x01", "\ufffd"))

    role = stats_role(own)
    for action in ("s3:GetObject", "<a>", ODD):
        query = {"of": role, "action": action, "resource": resource}
        (verdict,) = [block for block in shown(own, "roles", encoded(query)) if block.get("tone")]
        assert verdict["note"] == "Denied: no statement allows it."
        assert verdict["title"] == f"{action} on {resource}"


def test_what_aws_would_not_accept_is_not_called_a_cloud_that_has_ended(own: RunningApp) -> None:
    query = encoded({"of": stats_role(own), "action": "s3"})
    answer = own.request("GET", f"/console/data/roles{query}", headers={"Authorization": f"Bearer {token(own)}"})
    assert answer.status == 400
    assert "Invalid length for parameter ActionNames[0]" in answer.json["message"]


def stats_role(own: RunningApp) -> str:
    roles = own.cloud.client("iam").list_roles()["Roles"]
    return next(str(each["RoleName"]) for each in roles if "StatsRole" in each["RoleName"])


def encoded(query: dict[str, Any]) -> str:
    return f"?{urlencode(query)}"
