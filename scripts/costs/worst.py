"""The worst month: what a stage can cost, whatever strangers send to its API.

Three parts: what costs by the hour, with as many tasks as the stage allows; what the alarm on traffic lets through, day
after day; and what the throttle lets through before the alarm has closed the API. A stage that does not close its API
can cost what the throttle lets through all month.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator import catalogue
from scripts.cloudformation.templates import Template
from scripts.costs import compare, usage
from scripts.costs.prices import Prices
from scripts.costs.usage import GB, HOURS, Traffic
from scripts.stage.settings import Settings

DAYS = 31
# From the request that is too much to the throttle at zero: metrics of the API and of DynamoDB are published within
# minutes, the alarm looks every minute, and a throttle takes seconds to change.
REACTION_SECONDS = 15 * 60.0

# The costliest request of each route. Characters of four bytes; an export that just fits into a reply.
BYTES_A_CHARACTER = 4
REVIEW_BYTES = BYTES_A_CHARACTER * catalogue.MAX_REVIEW_CHARACTERS
EXPORT_BYTES = 4 * 1024 * 1024  # lambda_src/export.py
READ_UNIT_BYTES = 8 * 1024  # eventually consistent
EXPORT_SECONDS = 29.0  # its timeout


@dataclass(frozen=True)
class Request:
    """The costliest request of a route, in the units that the alarm on traffic weighs.

    Attributes:
        bytes: in and out, through the gateway.
        reads: read units of the table of judgements.
        seconds: of the functions that write exports.
    """

    bytes: float
    reads: float = 0.0
    seconds: float = 0.0

    def usd(self, prices: Prices) -> float:
        """What it costs at most."""
        return (
            call_usd(prices)
            + self.bytes * gb_usd(prices) / GB
            + self.reads * prices.of("dynamodb.read")
            + self.seconds * lambda_usd(prices)
        )


COSTLIEST = {
    "predict": Request(2 * REVIEW_BYTES + usage.REPLY_BYTES),
    "batch": Request(2 * catalogue.MAX_REVIEWS * (REVIEW_BYTES + usage.REPLY_BYTES)),
    "record": Request(2 * REVIEW_BYTES + usage.REPLY_BYTES),
    # It reads all judgements of one text: here of one that fills an export by itself.
    "withdraw": Request(2 * REVIEW_BYTES, EXPORT_BYTES / READ_UNIT_BYTES),
    "export": Request(EXPORT_BYTES, EXPORT_BYTES / READ_UNIT_BYTES, EXPORT_SECONDS),
    "stats": Request(100 * 1024),
}


@dataclass(frozen=True)
class Worst:
    """The costliest month of a stage, in USD.

    Attributes:
        fixed: what costs by the hour.
        traffic: what the API lets through as long as it is open.
        reaction: what it lets through before it is closed; 0 if nothing closes it.
        closes: whether it is closed.
        budget: the stage's monthly budget.
    """

    fixed: float
    traffic: float
    reaction: float
    closes: bool
    budget: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.fixed + self.traffic + self.reaction


def compute(found: list[Template], settings: Settings, prices: Prices) -> Worst:
    """The worst month of a stage.

    Args:
        found: the templates.
        settings: the stage's settings.
        prices: of its region.
    """
    values = settings.parameters
    # Tasks at their most need the most instances; with a prediction an hour, every metric is there all month.
    busy = compare.compute(found, settings, prices, Traffic(requests=2 * HOURS), {"MinTasks": values["MaxTasks"]})
    # Each route has the throttle for itself. A private export answers strangers 401 without reading anything.
    open_to_all = (
        COSTLIEST if not values["ExportTokenParameter"] else {**COSTLIEST, "export": Request(usage.REPLY_BYTES)}
    )
    one_each = sum(one.usd(prices) for one in open_to_all.values())
    at_once, a_second = (float(values[name]) * one_each for name in ("ThrottleBurst", "ThrottleRate"))
    closes = values["CloseApi"] == "true"
    surplus = sum(line.use.units for line in busy.lines if line.use.price.startswith("ec2."))
    burning = usage.surplus_hours(values, surplus) * prices.of("ec2_credits.vcpu")
    return Worst(
        busy.total + burning,
        DAYS * float(values["TrafficCents"]) / 100 if closes else at_once + DAYS * 86_400 * a_second,
        at_once + REACTION_SECONDS * a_second if closes else 0.0,
        closes,
        float(values["MonthlyBudget"]),
    )


def call_usd(prices: Prices) -> float:
    """What a request costs besides its bytes and what an export reads, at most: a long judgement, kept for a month."""
    item = REVIEW_BYTES + usage.ITEM_BYTES
    writes = 2 * (-(-item // 1024) + 3)  # in a transaction, with the count, and the ledger's check and entry
    return (
        prices.of("apigateway.request")
        + prices.of("lambda.request")
        + usage.LAMBDA_SECONDS * lambda_usd(prices)
        + writes * prices.of("dynamodb.write")
        + item / GB * (prices.of("dynamodb.storage") + prices.of("dynamodb.backup"))
        + usage.STATISTICS_READS * prices.of("dynamodb.read")
        + (usage.ACCESS_LOG_BYTES + usage.LAMBDA_LOG_BYTES) / GB * prices.of("cloudwatch.log")
    )


def gb_usd(prices: Prices) -> float:
    """What a GB through the gateway costs: it is billed as going out, and by the load balancer and the gateway."""
    metered = GB / (512 * 1024)  # an HTTP API bills each 512 KB of a request as one
    return prices.of("transfer.gb") + prices.of("elb.lcu") + metered * prices.of("apigateway.request")


def lambda_usd(prices: Prices) -> float:
    """A second of a function with the memory that those of the API have."""
    memory = max(one.memory_mib for one in catalogue.LAMBDAS) / usage.MIB_IN_GB
    return memory * prices.of("lambda.arm")
