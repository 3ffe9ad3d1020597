"""Commands for operating a stage, from scaling it to destroying it. Only options live here."""

from __future__ import annotations

import click

from scripts.app import receipt_keys
from scripts.app.service import ServiceState
from scripts.cli.options import Options, deployed, with_options
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import Work, changing
from scripts.release import pipelines, plans, scaling
from scripts.release.destroy import destroy, plan_destruction, what_is_left
from scripts.stage.errors import DeployError
from scripts.stage.interrupt import Interrupt


@click.command()
@click.argument("tasks", type=click.IntRange(1, 100))
@with_options
def scale_command(options: Options, tasks: int) -> None:
    """Run at least TASKS tasks, until the next deploy."""
    with options.reporter() as reporter, changing(options.cloud, reporter, f"scale {tasks}") as work:
        state = scaling.scale(work, options.settings, tasks)
    _print_service(options, state)


@click.command()
@with_options
def sleep_command(options: Options) -> None:
    """Stop all tasks and instances, until wake.

    The API answers 503 meanwhile; stored data is kept.
    """
    with options.reporter() as reporter, changing(options.cloud, reporter, "sleep") as work:
        state = scaling.sleep(work, options.settings)
    _print_service(options, state)


@click.command()
@with_options
def wake_command(options: Options) -> None:
    """Start tasks and instances again after sleep or scale.

    Their number goes back to the stage's settings. An API that was closed because it cost too much is opened again.
    """
    with options.reporter() as reporter, changing(options.cloud, reporter, "wake") as work:
        state = scaling.wake(work, options.settings)
    _print_service(options, state)


@click.command()
@click.option("--revoke", is_flag=True, help="Invalidate the old key at once, in case it has leaked.")
@with_options
def rotate_receipt_key_command(options: Options, revoke: bool) -> None:
    """Sign predictions with a new key.

    Receipts that the old key signed stay valid, unless it is revoked.
    """
    outputs = deployed(options)
    if revoke or receipt_keys.too_soon(options.cloud):
        question = "Judgements of predictions that visitors see right now will count as unprompted. Continue?"
        if not options.ask(question):
            raise DeployError("Nothing was changed.")
    with options.reporter() as reporter, changing(options.cloud, reporter, "rotate-receipt-key") as work:
        state = receipt_keys.rotate(work, outputs, revoke)
    options.place.keep_receipt_keys()
    _print_service(options, state)


@click.command()
@click.option("--repository", help="Repository as named in GitHub's tokens. Default: the stage's.")
@with_options
def pipeline_command(options: Options, repository: str | None) -> None:
    """Let a GitHub repository's pipelines deploy the stage.

    Prints what to set on GitHub.
    """
    with options.reporter() as reporter:
        options.say_where(reporter)
        outputs = pipelines.let_in(options.cloud, options.settings, repository, reporter)
    options.print(outputs, pipelines.what_to_set(options.settings, outputs, options.cloud.region))


@click.command()
@click.option("--keep-data", is_flag=True, help="Keep the stacks that hold tables.")
@with_options
@click.pass_context
def destroy_command(context: click.Context, options: Options, keep_data: bool) -> None:
    """Delete the stage and check that nothing is left."""
    found = plan_destruction(options.cloud, plans.wired(options.settings), keep_data)
    if found.goes or found.tables:
        click.echo(found.text, err=True)
        if not options.ask(f"Destroy stage {options.stage} in {options.cloud.region}?"):
            raise DeployError("Nothing was changed.")
        with options.reporter() as reporter, changing(options.cloud, reporter, "destroy") as work:
            destroy(work, found)
    with options.reporter() as reporter:
        kept = collect_outputs(options.cloud)
        left = what_is_left(Work(options.cloud, reporter, Interrupt()), kept)
    facts = {"destroyed": sorted(found.goes), "tables": found.tables, "kept": found.stays, "left": left}
    gone = sorted(found.goes) + found.tables
    words = [f"Destroyed: {', '.join(gone) or 'nothing, as nothing was there'}."]
    words += [f"Kept: {what}" for what in found.stays]
    words += [f"LEFT, with the stage's tags: {arn}" for arn in left] or ["Nothing else carries the stage's tags."]
    problem = DeployError(
        f"{len(left)} resources still have the stage's tags.", "Check each in the console, then run this again."
    )
    options.print(facts, "\n".join(words), problem if left else None)
    context.exit(problem.exit_code if left else 0)


def _print_service(options: Options, state: ServiceState) -> None:
    options.print({"revision": state.revision, "desired": state.desired, "running": state.running}, state.progress)
