"""Commands that run a stage day by day, from scale and logs to doctor and destroy. Only options live here."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts import ROOT
from scripts.app import receipts
from scripts.app.service import ServiceState
from scripts.cli.changing import deployed
from scripts.cli.options import LAPTOP_STAGE, Options, laptop_state, with_options
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import Work, changing
from scripts.judgements import export as exporting
from scripts.judgements import forget as forgetting
from scripts.judgements import restore as restoring
from scripts.look import doctor as examining
from scripts.look import logs as logging
from scripts.release import destroy as destroying
from scripts.release import plans, scaling
from scripts.stage.errors import DeployError, InterruptedDeployError, SettingsError
from scripts.stage.interrupt import Interrupt


@click.command()
@click.argument("tasks", type=click.IntRange(1, 100))
@with_options
def scale(options: Options, tasks: int) -> None:
    """Have at least TASKS tasks run, until the next deploy."""
    with options.reporter() as reporter, changing(options.cloud, reporter, f"scale {tasks}") as work:
        state = scaling.scale(work, options.settings, tasks)
    _print_service(options, state)


@click.command()
@with_options
def sleep(options: Options) -> None:
    """Stop all tasks and let the instances go; the API answers 503 until wake."""
    with options.reporter() as reporter, changing(options.cloud, reporter, "sleep") as work:
        state = scaling.sleep(work)
    _print_service(options, state)


@click.command()
@with_options
def wake(options: Options) -> None:
    """Go back to the stage's own number of tasks and instances."""
    with options.reporter() as reporter, changing(options.cloud, reporter, "wake") as work:
        state = scaling.wake(work, options.settings)
    _print_service(options, state)


@click.command()
@click.option("--since", default="10m", show_default=True, help="How far back: 90s, 10m, 2h, 1d.")
@click.option("--request", default="", help="Only lines of this request id.")
@click.option("--follow", is_flag=True, help="Go on with whatever comes, until Ctrl-C.")
@with_options
def logs(options: Options, since: str, request: str, follow: bool) -> None:
    """Print what tasks, Lambdas and API wrote into their logs."""
    begin = time.time() - logging.seconds(since)
    sources = logging.groups(options.cloud)
    if not follow:
        lines = logging.read(options.cloud, sources, begin, request)
        options.print([asdict(line) for line in lines], "\n".join(line.text for line in lines))
        return
    with Interrupt() as interrupt:
        try:
            for line in logging.follow(options.cloud, sources, begin, request, interrupt):
                click.echo(json.dumps(asdict(line)) if options.as_json else line.text)
        except InterruptedDeployError:
            return


@click.command()
@click.option("--out", default="exports/judgements.csv", show_default=True, type=click.Path(path_type=Path))
@with_options
def export(options: Options, out: Path) -> None:
    """Write all judgements to a CSV file; goes on where an interrupted run stopped."""
    table = deployed(options)["JudgementsTableName"]
    about = options.cloud.client("dynamodb").describe_table(TableName=table)["Table"].get("ItemCount") or None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeployError(
            f"{out.parent} cannot be made: {error.strerror}.", "Name another place with --out."
        ) from error
    columns = TextColumn("judgements"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, Interrupt() as interrupt:
        task = bar.add_task("", total=about)  # DynamoDB counts every six hours only
        count = exporting.export(options.cloud, table, out, interrupt, lambda rows: bar.update(task, completed=rows))
    options.print({"file": str(out), "judgements": count}, f"{count} judgements in {out}")


@click.command()
@click.option("--revoke", is_flag=True, help="The old key is worth nothing any more: somebody may have it.")
@with_options
def rotate_receipt_key(options: Options, revoke: bool) -> None:
    """Sign predictions with a new key; what the old one signed stays good."""
    outputs = deployed(options)
    if revoke or receipts.too_soon(options.cloud):
        question = "Judgements of predictions that people see right now will count as unprompted. Go on?"
        if not options.ask(question):
            raise DeployError("Nothing was changed.")
    with options.reporter() as reporter, changing(options.cloud, reporter, "rotate-receipt-key") as work:
        state = receipts.rotate(work, outputs, revoke)
    if options.stage == LAPTOP_STAGE:
        receipts.keep(options.cloud, laptop_state().receipt_key)
    _print_service(options, state)


@click.command()
@click.option("--to", "moment", help="UTC, such as 2026-11-22T18:00:00; by default the latest that DynamoDB has.")
@with_options
def restore(options: Options, moment: str | None) -> None:
    """Put back judgements that got lost, from the table as it was at a moment; what came since stays."""
    outputs = deployed(options)
    when = _utc(moment) if moment else None
    if not options.ask("Nothing is recorded while this runs; pages keep judgements meanwhile. Go on?"):
        raise DeployError("Nothing was changed.")
    with options.reporter() as reporter, changing(options.cloud, reporter, "restore") as work:
        found = restoring.restore(work, outputs, when)
    words = (
        f"{found.put_back} of {found.found} judgements put back; there are {found.judgements} now, all counted anew."
    )
    options.print(asdict(found), f"{words}\nThe copy {found.copy} stays: look at it, then delete it.")


@click.command()
@click.option("--id", "text_id", help="Id of the text: its md5, as the API and the CSV have it.")
@click.option("--text", help="The text itself. It stays in your shell's history; --text - reads it from stdin.")
@click.option(
    "--csv", "files", multiple=True, type=click.Path(path_type=Path, exists=True), help="A copy to clean too."
)
@with_options
def forget(options: Options, text_id: str | None, text: str | None, files: tuple[Path, ...]) -> None:
    """Erase a text: its judgements, all exports in the bucket, copies on this machine."""
    if (text is None) == (text_id is None):
        raise SettingsError("Name one text: by --id or by --text.")
    if text == "-":
        text = sys.stdin.read()
    wanted = text_id or forgetting.id_of(text or "")
    if not re.fullmatch(r"[0-9a-f]{32}", wanted):
        raise SettingsError(f"{wanted!r} is no id of a text: that is 32 hex digits.")
    outputs = deployed(options)
    count = len(forgetting.find(options.cloud, outputs["JudgementsTableName"], wanted))
    question = f"Erase text {wanted} ({count} judgements) in stage {options.stage} for good, and all exports with it?"
    if not options.ask(question):
        raise DeployError("Nothing was changed.")
    erased = forgetting.forget(options.cloud, outputs, wanted, (*forgetting.COPIES, *files))
    words = [
        f"Erased {erased.judgements} judgements of {wanted}, {erased.exports} exports; counts stay, they hold no text.",
        *(f"Taken out of {file}" for file in erased.files),
        f"Commit {forgetting.LIST.relative_to(ROOT)}: it keeps the text out of what is imported later.",
    ]
    if not options.cloud.on_laptop:
        words.append("The table's point-in-time recovery still has it, for 35 days; `restore` leaves it out.")
    options.print({"id": wanted, **asdict(erased)}, "\n".join(words))


@click.command()
@with_options
@click.pass_context
def doctor(context: click.Context, options: Options) -> None:
    """Check whether a deployment can work from here, and say how to mend what cannot."""
    findings = []
    for finding in examining.examine(options.cloud, options.settings):
        findings.append(finding)
        if not options.as_json:
            click.echo(finding.text)
    if options.as_json:
        click.echo(json.dumps(examining.as_json(findings), indent=2))
    context.exit(0 if all(finding.passed for finding in findings) else 1)


@click.command()
@click.option("--keep-data", is_flag=True, help="Leave the stacks that hold tables as they are.")
@with_options
@click.pass_context
def destroy(context: click.Context, options: Options, keep_data: bool) -> None:
    """Take the stage down, and prove that nothing is left."""
    found = destroying.plan_destruction(options.cloud, plans.wired(options.settings), keep_data)
    if found.goes or found.tables:
        click.echo(found.text, err=True)
        if not options.ask(f"Destroy stage {options.stage} in {options.cloud.region}?"):
            raise DeployError("Nothing was changed.")
        with options.reporter() as reporter, changing(options.cloud, reporter, "destroy") as work:
            destroying.destroy(work, found)
    with options.reporter() as reporter:
        kept = collect_outputs(options.cloud)
        left = destroying.what_is_left(Work(options.cloud, reporter, Interrupt()), kept)
    facts = {"destroyed": sorted(found.goes), "tables": found.tables, "kept": found.stays, "left": left}
    gone = sorted(found.goes) + found.tables
    words = [f"Destroyed: {', '.join(gone) or 'nothing, there was nothing'}."]
    words += [f"Kept: {what}" for what in found.stays]
    words += [f"LEFT, with the stage's tags: {arn}" for arn in left] or ["Nothing else carries the stage's tags."]
    options.print(facts, "\n".join(words))
    context.exit(1 if left else 0)


def _utc(moment: str) -> datetime:
    try:
        return datetime.fromisoformat(moment.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        raise SettingsError(f"{moment!r} is no moment.", "Write it like 2026-11-22T18:00:00, in UTC.") from None


def _print_service(options: Options, state: ServiceState) -> None:
    options.print({"revision": state.revision, "desired": state.desired, "running": state.running}, state.progress)
