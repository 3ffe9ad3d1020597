"""What the doctor finds in an account: each failure with its fix, against recorded answers."""

import pytest

from generator import catalogue
from scripts.cloudformation.stacks import StackState
from scripts.look import account
from scripts.look.findings import check
from scripts.release import zones
from scripts.stage import settings
from scripts.stage.errors import AdviceError, DeployError, ForeignStackError
from scripts.stage.settings import Settings

DEV = settings.load("dev")


def stage(**values):
    return Settings("dev", {**DEV.values, **values})


@pytest.fixture(autouse=True)
def number(monkeypatch):
    monkeypatch.setattr("tests.unit.scripts.stubs.StubbedCloud.account", "123456789012")


def test_a_stack_of_somebody_else_with_our_name_is_a_failure(cloud):
    name = catalogue.stack_name("dev", "data")
    with pytest.raises(ForeignStackError, match=name):
        account.names(cloud, {name: StackState(name, "arn", "CREATE_COMPLETE")})
    assert account.names(cloud, {}) == "free"


def test_the_zones_are_told_by_id_and_a_region_that_aws_does_not_list_is_a_warning(cloud, monkeypatch):
    monkeypatch.setattr(zones, "fitting", lambda cloud, instance_type: {"euc1-az1": "a", "euc1-az2": "b"})
    assert account.two_zones(cloud, DEV, {}) == "euc1-az1 (a) and euc1-az2 (b)"
    monkeypatch.delitem(zones.VPC_LINKS, "eu-central-1")
    with pytest.raises(AdviceError, match="did not name eu-central-1") as told:
        account.two_zones(cloud, DEV, {})
    assert "apigateway-vpc-links-v2" in told.value.next_step


@pytest.mark.parametrize(
    ("chosen", "runs", "problem"),
    [("t3.micro", ["x86_64"], ""), ("t4g.micro", ["arm64"], ""), ("t3.micro", ["arm64"], "image would be for amd64")],
)
def test_the_instance_type_runs_what_the_image_is_built_for(cloud, chosen, runs, problem):
    entry = {"InstanceType": chosen, "ProcessorInfo": {"SupportedArchitectures": runs}}
    cloud.stub("ec2").add_response("describe_instance_types", {"InstanceTypes": [entry]}, {"InstanceTypes": [chosen]})
    finding = check("x", lambda: account.instance_type(cloud, stage(instance_type=chosen)))
    assert finding.passed == (not problem)
    assert problem in finding.detail


def test_an_instance_type_that_the_region_lacks_is_a_failure(cloud):
    cloud.stub("ec2").add_client_error("describe_instance_types", "InvalidInstanceType", "no such type")
    with pytest.raises(DeployError, match=r"eu-central-1 has no t3\.micro") as raised:
        account.instance_type(cloud, DEV)
    assert "instance_type" in raised.value.next_step


@pytest.mark.parametrize(
    ("cloud_front", "block", "passed"),
    [
        ("false", {"BlockPublicAcls": True}, True),
        ("false", {"BlockPublicPolicy": True}, False),
        ("false", {"RestrictPublicBuckets": True}, False),
        ("false", None, True),
    ],
)
def test_an_account_that_blocks_public_buckets_cannot_have_a_public_page(cloud, cloud_front, block, passed):
    stubber = cloud.stub("s3control")
    if block is None:
        stubber.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration", "none")
    else:
        stubber.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": block})
    finding = check("x", lambda: account.public_page(cloud, stage(cloud_front=cloud_front)))
    assert finding.passed == passed
    assert passed or {"cloud_front", "delete-public-access-block"} <= {*finding.fix.replace("`", " ").split()}


def test_a_page_behind_cloudfront_needs_no_public_bucket(cloud):
    assert "not needed" in account.public_page(cloud, stage(cloud_front="true"))


def roles(*names):
    common = {"Path": "/aws-service-role/", "RoleId": "AROA1234567890123", "Arn": "arn:aws:iam::1:role/x-role-name"}
    return {"Roles": [{**common, "RoleName": f"AWSServiceRoleFor{name}", "CreateDate": 0} for name in names]}


def test_an_account_that_never_had_a_load_balancer_may_have_to_be_verified(cloud):
    cloud.stub("iam").add_response("list_roles", roles("ECS"), {"PathPrefix": "/aws-service-role/"})
    with pytest.raises(AdviceError, match="never had a load balancer") as told:
        account.linked_roles(cloud)
    assert "Account and billing" in told.value.next_step
    cloud.stub("iam").add_response("list_roles", roles(*account.LINKED_ROLES), {"PathPrefix": "/aws-service-role/"})
    assert account.linked_roles(cloud) == "all there"


@pytest.mark.parametrize(
    ("subscribed", "detail"),
    [("arn:aws:sns:x", "confirmed"), ("PendingConfirmation", "has not confirmed"), (None, "has not confirmed")],
)
def test_an_alarm_address_counts_once_it_is_confirmed(cloud, subscribed, detail):
    topic = "arn:aws:sns:eu-central-1:1:alarms"
    tags = {"project": "sentiment", "stage": "dev"}
    found = {"a": StackState("a", "arn", "CREATE_COMPLETE", outputs={"AlarmTopicArn": topic}, tags=tags)}
    entries = [{"Endpoint": "a@example.com", "SubscriptionArn": subscribed}] if subscribed else []
    cloud.stub("sns").add_response("list_subscriptions_by_topic", {"Subscriptions": entries}, {"TopicArn": topic})
    finding = check("x", lambda: account.alarm_address(cloud, stage(alarm_email="a@example.com"), found))
    assert finding.passed
    assert detail in finding.detail
    assert finding.warning == (detail != "confirmed")


def test_an_address_that_a_deployment_was_given_counts_too(cloud):
    topic, tags = "arn:aws:sns:eu-central-1:1:alarms", {"project": "sentiment", "stage": "dev"}
    given = {"AlarmEmail": "b@example.com"}
    found = {"a": StackState("a", "x", "CREATE_COMPLETE", "", {"AlarmTopicArn": topic}, given, tags)}
    entries = [{"Endpoint": "b@example.com", "SubscriptionArn": "arn:aws:sns:x"}]
    cloud.stub("sns").add_response("list_subscriptions_by_topic", {"Subscriptions": entries}, {"TopicArn": topic})
    assert account.alarm_address(cloud, stage(alarm_email=""), found) == "b@example.com, confirmed"


def test_without_an_alarm_address_nobody_hears(cloud):
    with pytest.raises(AdviceError, match="nobody hears"):
        account.alarm_address(cloud, stage(alarm_email=""), {})


@pytest.mark.parametrize(("used", "passed"), [(3, True), (5, False)])
def test_a_quota_that_is_used_up_is_a_failure(cloud, used, passed):
    vpcs = next(each for each in account.quotas(DEV, new=True, network={}) if each.what == "VPCs")
    asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    cloud.stub("service-quotas").add_client_error("get_service_quota", "NoSuchResourceException", "never changed")
    cloud.stub("service-quotas").add_response("get_aws_default_service_quota", {"Quota": {"Value": 5.0}}, asked)
    cloud.stub("ec2").add_response("describe_vpcs", {"Vpcs": [{"VpcId": str(number)} for number in range(used)]})
    finding = check("x", lambda: vpcs.check(cloud))
    assert finding.passed == passed
    assert f"{used} of 5 used" in finding.detail
    assert passed or "--quota-code L-F678F1CE --desired-value 6" in finding.fix


def test_virtual_cpus_are_counted_of_running_standard_instances(cloud):
    cores = next(each for each in account.quotas(DEV, new=True, network={}) if each.what == "virtual CPUs")
    types = {"InstanceTypes": [{"InstanceType": "t3.micro", "VCpuInfo": {"DefaultVCpus": 2}}]}
    instances = [
        {"InstanceType": "m5.large", "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2}},
        {"InstanceType": "p3.large", "CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 2}},
        {"InstanceType": "inf2.xlarge", "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 2}},
    ]
    cloud.stub("service-quotas").add_response("get_service_quota", {"Quota": {"Value": 5.0}})
    ec2 = cloud.stub("ec2")
    ec2.add_response("describe_instances", {"Reservations": [{"Instances": instances}]})
    ec2.add_response("describe_instance_types", types)
    with pytest.raises(DeployError, match="2 of 5 used, but the stage needs 6 more"):
        cores.check(cloud)


def test_a_stage_that_is_deployed_needs_no_more_of_anything(cloud):
    assert {each.needed(cloud) for each in account.quotas(DEV, new=False, network={})} == {0.0}


@pytest.mark.parametrize(
    ("before", "needed"), [({}, 2), ({"PrivateNetwork": "false"}, 2), ({"PrivateNetwork": "true"}, 0)]
)
def test_a_stage_whose_network_becomes_private_needs_addresses_for_its_gateways(cloud, before, needed):
    addresses = next(
        each
        for each in account.quotas(stage(private_network="true"), new=not before, network=before)
        if each.what == "addresses"
    )
    assert addresses.needed(cloud) == needed
