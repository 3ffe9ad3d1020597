"""Commands that export, restore and erase judgements. Only options live here."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts import ROOT
from scripts.cli.options import Options, deployed, with_options
from scripts.cloudformation.work import changing
from scripts.judgements import checksum
from scripts.judgements.export import export
from scripts.judgements.forget import COPIES, LIST, Wanted, find, forget, identify
from scripts.judgements.restore import restore
from scripts.stage.errors import DeployError, SettingsError
from scripts.stage.interrupt import Interrupt
from shared import erasure, reviews


@click.command()
@click.option("--out", default="exports/judgements.csv", show_default=True, type=click.Path(path_type=Path))
@with_options
def export_command(options: Options, out: Path) -> None:
    """Write all judgements to a CSV file.

    An interrupted export resumes where it stopped. Beside the file lies its SHA-256.
    """
    outputs = deployed(options)
    table = outputs["JudgementsTableName"]
    about = options.cloud.client("dynamodb").describe_table(TableName=table)["Table"].get("ItemCount") or None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeployError(
            f"{out.parent} cannot be created: {error.strerror}.", "Name another file with --out."
        ) from error
    columns = TextColumn("judgements"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, Interrupt() as interrupt:
        task = bar.add_task("", total=about)  # DynamoDB updates this count only every six hours
        count = export(options.cloud, outputs, out, interrupt, lambda rows: bar.update(task, completed=rows))
    side = checksum.side_file(out)
    options.print(
        {"file": str(out), "judgements": count, "checksum": str(side)},
        f"{count} judgements in {out}\nIts SHA-256 is in {side.name}; `sha256sum -c {side.name}` checks it there.",
    )


@click.command()
@click.option("--to", "moment", help="UTC time, such as 2026-11-22T18:00:00. Default: the latest.")
@with_options
def restore_command(options: Options, moment: str | None) -> None:
    """Restore lost judgements.

    They are copied from the table as it was at that time; newer judgements are kept.
    """
    outputs = deployed(options)
    when = _utc(moment) if moment else None
    if not options.ask("Nothing is recorded while this runs; pages keep judgements until it ends. Continue?"):
        raise DeployError("Nothing was changed.")
    with options.reporter() as reporter, changing(options.cloud, reporter, "restore") as work:
        found = restore(work, outputs, when)
    words = f"Restored {found.put_back} of {found.found} judgements; there are {found.judgements} now, all recounted."
    options.print(asdict(found), f"{words}\nThe copy {found.copy} is kept: check it, then delete it.")


@click.command()
@click.option("--id", "text_id", help="Text id: its md5, as in the API and the CSV.")
@click.option("--text", help="The text; - reads it from stdin, which keeps it out of your shell's history.")
@click.option(
    "--csv",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A local copy to erase it from too.",
)
@with_options
def forget_command(options: Options, text_id: str | None, text: str | None, files: tuple[Path, ...]) -> None:
    """Erase a text from the table, exports and copies.

    All its spellings go: what differs only in case, Unicode form, spaces, invisible characters, or the kind of
    quotation marks and dashes is one text.
    """
    if (text is None) == (text_id is None):
        raise SettingsError("Name one text with --id or --text.")
    if text == "-":
        text = sys.stdin.read()
    if text is not None and not erasure.canonical(text):
        raise SettingsError("The text to erase is empty.", "Name it with --text, or by its id with --id.")
    if text_id and not re.fullmatch(r"[0-9a-f]{32}", text_id):
        raise SettingsError(f"{text_id!r} is not a text id, which has 32 hexadecimal digits.")
    outputs = deployed(options)
    wanted = identify(options.cloud, outputs, text_id) if text_id else Wanted(reviews.text_id(text or ""), text)
    count = sum(1 for _ in find(options.cloud, outputs["JudgementsTableName"], wanted))
    question = f"Permanently erase text {wanted.id} ({count} judgements) and all exports in stage {options.stage}?"
    if not options.ask(question):
        raise DeployError("Nothing was changed.")
    with options.reporter() as reporter, changing(options.cloud, reporter, "forget") as work:
        erased = forget(work.cloud, outputs, wanted, (*COPIES, *files))
    words = [
        f"Erased text {wanted.id}: judgements {erased.judgements}, exports {erased.exports}.",
        "Counts stay: they hold no text.",
        "Looked at:",
        *(f"  {place.name}: {place.erased or 'nothing there'}" for place in erased.places),
        "Left:",
        *(f"  {each}" for each in erased.left),
        f"Commit {LIST.relative_to(ROOT)}: it keeps the text out of later imports.",
    ]
    options.print({"id": wanted.id, **asdict(erased)}, "\n".join(words))


def _utc(moment: str) -> datetime:
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        raise SettingsError(f"{moment!r} is not a valid time.", "Write it like 2026-11-22T18:00:00, in UTC.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
