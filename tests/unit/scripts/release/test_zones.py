"""The two zones of a stage: by zone id, with the instance type and VPC links, and never another pair afterwards."""

import pytest

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.cloudformation.stacks import StackState
from scripts.release import registry, zones
from scripts.stage import settings
from scripts.stage.errors import DeployError
from tests.unit.scripts.stubs import Recorder

DEV = settings.load("dev")
NETWORK = catalogue.stack_name("dev", "network")


@pytest.fixture
def account(cloud):
    """An account whose zone names are in an order of their own, and which zones offer the instance type."""

    def has(names, offered):
        ec2 = cloud.stub("ec2")
        described = [{"ZoneId": zone, "ZoneName": name} for name, zone in names.items()]
        asked = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
        ec2.add_response("describe_availability_zones", {"AvailabilityZones": described}, {"Filters": asked})
        wanted = {
            "LocationType": "availability-zone-id",
            "Filters": [{"Name": "instance-type", "Values": ["t3.micro"]}],
        }
        offers = [{"InstanceType": "t3.micro", "Location": zone} for zone in offered]
        ec2.add_response("describe_instance_type_offerings", {"InstanceTypeOfferings": offers}, wanted)

    return has


def network(**outputs):
    return {NETWORK: StackState(NETWORK, "arn:n", "UPDATE_COMPLETE", outputs=outputs)}


def test_the_zones_with_the_lowest_ids_are_chosen_whatever_their_letters(cloud, account):
    account(
        {"eu-central-1a": "euc1-az3", "eu-central-1b": "euc1-az1", "eu-central-1c": "euc1-az2"},
        ["euc1-az1", "euc1-az2", "euc1-az3"],
    )
    assert zones.of_stage(cloud, DEV, {}) == {"FirstZone": "eu-central-1b", "SecondZone": "eu-central-1c"}


def test_a_zone_without_vpc_links_or_without_the_instance_type_is_not_chosen(cloud, account, monkeypatch):
    monkeypatch.setattr(type(cloud), "region", "us-east-1")
    letters = {f"us-east-1{letter}": f"use1-az{number}" for number, letter in enumerate("abcdef", 1)}
    account(letters, ["use1-az1", "use1-az3", "use1-az4", "use1-az6"])
    assert zones.fitting(cloud, "t3.micro") == {"use1-az1": "us-east-1a", "use1-az4": "us-east-1d"}


def test_a_region_that_the_list_of_vpc_links_lacks_is_not_refused_for_that(cloud, account, monkeypatch):
    monkeypatch.setattr(type(cloud), "region", "xx-new-1")
    account({"xx-new-1a": "xxn1-az2", "xx-new-1b": "xxn1-az1"}, ["xxn1-az1", "xxn1-az2"])
    assert set(zones.fitting(cloud, "t3.micro")) == {"xxn1-az1", "xxn1-az2"}


def test_fewer_than_two_zones_are_an_error_that_names_what_there_is(cloud, account, monkeypatch):
    monkeypatch.setattr(type(cloud), "region", "us-west-1")
    account({"us-west-1a": "usw1-az1", "us-west-1b": "usw1-az2"}, ["usw1-az1", "usw1-az2"])
    with pytest.raises(DeployError, match=r"1 zones .* t3.micro and VPC links \(usw1-az1\)") as raised:
        zones.of_stage(cloud, DEV, {})
    assert "usw1-az3" in raised.value.message
    assert "--region" in raised.value.next_step


@pytest.mark.parametrize("parameters", [{}, {"FirstZone": "0", "SecondZone": "1"}])
def test_a_network_keeps_its_zones_and_nothing_is_asked(cloud, parameters):
    """Also one whose zones were chosen by their letters: another zone with the same addresses would be refused."""
    there = network(Zones="eu-central-1a,eu-central-1c")
    assert zones.of_stage(cloud, DEV, there) == {"FirstZone": "eu-central-1a", "SecondZone": "eu-central-1c"}


def test_a_network_that_was_never_made_has_no_zones_to_keep(cloud, account):
    account({"eu-central-1a": "euc1-az2", "eu-central-1b": "euc1-az3"}, ["euc1-az2", "euc1-az3"])
    found = {NETWORK: StackState(NETWORK, "arn:n", "ROLLBACK_COMPLETE", parameters={"FirstZone": "eu-central-1c"})}
    assert zones.of_stage(cloud, DEV, found) == {"FirstZone": "eu-central-1a", "SecondZone": "eu-central-1b"}


def test_every_list_of_vpc_links_has_two_zones_at_least():
    assert all(len(each) >= len(catalogue.ZONE_PARAMETERS) for each in zones.VPC_LINKS.values())


@pytest.mark.parametrize("region", ["eu-south-1", "cn-north-1"])
def test_a_region_in_which_no_stage_can_be_is_refused_before_anything_is_made(cloud, monkeypatch, region):
    monkeypatch.setattr(type(cloud), "region", region)
    monkeypatch.setattr(stacks, "describe", lambda *_: None)
    for refused in (
        lambda: zones.of_stage(cloud, DEV, {}),
        lambda: registry.ready(cloud, DEV, Recorder()),
    ):
        with pytest.raises(DeployError, match=region) as raised:
            refused()
        assert "--region" in raised.value.next_step
