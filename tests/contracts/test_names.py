"""Names that templates give: none that a second region of the account, or a replacement, would find taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from generator import regions
from tests.contracts.reading import RESOURCES, TEMPLATES, nodes

# Properties that name something and cannot be changed, with a value that is the same at each replacement: the new one
# is made first, and finds its name taken. Each says why that does not happen.
FIXED = {
    ("AWS::ApiGatewayV2::Stage", "StageName"): "a stage is named within its API, which is replaced with it",
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): "named within its target, which is replaced with it",
    ("AWS::ECS::TaskDefinition", "Family"): "a replacement is another revision of the family, which is the point",
    (
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
    ): "nothing of the boundary that differs is create-only",
    ("AWS::Events::Rule", "Name"): "nothing else that a stage can change replaces a rule",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "it names AWS's service, not the endpoint",
}
# Names that the whole account shares, whatever the region: they have the region in them.
ACCOUNT_WIDE = {
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig/Name"),
    ("AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig/Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    # These would have to, if they were named at all.
    ("AWS::Budgets::Budget", "Budget/BudgetName"),
    ("AWS::CloudWatch::Dashboard", "DashboardName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::S3::Bucket", "BucketName"),
}


def value_at(body: dict[str, Any], path: str) -> Any:
    value: Any = body.get("Properties", {})
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def depends_on_another_resource(stack: str, value: Any) -> bool:
    names = TEMPLATES[stack]["Resources"].keys() | (TEMPLATES[stack].get("Parameters", {}).keys() - {"Stage"})
    return any(name in names for name in re.findall(r"\w+", str(value)))


def named() -> set[tuple[str, str]]:
    """Type and property of every create-only name with a fixed value."""
    found = set()
    for stack, _, body in RESOURCES:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", body["Type"]).schema
        for pointer in schema.get("createOnlyProperties") or []:
            path = pointer.removeprefix("/properties/")
            value = value_at(body, path)
            names = re.search(r"(Name|Family|Alias|Identifier)$", path)
            if names and value is not None and not depends_on_another_resource(stack, value):
                found.add((body["Type"], path))
    return found


def test_each_fixed_name_that_cannot_be_changed_has_its_reason():
    assert named() == FIXED.keys()


@pytest.mark.parametrize(("type_", "path"), sorted(ACCOUNT_WIDE))
def test_what_is_named_for_the_whole_account_has_the_region_in_its_name(type_, path):
    for stack, name, body in RESOURCES:
        value = value_at(body, path) if body["Type"] == type_ else None
        assert value is None or "${AWS::Region}" in str(value), f"{stack}.{name}"


def test_the_other_notifications_of_a_budget_make_another_budget():
    """They are create-only: a name of ours would be taken by the one that is replaced."""
    ((_, _, budget),) = [each for each in RESOURCES if each[2]["Type"] == "AWS::Budgets::Budget"]
    assert "BudgetName" not in budget["Properties"]["Budget"]


def test_regions_without_budgets_are_those_in_which_cloudformation_has_none():
    known = {region for region in BOTH if not region.startswith(("cn-", "us-", "eu-iso", "eusc-"))}
    lacking = {
        region
        for region in known
        if "AWS::Budgets::Budget" not in PROVIDER_SCHEMA_MANAGER.get_resource_types(region=region)
    }
    assert lacking == set(regions.WITHOUT_BUDGETS)


BOTH = {*regions.BY_DEFAULT, *regions.WITHOUT_BUDGETS, *regions.WITHOUT_CLOUDFRONT_LOGS}


@pytest.mark.parametrize("region", regions.BY_DEFAULT)
def test_every_region_that_is_on_by_default_has_every_type_but_budgets(region):
    there = PROVIDER_SCHEMA_MANAGER.get_resource_types(region=region)
    lacked = {body["Type"] for _, _, body in RESOURCES} - set(there)
    assert lacked == ({"AWS::Budgets::Budget"} if region in regions.WITHOUT_BUDGETS else set())


def test_what_a_region_lacks_is_told_in_sentences():
    assert regions.lacking("eu-central-1", cloud_front=True) == []
    (budgets,) = regions.lacking("eu-north-1", cloud_front=True)
    assert "no budgets in eu-north-1" in budgets
    assert "traffic_cents" in budgets, "what still closes the API"
    assert "no access log" in regions.lacking("me-south-1", cloud_front=True)[0]
    assert regions.lacking("me-south-1", cloud_front=False) == []


def test_a_region_in_which_no_stage_can_be_says_why():
    assert not any(regions.unsuitable(region) for region in (*regions.BY_DEFAULT, "me-south-1"))
    assert "no budgets in eu-south-1" in regions.unsuitable("eu-south-1")
    assert "commercial" in regions.unsuitable("cn-north-1")


def test_a_region_without_budgets_gets_a_template_without_one():
    condition = TEMPLATES["operations"]["Conditions"]["RegionHasBudgets"]
    compared = [each["Fn::Equals"][1] for each in nodes(condition) if "Fn::Equals" in each]
    assert compared == ["ap-northeast-3", "eu-north-1"] == list(regions.NO_BUDGET_BY_DEFAULT)
    assert TEMPLATES["operations"]["Resources"]["Budget"]["Condition"] == "RegionHasBudgets"
