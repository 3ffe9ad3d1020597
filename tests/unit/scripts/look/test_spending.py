"""What the account has spent against the stage's budget, against recorded answers of Budgets and Cost Explorer."""

import re
from datetime import date

import pytest

from generator import catalogue
from scripts.cloudformation.stacks import StackState
from scripts.look import spending
from scripts.look.findings import check
from scripts.stage import settings
from scripts.stage.settings import Settings

DEV = settings.load("dev")
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
MONTH = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetName": "month"}


@pytest.fixture(autouse=True)
def number(monkeypatch):
    monkeypatch.setattr("tests.unit.scripts.stubs.StubbedCloud.account", "123456789012")


def spent(amount, unit="USD", **more):
    return {**MONTH, "CalculatedSpend": {"ActualSpend": {"Amount": amount, "Unit": unit}}, **more}


def budgets(cloud, *found):
    cloud.stub("budgets").add_response("describe_budgets", {"Budgets": list(found)}, {"AccountId": "123456789012"})


def explorer(cloud, amount):
    total = {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}
    asked = {"TimePeriod": {"Start": "2026-11-01", "End": "2026-12-01"}, "Granularity": "MONTHLY"}
    answer = {"ResultsByTime": [{"Total": total}]}
    cloud.stub("ce").add_response("get_cost_and_usage", answer, {**asked, "Metrics": ["UnblendedCost"]})


def look(cloud, today=LAST, found=None, **values):
    stage = Settings("dev", {**DEV.values, "monthly_budget": 60, **values})
    return check("budget", lambda: spending.check(cloud, stage, found or {}, today), needed=False)


def test_a_budget_that_the_account_has_used_up_is_a_failure_before_anything_is_made(cloud):
    budgets(cloud, spent("10"), spent("71.5"))
    finding = look(cloud)
    assert not finding.passed
    assert "71.50 of 60.00 USD spent by the account this month, 2026-11 (AWS Budgets)" in finding.detail
    assert "the API would be closed within hours" in finding.detail
    assert "Raise monthly_budget" in finding.fix


def test_what_nothing_closes_has_no_room_either(cloud):
    budgets(cloud, spent("60"))
    finding = look(cloud, close_api="false")
    assert not finding.passed
    assert "closed" not in finding.detail


def test_a_stage_that_does_not_fit_into_the_rest_of_the_month_is_told(cloud):
    budgets(cloud, spent("30"))
    assert look(cloud, LAST).text.startswith("PASS")
    budgets(cloud, spent("30"))
    finding = look(cloud, FIRST)
    assert finding.warning
    assert re.search(r"the stage adds \d+\.\d\d until", finding.detail)


def test_a_stage_that_is_there_already_is_in_what_was_spent(cloud):
    name = catalogue.stack_name("dev", "api")
    ours = {"project": "sentiment", "stage": "dev"}
    budgets(cloud, spent("30"))
    there = {name: StackState(name, "arn", "CREATE_COMPLETE", tags=ours, outputs={"ApiId": "a"})}
    assert look(cloud, FIRST, there).text.startswith("PASS")


@pytest.mark.parametrize(
    "other",
    [
        spent("99", TimeUnit="ANNUALLY"),
        spent("99", CostFilters={"Service": ["Amazon EC2"]}),
        spent("99", BudgetType="USAGE"),
        spent("99", unit="EUR"),
        MONTH,
    ],
)
def test_without_a_budget_of_all_the_account_cost_explorer_is_asked_and_its_price_told(cloud, other):
    budgets(cloud, other)
    explorer(cloud, "12.345")
    finding = look(cloud)
    assert finding.text.startswith("PASS")
    assert "12.35 of 60.00 USD" in finding.detail
    assert "0.01 USD" in finding.detail


@pytest.mark.parametrize(
    ("code", "why"), [("AccessDeniedException", "ce:GetCostAndUsage"), ("DataUnavailableException", "no data")]
)
def test_what_cannot_be_known_is_a_warning_with_where_to_look(cloud, code, why):
    cloud.stub("budgets").add_client_error("describe_budgets", "AccessDeniedException", "no")
    cloud.stub("ce").add_client_error("get_cost_and_usage", code, "no")
    finding = look(cloud)
    assert finding.warning
    assert why in finding.detail
    assert "Billing and Cost Management" in finding.fix
