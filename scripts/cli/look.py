"""Read-only commands that inspect a stage. Only options live here."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from generator import catalogue
from scripts.app.page import api_url
from scripts.cli.options import Number, Options, deployed, with_options
from scripts.cloudformation import templates
from scripts.costs import compare, prices, report, worst
from scripts.costs.usage import Traffic
from scripts.look import classify, doctor, logs, status
from scripts.stage.errors import DeployError, InterruptedDeployError
from scripts.stage.interrupt import Interrupt

MOST = 1e12  # requests or judgements: more than AWS has


@click.command()
@with_options
def status_command(options: Options) -> None:
    """Show what runs where, from stacks to tasks."""
    found = status.look(options.cloud, options.settings, options.public_url)
    options.print(found.as_json, found.text)


@click.command()
@with_options
def outputs_command(options: Options) -> None:
    """Print the stacks' outputs: addresses, names, ARNs."""
    found = deployed(options)
    width = max(map(len, found))
    options.print(found, "\n".join(f"{key:{width}}  {value}" for key, value in sorted(found.items())))


@click.command()
@click.option("--since", default="10m", show_default=True, help="How far back: 90s, 10m, 2h or 1d.")
@click.option("--request", default="", help="Only lines with this request id.")
@click.option("--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@with_options
def logs_command(options: Options, since: str, request: str, follow: bool) -> None:
    """Print the logs of tasks, Lambdas and API.

    With --follow, --json prints one object for each line.
    """
    back = logs.seconds(since)
    sources = logs.groups(options.cloud)
    begin = options.cloud.now().timestamp() - back
    if not follow:
        lines = logs.read(options.cloud, sources, begin, request)
        options.print({"lines": [asdict(line) for line in lines]}, "\n".join(line.text for line in lines))
        return
    with Interrupt() as interrupt:
        try:
            for line in logs.follow(options.cloud, sources, begin, request, interrupt):
                click.echo(json.dumps(asdict(line)) if options.as_json else line.text)
        except InterruptedDeployError:
            return


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--column", required=True, help="Name of the column that holds the texts.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: FILE.classified.csv beside the input.")
@click.option("--api", help="Address of an API. Default: the stage's.")
@with_options
def classify_command(options: Options, file: Path, column: str, out: Path | None, api: str | None) -> None:
    """Classify the texts of a CSV file.

    A run that was interrupted goes on where it stopped.
    """
    if api is None:
        outputs = deployed(options)
        page = options.public_url or outputs[next(each.site.url for each in catalogue.STACKS if each.site)]
        api = urljoin(page.rstrip("/") + "/", api_url(options.settings, outputs))
    target = out or classify.output_of(file)
    columns = TextColumn("texts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, Interrupt() as interrupt:
        task = bar.add_task("", total=None)
        count = classify.classify(
            api, file, column, target, interrupt, lambda done, of: bar.update(task, completed=done, total=of)
        )
    options.print({"file": str(target), "texts": count}, f"{count} texts classified in {target}")


@click.command()
@with_options
@click.pass_context
def doctor_command(context: click.Context, options: Options) -> None:
    """Check what a deployment needs; explain what to fix."""
    findings = []
    for finding in doctor.examine(options.place, options.settings):
        findings.append(finding)
        if not options.as_json:
            click.echo(finding.text)
    failed = [finding.name for finding in findings if not finding.passed]
    problem = DeployError(f"Failed: {', '.join(failed)}.", "Each failed check says how to fix it.") if failed else None
    options.print({"passed": not failed, "checks": doctor.as_json(findings)}, "", problem)
    context.exit(problem.exit_code if problem else 0)


@click.command()
@click.option("--requests-per-month", "requests", default=100_000.0, show_default=True, type=Number(0, MOST))
@click.option("--judgements", default=0.0, show_default=True, type=Number(0, MOST), help="Judgements in the table.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Start date. Default: today.")
@with_options
def cost_command(options: Options, requests: float, judgements: float, today: datetime | None) -> None:
    """Show the monthly cost, idle and busy; works offline."""
    settings = options.settings
    chosen = prices.load(options.region or settings.region)
    found = templates.load_all()
    idle = compare.compute(found, settings, chosen, Traffic(judgements=judgements))
    traffic = Traffic(requests=requests, judgements=judgements)
    compared = compare.variants(found, settings, chosen, traffic)
    day = (today or datetime.now(UTC)).date()
    what = idle, compared[0].bill, requests, compared, worst.compute(found, settings, chosen), day
    options.print(report.as_json(*what), report.text(*what))
