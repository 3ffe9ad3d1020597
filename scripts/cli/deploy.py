"""Commands that deploy a stage or a part of it, or preview the changes. Only options live here."""

from __future__ import annotations

import re
from collections.abc import Callable

import click

from scripts.app import page
from scripts.cli.options import Number, Options, data_loss_question, deployed, with_options
from scripts.cloudformation import freshness, preview
from scripts.cloudformation.work import Work, changing
from scripts.image import content
from scripts.release import canary as trial
from scripts.release import images, plans, smoke
from scripts.release.execute import execute
from scripts.release.plans import Release
from scripts.stage import display, lock
from scripts.stage.errors import ImageError, SmokeTestError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter

IMAGE_HELP = "A pushed image to run. Default: this checkout's."
EXIT_CHANGES = 2
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")  # what the template accepts
DAY = 24 * 60  # minutes: nobody wants to wait for longer
CTRL_C = "Ctrl-C: removing the change sets of this plan ..."

DATA_LOSS = click.option(
    "--allow-data-loss", is_flag=True, help="Allow changes that replace or remove resources holding data."
)
WAIT = click.option(
    "--wait", default=0, show_default=True, type=click.IntRange(0, DAY), help="Minutes to wait for the stage's lock."
)

CANARY = click.option(
    "--canary",
    metavar="MINUTES",
    default=0.0,
    type=Number(0, DAY),
    help="First run one task of it beside the others for this long; roll nothing out if it serves worse.",
)
WITHOUT_TRAFFIC = click.option(
    "--without-traffic", is_flag=True, help="Roll out even if the canary answered too few requests to be compared."
)


def _address(_context: click.Context | None, _parameter: click.Parameter | None, value: str | None) -> str | None:
    """Check an e-mail address; "" and None pass."""
    if value and not ADDRESS.fullmatch(value):
        raise click.BadParameter(f"{value!r} is not an e-mail address.")
    return value


@click.command()
@click.option("--image", help=IMAGE_HELP)
@click.option("--keep-image", is_flag=True, help="Plan what `stacks` would change.")
@with_options
@click.pass_context
def plan_command(context: click.Context, options: Options, image: str | None, keep_image: bool) -> None:
    """Show what deploy would change.

    The exit code is 0 when nothing would change, 2 when something would, and 1 for an error.
    """
    with options.reporter() as reporter, Interrupt(lambda _: reporter.note(CTRL_C)) as interrupt:
        options.say_where(reporter)
        _warn_of_stale_templates(reporter)
        if keep_image:
            release = plans.stacks_alone(options.cloud, options.settings)
        else:
            release = plans.everything(options.cloud, options.settings, image or _planned_image(options, reporter))
        found = preview.preview(options.cloud, release.stacks, interrupt)
    changed = any(entry.changed for entry in found)
    options.print({"changed": changed, "stacks": preview.as_json(found)}, preview.as_text(found))
    if changed:
        command = f"sentiment {'stacks' if keep_image else 'deploy'} --stage {options.stage}"
        click.echo(f"There are changes (exit code {EXIT_CHANGES}, not an error); `{command}` applies them.", err=True)
        context.exit(EXIT_CHANGES)


@click.command()
@click.option("--image", help=IMAGE_HELP)
@DATA_LOSS
@WAIT
@click.option(
    "--alarm-email",
    envvar="ALARM_EMAIL",
    callback=_address,
    help="Address for alarms, kept by later deployments. Default: the stage's, or asked for once.",
)
@with_options
def deploy_command(
    options: Options, image: str | None, allow_data_loss: bool, wait: int, alarm_email: str | None
) -> None:
    """Bring all stacks, the service and the site up to date."""
    with options.reporter() as reporter:
        options.say_where(reporter)
        _warn_of_stale_templates(reporter)
        chosen = image or options.image(reporter)
        release, outputs = _execute(
            options,
            reporter,
            "deploy",
            lambda: _everything(options, chosen, alarm_email),
            allow_data_loss,
            wait,
        )
    url = release.url(outputs)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")
    if _unheard(options, release):
        display.show_danger(
            f"Nobody will hear the alarms of stage {options.stage}, nor that its API was closed: no address is set.",
            f"`sentiment deploy --stage {options.stage} --alarm-email you@example.com`",
        )
    elif options.settings.place == "aws" and release.first:
        click.echo(f"Alarms go to {release.settings.alarm_email}, once the mail from AWS is confirmed.", err=True)


@click.command()
@DATA_LOSS
@WAIT
@with_options
def stacks_command(options: Options, allow_data_loss: bool, wait: int) -> None:
    """Bring all stacks up to date; keep image and site."""
    with options.reporter() as reporter:
        options.say_where(reporter)
        _warn_of_stale_templates(reporter)
        release, outputs = _execute(
            options,
            reporter,
            "stacks",
            lambda: plans.stacks_alone(options.cloud, options.settings, options.public_url),
            allow_data_loss,
            wait,
        )
    url = release.url(outputs)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")


@click.command()
@with_options
def login_command(options: Options) -> None:
    """Log in to the registry of the stage's images.

    It uses no long-lived credentials: a GITHUB_TOKEN, or the account's own credentials for ECR.
    """
    with options.reporter() as reporter:
        host = options.place.login(reporter)
    words = f"Logged in to {host}." if host else "No login needed: images of this stage stay on this machine."
    options.print({"registry": host}, words)


@click.command()
@click.option("--image", help=IMAGE_HELP)
@CANARY
@WITHOUT_TRAFFIC
@WAIT
@with_options
def roll_command(options: Options, image: str | None, canary: float, without_traffic: bool, wait: int) -> None:
    """Roll out this checkout's image.

    If the service does not become steady on it, the previous image is restored.
    """
    with options.reporter() as reporter:
        options.say_where(reporter)
        release, outputs = _roll(
            options, reporter, "roll", image or options.image(reporter), wait, canary, without_traffic
        )
    url = release.url(outputs)
    options.print({"image": release.image, "url": url}, f"{url} runs {release.image}")


@click.command()
@CANARY
@WITHOUT_TRAFFIC
@WAIT
@with_options
def promote_command(options: Options, canary: float, without_traffic: bool, wait: int) -> None:
    """Roll out this checkout's model; check that it answers."""
    wanted = content.model_revision()
    with options.reporter() as reporter:
        options.say_where(reporter)
        deployed(options)
        release, outputs = _roll(options, reporter, "promote", options.image(reporter), wait, canary, without_traffic)
        url = release.url(outputs)
        served = smoke.served_model(url, page.api_url(options.settings, outputs))
    if served != wanted:
        raise SmokeTestError(
            f"The service answers with model {served} instead of {wanted}.",
            f"`sentiment status --stage {options.stage}` shows which image runs.",
        )
    facts = {"model": served, "image": release.image, "before": release.image_before, "url": url}
    back = f"`sentiment rollback --stage {options.stage}` rolls back to {release.image_before}"
    options.print(facts, f"{url} answers with model {served}; {back}")


@click.command()
@click.option("--to", "image", help="Image to roll back to. Default: the last that worked.")
@with_options
def rollback_command(options: Options, image: str | None) -> None:
    """Roll back to the image that ran before."""
    with options.reporter() as reporter:
        options.say_where(reporter)
        release, outputs = _roll(options, reporter, "rollback", image)
    url = release.url(outputs)
    options.print({"image": release.image, "url": url}, f"{url} runs {release.image}")


@click.command()
@WAIT
@with_options
def site_command(options: Options, wait: int) -> None:
    """Upload the site's files that changed."""
    with options.reporter() as reporter:
        options.say_where(reporter)
        with lock.hold(options.cloud, "site", 60.0 * wait, reporter.note):
            change = page.upload(options.cloud, options.settings, deployed(options), reporter)
    facts = {"uploaded": change.uploaded, "deleted": change.deleted, "unchanged": change.unchanged}
    lines = [f"+ {key}" for key in change.uploaded] + [f"- {key}" for key in change.deleted]
    options.print(facts, "\n".join(lines) or "No change.")


@click.command()
@with_options
def image_command(options: Options) -> None:
    """Build and push this checkout's image; print its name.

    An image that is already in the registry is not built or pushed again.
    """
    with options.reporter() as reporter:
        reference = options.image(reporter)
    options.print({"image": reference}, reference)


def _warn_of_stale_templates(reporter: Reporter) -> None:
    if words := freshness.warning():
        reporter.warn(words)


def _everything(options: Options, image: str, address: str | None) -> Release:
    """Plan a deployment; ask for the address of alarms if there has never been one."""
    settings = options.settings.mailing(address) if address else options.settings
    release = plans.everything(options.cloud, settings, image, options.public_url)
    if not _unheard(options, release):
        return release
    question = f"Where should the alarms of stage {options.stage} be mailed to? (empty: nowhere)"
    address = options.answer(question, lambda value: _address(None, None, value) or "")
    if not address:
        return release
    return plans.everything(options.cloud, settings.mailing(address), image, options.public_url)


def _unheard(options: Options, release: Release) -> bool:
    """Whether a stage has alarms that cost money and no address to mail them to."""
    return options.settings.place == "aws" and not release.settings.alarm_email


def _roll(
    options: Options,
    reporter: Reporter,
    command: str,
    image: str | None,
    wait: int = 0,
    canary: float = 0.0,
    without_traffic: bool = False,
) -> tuple[Release, dict[str, str]]:
    """Roll out an image to the service, after a canary of so many minutes; None for the last one that worked."""

    def plan() -> Release:
        return plans.service_alone(options.cloud, options.settings, image, options.public_url)

    def try_out(work: Work) -> None:
        trial.try_out(work, plan(), canary, without_traffic)

    return _execute(options, reporter, command, plan, wait=wait, before=try_out if canary else None)


def _execute(
    options: Options,
    reporter: Reporter,
    command: str,
    plan: Callable[[], Release],
    allow_data_loss: bool = False,
    wait: int = 0,
    before: Callable[[Work], None] | None = None,
) -> tuple[Release, dict[str, str]]:
    """Make a release while holding the stage's lock; return the release and all outputs.

    What is to happen before it happens under the same lock.
    """
    confirm = data_loss_question(options, allow_data_loss)
    with changing(options.cloud, reporter, command, confirm, timeout=60.0 * wait) as work:
        if before:
            before(work)
        release = plan()
        return release, execute(work, release)


def _planned_image(options: Options, reporter: Reporter) -> str:
    """The image that deploy would run, without building it."""
    try:
        reference = options.place.planned_image(reporter)
    except ImageError as error:
        reference = images.current(options.cloud)
        if not reference:
            raise
        reporter.warn(f"{error.message} The plan leaves the image as it is: {reference}")
    return reference
