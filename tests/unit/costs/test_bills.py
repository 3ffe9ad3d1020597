"""Three bills computed by hand, from prices and quantities written out here; and what follows from a bill."""

import re
from datetime import date

import pytest

from scripts.cloudformation import templates
from scripts.cloudformation.templates import parse
from scripts.costs import bill, compare, prices, registry, report, usage, worst
from scripts.costs.usage import Traffic
from scripts.stage import settings
from scripts.stage.errors import SettingsError, TemplateError
from scripts.stage.settings import Settings

HOURS = 730


@pytest.fixture(scope="module")
def app():
    return templates.load_all()


def bill_of(app, stage="dev", region="us-east-1", **traffic):
    return compare.compute(app, settings.load(stage), prices.load(region), Traffic(**traffic))


def worst_of(app, stage="dev", **other):
    chosen = settings.load(stage)
    return worst.compute(app, Settings(stage, {**chosen.values, **other}), prices.load("us-east-1"))


def amounts(found, resource_id):
    return {line.use.price: line.amount for line in found.lines if line.resource.id == resource_id}


def test_an_idle_stage_in_virginia(app):
    """One t3.micro with its address and its disk, and a load balancer that nobody calls."""
    found = bill_of(app)
    assert amounts(found, "AutoScalingGroup") == pytest.approx(
        {"ec2.t3.micro": 0.0104 * HOURS, "vpc.address": 0.005 * HOURS, "ebs.gp3": 30 * 0.08}
    )
    assert amounts(found, "LoadBalancer") == pytest.approx({"elb.hour": 0.0225 * HOURS})
    fixed = sum(line.amount for line in found.lines if line.resource.stack in ("cluster", "network"))
    assert fixed == pytest.approx(7.592 + 3.65 + 2.40 + 16.425, abs=0.001)


def test_a_million_requests_in_frankfurt(app):
    """Half a million predictions and as many judgements; a hundred thousand visits load the page."""
    found = bill_of(app, region="eu-central-1", requests=1_000_000)
    assert amounts(found, "HttpApi") == pytest.approx(
        {"apigateway.request": 1.20, "transfer.gb": 1_000_000 * 900 / 1024**3 * 0.09}
    )
    # Eight write units a judgement: two for each of these tables, four for the ledger; 1,000 bytes kept.
    kept = 500_000 * 1_000 / 1024**3
    assert amounts(found, "JudgementsTable") == pytest.approx(
        {"dynamodb.write": 1_000_000 * 0.7625e-6, "dynamodb.storage": kept * 0.306, "dynamodb.backup": kept * 0.2448}
    )
    # 0.05 s of a quarter of a GB each; a tenth of the requests asks for statistics.
    assert amounts(found, "RecordFunction") == pytest.approx(
        {"lambda.request": 0.10, "lambda.arm": 500_000 * 0.05 * 0.25 * 0.0000133334}
    )
    assert amounts(found, "StatsFunction")["lambda.request"] == pytest.approx(0.02)
    assert amounts(found, "SiteBucket")["s3.get"] == pytest.approx(100_000 * 18 * 0.43e-6)
    # 500,000 predictions in 730 hours are 0.19 a second: 0.0076 of a load balancer's capacity unit.
    assert amounts(found, "LoadBalancer")["elb.lcu"] == pytest.approx(500_000 / 3600 / 25 * 0.008)


def test_a_private_page_that_sleeps_at_night_on_arm(app):
    """A t4g.micro, awake half of the time, with CloudFront and ten thousand requests."""
    other = {"InstanceType": "t4g.micro", "CloudFront": "true"}
    chosen = prices.load("us-east-1")
    found = compare.compute(app, settings.load("dev"), chosen, Traffic(requests=10_000, awake=0.5), other)
    assert amounts(found, "AutoScalingGroup") == pytest.approx(
        {"ec2.t4g.micro": 0.0084 * 365, "vpc.address": 0.005 * 365, "ebs.gp3": 30 * 0.08 / 2}
    )
    assert amounts(found, "LoadBalancer")["elb.hour"] == pytest.approx(0.0225 * HOURS), "it does not sleep"
    assert amounts(found, "Distribution") == pytest.approx(
        {"cloudfront.request": 1_000 * 18 * 1.0e-6, "cloudfront.gb": 1_000 * 61_440 / 1024**3 * 0.085}
    )
    assert "s3.get" not in amounts(found, "SiteBucket")


def test_more_traffic_takes_more_instances_up_to_the_stages_most(app):
    # 100 requests a minute for each task, four tasks of 192 MiB on a micro; the stage has three tasks at most.
    assert next(line.use.units for line in bill_of(app, requests=1e9).lines if "ec2" in line.use.price) == HOURS
    many = {"MaxTasks": "100", "MaxInstances": "3"}
    found = compare.compute(app, settings.load("dev"), prices.load(""), Traffic(requests=1e10), many)
    assert next(line.use.units for line in found.lines if "ec2" in line.use.price) == 3 * HOURS


def test_free_tiers_take_off_what_is_used_and_no_more(app):
    found = bill_of(app, requests=100_000)
    always = found.covered(found.prices.always)
    assert always["lambda.request"] == pytest.approx(60_000 * 0.2e-6)
    year = found.covered(found.prices.twelve_months)
    assert year["apigateway.request"] == pytest.approx(0.10)
    assert found.after_always == pytest.approx(found.total - sum(always.values()))
    # A t3.micro, which is not free where t2.micro can be had; else alarms beyond the ten that are free, and storage.
    assert 730 * 0.0104 < found.in_first_year < 730 * 0.0104 + 4
    old = compare.compute(app, settings.load("dev"), found.prices, Traffic(), {"InstanceType": "t2.micro"})
    assert old.covered(old.prices.twelve_months)["ec2.t2.micro"] == pytest.approx(730 * 0.0116)
    assert 0 < old.in_first_year < 3
    large = bill_of(app, requests=3_000_000)
    assert large.covered(large.prices.twelve_months)["apigateway.request"] == pytest.approx(1.00)


def test_a_bill_names_each_cent_and_counts_what_is_below_one(app):
    idle, busy = bill_of(app), bill_of(app, requests=100_000)
    compared = compare.variants(app, settings.load("dev"), busy.prices, Traffic())
    text = report.text(idle, busy, 100_000, compared, worst_of(app), date(2026, 1, 1))
    rows = [re.split(r"\s{2,}", line) for line in text.split("\n\n")[1].splitlines()[2:]]
    *named, small, total = rows
    assert len(named) == sum(line.amount >= 0.01 for line in busy.lines)
    assert small[:2] == [f"{len(busy.lines) - len(named)} more", "each below 0.01"]
    assert sum(float(row[-1]) for row in [*named, small]) == pytest.approx(float(total[-1]), abs=0.005 * len(rows))
    assert float(total[-1]) == pytest.approx(busy.total, abs=0.005)


def test_what_cloudwatch_keeps_and_takes_in_shares_one_free_allowance(app):
    """Five GB for all of it together: they are taken off what costs most, and not once more off what is kept."""
    found = bill_of(app, requests=10_000_000)
    free = found.covered(found.prices.always)
    assert free["cloudwatch.log"] == pytest.approx(5 * 0.50)
    assert "cloudwatch.storage" not in free


@pytest.mark.parametrize(
    ("today", "words"), [(date(2026, 7, 14), "twelve months\n"), (date(2026, 7, 15), "; ended on 2026-07-15\n")]
)
def test_the_free_first_year_is_over_for_everybody_some_day(app, today, words):
    found = bill_of(app)
    compared = compare.variants(app, settings.load("dev"), found.prices, Traffic())
    text = report.text(found, found, 0, compared, worst_of(app), today)
    assert words in text[text.index("made before 15 July 2025") :]


@pytest.mark.parametrize(
    ("today", "share"), [(date(2026, 2, 1), 1.0), (date(2026, 2, 28), 1 / 28), (date(2026, 4, 16), 0.5)]
)
def test_the_rest_of_a_month_counts_from_today(today, share):
    assert bill.to_months_end(30.0, today) == pytest.approx(30.0 * share)


def test_credits_last_until_they_are_used_up_or_expire():
    spent = bill.credits_last(730 / 24, 100, 6, date(2026, 1, 1))  # a dollar a day
    assert (spent.days, spent.last, spent.expire) == (pytest.approx(100), date(2026, 4, 11), False)
    kept = bill.credits_last(1.0, 100, 6, date(2026, 1, 1))
    assert (round(kept.days), kept.expire) == (182, True)
    assert bill.credits_last(0.0, 100, 6, date(2026, 1, 1)).expire


def test_settings_are_compared_with_the_stage_as_it_is(app):
    found = compare.variants(app, settings.load("dev"), prices.load(""), Traffic(requests=100_000))
    totals = {each.name: each.bill.total for each in found}
    assert next(iter(totals)) == "as set, always on"
    assert totals["nights asleep"] == pytest.approx(totals["as set, always on"] - (7.592 + 3.65 + 2.40) / 2, abs=0.001)
    assert totals["on arm64"] == pytest.approx(totals["as set, always on"] - 0.002 * HOURS, abs=0.001)
    assert totals["with a NAT gateway"] == pytest.approx(totals["as set, always on"] + 0.045 * HOURS, abs=0.001)
    assert totals["with CDN"] != totals["as set, always on"]


def test_a_private_registry_costs_where_public_ones_do_not():
    ecr, hub, github = registry.keepings(prices.load("us-east-1"), image_gb=0.4, revisions=10)
    assert ecr.amount == pytest.approx(4 * 0.10)
    assert "room for 1 of them" in ecr.remark
    assert hub.amount == github.amount == 0.0


def test_a_type_of_unknown_cost_is_named_with_the_place_to_add_it():
    template = parse("x", "Resources: {Fast: {Type: 'AWS::ElastiCache::CacheCluster'}}")
    with pytest.raises(TemplateError, match=r"AWS::ElastiCache::CacheCluster is unknown \(Fast of x\)") as caught:
        compare.compute([template], Settings("dev", {}), prices.load(""), Traffic())
    assert "scripts/costs/usage.py" in caught.value.next_step


def test_a_region_and_a_price_that_are_missing_are_named():
    with pytest.raises(SettingsError, match="no prices for mars-1; it has: us-east-1, eu-central-1"):
        prices.load("mars-1")
    with pytest.raises(SettingsError, match=r"no price 'ec2.z9.micro' for us-east-1") as caught:
        prices.load("us-east-1").of("ec2.z9.micro")
    assert "aws.amazon.com/ec2" in caught.value.next_step


def test_what_watches_closely_costs(app):
    other = {"ContainerInsights": "enabled"}
    found = compare.compute(app, settings.load("dev"), prices.load("us-east-1"), Traffic(), other)
    assert amounts(found, "Cluster") == pytest.approx({"cloudwatch.metric": 16 * 0.30})
    assert amounts(bill_of(app), "Cluster") == {}


def test_a_stage_behind_gateways_is_compared_with_one_without(app):
    gateways = "Resources: {A: {Type: 'AWS::EC2::NatGateway'}, B: {Type: 'AWS::EC2::EIP'}}"
    found = compare.variants([*app, parse("gateways", gateways)], settings.load("dev"), prices.load(""), Traffic())
    totals = {each.name: each.bill.total for each in found}
    # The gateway and its address go; the instance's own address is in either bill.
    assert totals["without NAT gateways"] == pytest.approx(totals["as set, always on"] - (0.045 + 0.005) * HOURS)


def test_the_worst_month_is_what_runs_what_is_allowed_and_what_passes_before_the_api_is_closed(app):
    found = worst_of(app)
    most = bill_of(app, requests=2 * HOURS)
    assert found.fixed == pytest.approx(most.total), "three tasks fit on one instance"
    assert found.traffic == pytest.approx(31 * 0.30)
    # Six routes at five requests a second for a quarter of an hour; an export of 4 MiB is the costliest.
    export = 4 / 1024 * (0.09 + 0.008 + 2048e-6) + 512 * 0.125e-6 + 29 * 0.25 * 0.0000133334
    assert worst.COSTLIEST["export"].usd(most.prices) == pytest.approx(export + worst.call_usd(most.prices))
    assert found.reaction > 5 * 900 * export
    # And the fifty at once that the throttle lets through first.
    passing = 5 * 900 + 50
    assert found.reaction == pytest.approx(passing * sum(one.usd(most.prices) for one in worst.COSTLIEST.values()))
    assert found.total == pytest.approx(found.fixed + found.traffic + found.reaction)


def test_what_strangers_cannot_export_is_not_in_the_worst_month(app):
    private = worst_of(app, export_token_parameter="/sentiment/dev/export-token")
    assert private.reaction < worst_of(app).reaction / 2


def test_an_api_that_nothing_closes_can_cost_what_its_throttle_lets_through(app):
    found = worst_of(app, close_api="false")
    assert (found.closes, found.reaction) == (False, 0)
    assert found.traffic == pytest.approx((31 * 86_400 * 5 + 50) / (900 * 5 + 50) * worst_of(app).reaction)


@pytest.mark.parametrize(
    ("credits", "kind", "vcpus"),
    [
        ("unlimited", "t3.micro", 1.8),
        ("unlimited", "t3.small", 1.6),
        ("standard", "t3.micro", 0),
        ("none", "c7i.large", 0),
    ],
)
def test_cpu_without_credits_costs_only_where_it_is_unlimited(credits, kind, vcpus):
    found = usage.surplus_hours({"CpuCredits": credits, "InstanceType": kind}, hours=HOURS)
    assert found == pytest.approx(vcpus * HOURS)


def test_cpu_beyond_the_credits_is_on_the_bill_of_busy_instances(app):
    other = {"CpuCredits": "unlimited"}
    chosen, dev = prices.load("us-east-1"), settings.load("dev")
    idle = compare.compute(app, dev, chosen, Traffic(requests=1_000_000), other)
    assert "ec2_credits.vcpu" not in amounts(idle, "AutoScalingGroup"), "half a million predictions are within credits"
    busy = compare.compute(app, dev, chosen, Traffic(requests=200_000_000), other)
    # A hundred million predictions of 0.01 s on two vCPUs: 0.19 of each, where 0.1 is earned.
    surplus = 100e6 * 0.01 / 3600 - 2 * 0.1 * HOURS
    assert amounts(busy, "AutoScalingGroup")["ec2_credits.vcpu"] == pytest.approx(surplus * 0.05)
    assert worst_of(app, cpu_credits="unlimited").fixed == pytest.approx(worst_of(app).fixed + 1.8 * HOURS * 0.05)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, "within the monthly budget of 60.00"),
        ({"monthly_budget": 40}, "ABOVE the monthly budget of 40.00"),
        ({"close_api": "false"}, "nothing closes the API (close_api)"),
    ],
)
def test_the_worst_month_is_told_with_the_budget(app, other, words):
    text = report._worst(worst_of(app, **other))
    assert text.startswith(f"worst case: {worst_of(app, **other).total:.2f} ")
    assert words in text
