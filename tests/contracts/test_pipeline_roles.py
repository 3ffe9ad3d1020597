"""What the pipelines' roles and the boundary say. That they hold is tried on the laptop cloud: tests/local."""

from __future__ import annotations

import json
import re

import boto3
import pytest

from generator import catalogue
from generator.stacks.pipeline import boundary_policy, deploying
from scripts import ROOT
from scripts.look import rights
from scripts.stage import settings
from tests.contracts import evaluating, handlers
from tests.contracts.evaluating import Asked
from tests.contracts.reading import TEMPLATES, resource, resources_of

ROLES = ("Site", "Service", "Infrastructure", "Plan", "Retrain")
APP = {stack: template for stack, template in TEMPLATES.items() if stack != "pipeline"}
IF_BOUNDED = {
    "Fn::If": [
        "Bounded",
        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/sentiment-${Stage}-boundary-${AWS::Region}"},
        {"Ref": "AWS::NoValue"},
    ]
}


def statements(name: str) -> list[dict]:
    """All statements of a role."""
    (policy,) = resource("pipeline", f"{name}Role")["Policies"]
    return policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("name", ROLES)
def test_a_role_trusts_one_environment_of_one_repository(name):
    (trust,) = resource("pipeline", f"{name}Role")["AssumeRolePolicyDocument"]["Statement"]
    issuer = catalogue.GITHUB_ISSUER
    assert trust["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": {"Fn::Sub": f"repo:${{PipelineRepository}}:environment:${{Stage}}-{name.lower()}"},
        }
    }
    assert trust["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert name.lower() in catalogue.PIPELINES


@pytest.mark.parametrize("name", ROLES)
def test_no_role_is_allowed_everything_of_a_service(name):
    for one in statements(name):
        if one["Effect"] == "Allow":
            for action in one["Action"]:
                assert "*" not in action or re.match(r"^[\w-]+:(Describe|List)\*$", action), action


def test_cloudformation_alone_assumes_the_role_that_it_deploys_with():
    (trust,) = resource("pipeline", "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole"]


@pytest.mark.parametrize("name", ["Plan", "Service", "Infrastructure"])
def test_a_pipeline_passes_that_role_to_cloudformation_alone(name):
    role = evaluating.Role(f"{name}Role", "dev")
    deploy = f"arn:aws:iam::{evaluating.ACCOUNT}:role/sentiment-dev-pipeline-DeployRole-1A2B"
    to = (("iam:PassedToService", "cloudformation.amazonaws.com"),)
    assert role.allows(Asked("iam:PassRole", deploy, to))
    assert not role.allows(Asked("iam:PassRole", deploy, (("iam:PassedToService", "ec2.amazonaws.com"),)))
    assert not role.allows(Asked("iam:PassRole", deploy.replace("DeployRole", "PlanRole"), to))
    assert not role.allows(Asked("iam:PassRole", deploy.replace("-dev-", "-prod-"), to))
    assert not role.allows(Asked("sts:AssumeRole", deploy))


TYPES = sorted({body["Type"] for template in APP.values() for body in template["Resources"].values()})
BOUNDED = (("iam:PermissionsBoundary", f"arn:aws:iam::{evaluating.ACCOUNT}:policy/sentiment-dev-boundary-us-east-1"),)
NETWORKS = ("iam:PolicyARN", f"arn:aws:iam::{evaluating.ACCOUNT}:policy/sentiment-dev-network-LambdaNetworkPolicy-1")
CONTEXTS = {
    "iam:AttachRolePolicy": (*BOUNDED, NETWORKS),
    "iam:DetachRolePolicy": (*BOUNDED, NETWORKS),
    "iam:CreateServiceLinkedRole": (("iam:AWSServiceName", "ecs.amazonaws.com"),),
    "iam:PassRole": (("iam:PassedToService", "lambda.amazonaws.com"),),
}


@pytest.mark.parametrize("type_", TYPES)
def test_cloudformation_may_make_every_call_that_a_type_of_resource_needs(type_):
    """The calls come from the type's own schema, for resources named as the stage's stacks have them named."""
    role = evaluating.Role("DeployRole", "dev")
    questions = [
        Asked(call, arn, CONTEXTS.get(call, BOUNDED)) for call in handlers.of_type(type_) for arn in named(call)
    ]
    assert evaluating.refused(role, questions) == []


def named(call: str) -> tuple[str, ...]:
    if call == "iam:CreateServiceLinkedRole":
        return (f"arn:aws:iam::{evaluating.ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",)
    return handlers.named(call, "sentiment-dev-network-x")


def test_cloudformation_may_look_at_the_bill_whenever_it_touches_a_budget():
    """AWS asks for it beside each call of Budgets; no schema says so."""
    assert evaluating.Role("DeployRole", "dev").allows(Asked("billing:GetBillingViewData"))


@pytest.mark.parametrize("call", deploying.DATA)
def test_cloudformation_touches_no_data(call):
    role = evaluating.Role("DeployRole", "dev")
    for arn in ("*", *handlers.named(call.replace("*", "Select"), "sentiment-dev-data-x")):
        assert not role.allows(Asked(call.replace("*", "Select"), arn))
    assert not role.allows(Asked("s3:GetObject", "arn:aws:s3:::sentiment-dev-data-exportbucket-1/a"))
    assert not role.allows(Asked("s3:PutObject", "arn:aws:s3:::sentiment-dev-artifacts-bucket-1/a"))


def test_only_cloudformation_may_touch_iam_and_never_without_the_boundary():
    writes = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"}
    for name in (*ROLES, "Deploy"):
        for one in statements(name):
            touched = writes & set(one["Action"]) if one["Effect"] == "Allow" else set()
            assert not touched or name == "Deploy"
            if touched:
                bounded = one["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
                assert bounded == IF_BOUNDED["Fn::If"][1]
            if one["Effect"] == "Allow":
                assert not {"iam:DeleteRolePermissionsBoundary", "iam:CreateUser", "iam:CreateAccessKey"} & set(
                    one["Action"]
                )


def test_the_infrastructure_role_reads_no_object_but_the_code_that_it_deploys():
    reading = [
        one
        for one in statements("Infrastructure")
        if one["Effect"] == "Allow" and any(action.lower().startswith("s3:getobject") for action in one["Action"])
    ]
    assert [one["Resource"] for one in reading] == [
        [{"Fn::Sub": "arn:${AWS::Partition}:s3:::sentiment-${Stage}-artifacts-*/*"}]
    ]


@pytest.mark.parametrize("name", ROLES)
def test_a_star_alone_stands_where_aws_offers_no_narrower_form(name):
    """All stacks are looked through by tag."""
    for one in statements(name):
        if one["Effect"] == "Allow" and one["Resource"] == ["*"]:
            for action in one["Action"]:
                assert handlers.resources(action) == ("*",) or action == "cloudformation:DescribeStacks", action


@pytest.mark.parametrize("name", [*ROLES, "Deploy"])
def test_every_condition_has_a_value(name):
    for one in statements(name):
        for test in one.get("Condition", {}).values():
            assert all(values not in ([], "", None) for values in test.values()), one


def test_policies_beside_roles_are_the_networks_alone():
    """A policy binds nobody until a role carries it, and a role carries none of the pipelines'."""
    networks = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/sentiment-${Stage}-network-*"}
    found = statements("Deploy")
    (made,) = [one for one in found if "iam:CreatePolicy" in one["Action"]]
    (attached,) = [one for one in found if "iam:AttachRolePolicy" in one["Action"]]
    assert made["Resource"] == [networks]
    assert attached["Condition"]["ArnLike"] == {"iam:PolicyARN": networks}
    (never,) = [one["Resource"] for one in found if one["Effect"] == "Deny" and one["Action"] == ["iam:*"]]
    assert [arn["Fn::Sub"].rpartition(":")[2] for arn in never] == [
        "role/sentiment-${Stage}-pipeline-*",
        "policy/sentiment-${Stage}-pipeline-*",
        "policy/sentiment-${Stage}-boundary-*",
    ]


def test_the_apps_roles_are_passed_to_named_services_alone():
    for one in [one for one in statements("Deploy") if "iam:PassRole" in one["Action"]]:
        services = one["Condition"]["StringEquals"]["iam:PassedToService"]
        taking = {
            service
            for template in APP.values()
            for body in template["Resources"].values()
            if body["Type"] == "AWS::IAM::Role"
            for service in [body["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]]
        }
        assert set(services) == taking
        assert all("role/sentiment-${Stage}-" in arn["Fn::Sub"] for arn in one["Resource"])


@pytest.mark.parametrize("name", ["Site", "Service", "Infrastructure"])
def test_whoever_changes_the_stage_may_hold_its_lock_and_overwrite_no_other_parameter(name):
    """Nothing is narrower: generations are named by number. ``scripts.stage.lock`` says what is done with them."""
    ours = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/sentiment/${Stage}"
    found: dict[str, set[str]] = {}
    for one in statements(name):
        for action in one["Action"]:
            if action in {"ssm:DeleteParameter", "ssm:PutParameter", "ssm:GetParametersByPath"}:
                found.setdefault(action, set()).update(arn["Fn::Sub"].removeprefix(ours) for arn in one["Resource"])
    history = set() if name == "Site" else {"/images"}
    assert found == {
        "ssm:DeleteParameter": {"/lock/*"},
        "ssm:PutParameter": {"/lock/*", *history},
        "ssm:GetParametersByPath": {"/lock"},
    }


def test_the_plan_may_execute_and_delete_nothing():
    actions = {action for one in statements("Plan") if one["Effect"] == "Allow" for action in one["Action"]}
    assert not [action for action in actions - {"iam:PassRole"} if action.startswith(("iam:", "s3:", "ecs:"))]
    assert all(re.match(r"ec2:Describe|ssm:GetParameters$|cloudformation:|iam:PassRole$", action) for action in actions)
    assert "cloudformation:CreateChangeSet" in actions
    assert not {"cloudformation:ExecuteChangeSet", "cloudformation:DeleteStack", "ssm:PutParameter"} & actions


def test_every_role_of_the_app_is_bounded_where_pipelines_deploy():
    roles = [
        (stack, name, body["Properties"])
        for stack, template in APP.items()
        for name, body in template["Resources"].items()
        if body["Type"] == "AWS::IAM::Role"
    ]
    assert len(roles) >= 5
    for stack, name, properties in roles:
        assert properties.get("PermissionsBoundary") == IF_BOUNDED, f"{stack}.{name}: boundary.of_roles(template)"


def test_the_boundary_has_every_call_of_the_apps_roles_and_none_that_makes_roles():
    document = resource("pipeline", "RoleBoundary")["PolicyDocument"]
    inside = {action for one in document["Statement"] for action in one["Action"]}
    assert boundary_policy.actions_of(APP.values()) == inside
    assert not [
        action for action in inside if action.split(":")[0] in ("iam", "sts", "organizations", "cloudformation")
    ]


def test_a_role_carries_no_policy_but_ours():
    """What is in one of AWS's own changes without us, and would have to be in the boundary."""
    ours = {"Fn::If": ["WithPrivateNetwork", [{"Ref": "LambdaNetworkPolicyArn"}], {"Ref": "AWS::NoValue"}]}
    for stack, template in APP.items():
        for name, body in template["Resources"].items():
            carried = body.get("Properties", {}).get("ManagedPolicyArns", ours)
            assert carried == ours, f"{stack}.{name}"
    ((name, _),) = [
        (name, body)
        for name, body in TEMPLATES["network"]["Resources"].items()
        if body["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert TEMPLATES["network"]["Outputs"]["LambdaNetworkPolicyArn"]["Value"]["Fn::If"][1] == {"Ref": name}


def test_no_policy_is_larger_than_iam_takes():
    """IAM counts characters without white space: 6,144 of a managed policy, 10,240 of a role's own together."""
    for title, body in resources_of("pipeline", "AWS::IAM::ManagedPolicy").items():
        assert len(_filled_in(body["PolicyDocument"])) <= 6_144, title
    for name in (*ROLES, "Deploy"):
        assert len(_filled_in(resource("pipeline", f"{name}Role")["Policies"][0]["PolicyDocument"])) <= 10_240, name


def _filled_in(document: dict) -> str:
    """The document as IAM gets it, with the longest names that a stage and a region can have."""
    text = json.dumps(document, separators=(",", ":"))
    text = re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", text)
    values = {"AWS::Partition": "aws", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "1" * 12, "Stage": "s" * 16}
    return re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1]], text)


def test_the_doctor_asks_about_every_call_that_pipelines_need_to_deploy():
    """What they need, an administrator's deployment needs too; tests/second records it call by call."""
    needed = {
        action
        for name in ("Site", "Service", "Infrastructure")
        for one in statements(name)
        if one["Effect"] == "Allow"
        for action in one["Action"]
    }
    asked = rights.of_stage(settings.load("prod"), evaluating.REGION)
    assert sorted(needed - set(asked)) == ["logs:GetLogEvents"], "a canary's, which no first deployment has"


def test_the_infrastructure_role_may_make_every_call_of_cloudformation_that_a_deployment_makes():
    known = boto3.client("cloudformation", region_name="us-east-1").meta.method_to_api_mapping
    rooms = [ROOT / "scripts" / room for room in ("cloudformation", "release")]
    files = [file for room in rooms for file in room.glob("*.py") if file.name != "destroy.py"]
    sources = [file.read_text() for file in files]
    calls_in = re.compile(r"\.([a-z_]+)\(|get_paginator\(\"([a-z_]+)\"")
    named = {name for text in sources for found in calls_in.findall(text) for name in found}
    made = {f"cloudformation:{known[name]}" for name in named & known.keys()}
    allowed = {action for one in statements("Infrastructure") if one["Effect"] == "Allow" for action in one["Action"]}
    assert len(made) >= 8
    assert made - allowed == set()
