"""Every type in the templates is priced or said to be free; every price has a source, in every region."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from generator.stacks.operations import switch
from scripts.cloudformation import templates
from scripts.costs import prices, usage, worst
from scripts.costs.prices import FILE
from scripts.stage import settings
from tests.contracts.reading import RESOURCES

TABLE = tomllib.loads(FILE.read_text())
REGIONS = {name: body for name, body in TABLE.items() if name not in ("date", "checked", "sources", "free")}


def test_every_type_of_resource_is_priced_or_said_to_be_free():
    types = {body["Type"] for _, _, body in RESOURCES}
    unknown = sorted(types - usage.COSTS.keys() - usage.FREE.keys())
    assert unknown == [], "say in scripts/costs/usage.py what they cost (COSTS) or why they are free (FREE)"
    assert usage.COSTS.keys() & usage.FREE.keys() == set()


def test_endpoints_that_cost_by_the_hour_are_not_taken_for_free():
    kinds = {
        body["Properties"].get("VpcEndpointType", "Gateway")
        for _, _, body in RESOURCES
        if body["Type"] == "AWS::EC2::VPCEndpoint"
    }
    assert kinds <= {"Gateway"}


def test_regions_have_the_same_prices_each_with_a_source():
    names = {frozenset(table) for table in REGIONS.values()}
    assert len(names) == 1
    for name in next(iter(names)):
        assert TABLE["sources"][name.partition(".")[0]].startswith("https://")
    assert set(REGIONS) == {"us-east-1", "eu-central-1"}


def test_what_is_free_has_a_price():
    for offer in ("always", "twelve_months"):
        assert TABLE["free"][offer].keys() <= REGIONS["us-east-1"].keys()


def test_the_file_says_of_which_day_it_is():
    assert isinstance(TABLE["date"], date)
    assert TABLE["checked"].keys() == REGIONS.keys()
    for checked in TABLE["checked"].values():
        assert checked.keys() <= TABLE["sources"].keys() | REGIONS["us-east-1"].keys()
        assert min(checked.values()) > TABLE["date"]


# --- what strangers can cost -------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", REGIONS)
def test_the_alarm_on_traffic_counts_no_less_than_the_costliest_request_costs(region):
    found = prices.load(region)
    assert worst.call_usd(found) <= switch.CALL_USD
    assert worst.gb_usd(found) <= switch.GB_USD
    assert found.of("dynamodb.read") <= switch.READ_USD
    assert worst.lambda_usd(found) <= switch.LAMBDA_SECOND_USD


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("stage", [name for name in settings.stages() if settings.load(name).place == "aws"])
def test_no_stranger_can_make_a_stage_cost_more_than_its_budget(stage, region):
    found = worst.compute(templates.load_all(), settings.load(stage), prices.load(region))
    assert found.closes
    assert found.total <= found.budget
