"""What the account has spent this month, against the stage's budget, which counts the whole account."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import ClientError

from generator import regions
from scripts.cloudformation import stacks, templates
from scripts.cloudformation.stacks import StackState
from scripts.costs import bill, compare, prices
from scripts.costs.usage import Traffic
from scripts.stage.errors import DENIED_CODES, AdviceError, DeployError, SettingsError, code_of
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

# What Cost Explorer says in an account that never opened it, or that is a day old.
NO_DATA = {"DataUnavailableException"}
CENT = "Cost Explorer, which charges 0.01 USD for the answer"  # aws.amazon.com/aws-cost-management/pricing, 2026-11-27
RAISE = "Raise monthly_budget for the stage in scripts/stages.toml"


def check(cloud: Cloud, settings: Settings, found: Mapping[str, StackState], today: date | None = None) -> str:
    """Whether the stage's budget has room for the rest of the month.

    Args:
        cloud: the stage.
        settings: its settings.
        found: the account's stacks by name; a stage that is there is in what the account spends.
        today: the current day; None for the server's, in UTC as AWS bills.

    Raises:
        AdviceError: the month ends above the budget, or what was spent cannot be known.
        DeployError: the budget is used up already.
    """
    today, budget = today or cloud.now().date(), float(settings.parameters["MonthlyBudget"])
    spent, source = _spent(cloud, today)
    if spent is None:
        raise AdviceError(
            f"what the account has spent this month is not known ({source}); the stage's budget of {budget:.2f} USD "
            "counts all of it",
            "Look at the account's bill in the console (Billing and Cost Management), and set monthly_budget above it.",
        )
    words = f"{spent:.2f} of {budget:.2f} USD spent by the account this month, {today:%Y-%m} ({source})"
    closes = settings.parameters["CloseApi"] == "true" and cloud.region not in regions.WITHOUT_BUDGETS
    if spent >= budget:
        what = "the API would be closed within hours of the deployment" if closes else "it has no room for the stage"
        raise DeployError(
            f"{words}: the stage's budget counts the whole account, and {what}",
            f"{RAISE} to what the account may cost with the stage.",
        )
    deployed = bool(stacks.outputs_of(cloud.stage, found.values()))
    rest = 0.0 if deployed else bill.to_months_end(_monthly(cloud, settings), today)
    if spent + rest > budget:
        raise AdviceError(
            f"{words}, and the stage adds {rest:.2f} until the month's end"
            + ("; the API is closed when the budget is used up" if closes else ""),
            f"{RAISE}, or deploy next month.",
        )
    return words


def _spent(cloud: Cloud, today: date) -> tuple[float | None, str]:
    """USD that the account has spent this month, and who says so; None and why, if nobody does."""
    with contextlib.suppress(ClientError):
        pages = cloud.client("budgets").get_paginator("describe_budgets").paginate(AccountId=cloud.account)
        known = [each for page in pages for each in page.get("Budgets", []) if _counts_everything(each)]
        if known:
            return max(float(each["CalculatedSpend"]["ActualSpend"]["Amount"]) for each in known), "AWS Budgets"
    month = {"Start": f"{today:%Y-%m-01}", "End": f"{today + timedelta(days=1):%Y-%m-%d}"}
    asked = {"TimePeriod": month, "Granularity": "MONTHLY", "Metrics": ["UnblendedCost"]}
    try:
        found = cloud.client("ce").get_cost_and_usage(**asked)["ResultsByTime"]
    except ClientError as error:
        if code_of(error) in DENIED_CODES:
            return None, "neither budgets:ViewBudget with a budget nor ce:GetCostAndUsage is there"
        if code_of(error) in NO_DATA:
            return None, "Cost Explorer has no data of this account yet"
        raise
    amounts = [float(each["Total"]["UnblendedCost"]["Amount"]) for each in found if "UnblendedCost" in each["Total"]]
    return sum(amounts), CENT


def _counts_everything(budget: Mapping[str, Any]) -> bool:
    """Whether a budget is a month's, of all that the account costs, and knows what was spent."""
    filtered = budget.get("CostFilters") or budget.get("FilterExpression")
    whole = budget["BudgetType"] == "COST" and budget["TimeUnit"] == "MONTHLY" and not filtered
    return whole and budget.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Unit") == "USD"


def _monthly(cloud: Cloud, settings: Settings) -> float:
    """USD a month of the stage without a request; prices of another region where there are none of this one."""
    try:
        known = prices.load(cloud.region)
    except SettingsError:
        known = prices.load("")
    return compare.compute(templates.load_all(), settings, known, Traffic()).total
