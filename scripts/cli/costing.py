"""The command that tells what a stage costs, before it is deployed or after. Only options live here."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from scripts.cli.options import Options, with_options
from scripts.cloudformation import templates
from scripts.costs import compare, prices, report
from scripts.costs.usage import Traffic


@click.command()
@click.option("--requests-per-month", "requests", default=100_000.0, show_default=True, type=click.FloatRange(0))
@click.option("--judgements", default=0.0, show_default=True, type=click.FloatRange(0), help="Already in the table.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day to reckon from; by default today.")
@with_options
def cost(options: Options, requests: float, judgements: float, today: datetime | None) -> None:
    """Show what the stage costs a month, idle and busy; asks nothing of AWS."""
    settings = options.settings
    chosen = prices.load(options.region or settings.region)
    found = templates.load_all()
    idle = compare.reckon(found, settings, chosen, Traffic(judgements=judgements))
    traffic = Traffic(requests=requests, judgements=judgements)
    compared = compare.variants(found, settings, chosen, traffic)
    day = (today or datetime.now(UTC)).date()
    what = idle, compared[0].bill, requests, compared, day
    options.print(report.as_json(*what), report.text(*what))
