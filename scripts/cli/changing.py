"""Commands that change what a stage is made of, from deploy to the pipelines' stack. Only options live here."""

from __future__ import annotations

from collections.abc import Callable

import click

from scripts.app import page as website
from scripts.cli.options import LAPTOP_STAGE, Options, data_loss_question, with_options
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import changing
from scripts.image import content as images
from scripts.image import login as registry
from scripts.release import pipelines, plans, smoke
from scripts.release import registry as repositories
from scripts.release.execute import execute
from scripts.release.plans import Release
from scripts.stage.errors import DeployError, SmokeTestError
from scripts.stage.reporter import Reporter

IMAGE_HELP = "A pushed image to run, instead of the one of this checkout."


DATA_LOSS = click.option(
    "--allow-data-loss", is_flag=True, help="Agree to changes that replace or remove what holds data."
)
WAIT = click.option(
    "--wait", default=0, show_default=True, type=click.IntRange(0), help="Minutes to wait for another deployment's end."
)


@click.command()
@click.option("--image", help=IMAGE_HELP)
@DATA_LOSS
@WAIT
@with_options
def deploy(options: Options, image: str | None, allow_data_loss: bool, wait: int) -> None:
    """Bring every stack, the service and the site up to date."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        chosen = image or options.image(reporter)
        release, outputs = _execute(
            options,
            reporter,
            "deploy",
            lambda: plans.everything(options.cloud, options.settings, chosen, options.public_url),
            allow_data_loss,
            wait,
        )
    url = release.url(outputs)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")


@click.command()
@DATA_LOSS
@WAIT
@with_options
def stacks(options: Options, allow_data_loss: bool, wait: int) -> None:
    """Bring every stack up to date; the service keeps its image, the site its files."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
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
@click.option("--repository", help="Repository as GitHub's tokens name it; by default the stage's pipeline_repository.")
@with_options
def pipeline(options: Options, repository: str | None) -> None:
    """Let the pipelines of a GitHub repository deploy the stage; print what to set there."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        outputs = pipelines.let_in(options.cloud, options.settings, repository, reporter)
    options.print(outputs, pipelines.what_to_set(options.settings, outputs, options.cloud.region))


@click.command()
@with_options
def login(options: Options) -> None:
    """Log in to the registry of the stage's images, without a long-lived key."""
    if options.stage == LAPTOP_STAGE:
        options.print({"registry": ""}, "The laptop cloud keeps images in a folder: there is nothing to log in to.")
        return
    with options.reporter() as reporter:
        settings = repositories.ready(options.cloud, options.settings, reporter)
    host = registry.login(options.cloud, settings.image_repository)
    options.print({"registry": host}, f"Logged in to {host}.")


@click.command()
@click.option("--image", help=IMAGE_HELP)
@WAIT
@with_options
def roll(options: Options, image: str | None, wait: int) -> None:
    """Roll the service to the image of this checkout, and back when that does not work."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        release, outputs = _roll(options, reporter, "roll", image or options.image(reporter), wait)
    url = release.url(outputs)
    options.print({"image": release.image, "url": url}, f"{url} runs {release.image}")


@click.command()
@with_options
def promote(options: Options) -> None:
    """Roll the service to the model of this checkout, and see that it is the one that answers."""
    wanted = images.model_revision()
    with options.reporter() as reporter:
        _say_where(options, reporter)
        deployed(options)
        release, outputs = _roll(options, reporter, "promote", options.image(reporter))
        url = release.url(outputs)
        served = smoke.served_model(url, website.api_url(options.settings, outputs))
    if served != wanted:
        raise SmokeTestError(
            f"The service answers with model {served} instead of {wanted}.",
            f"`sentiment status --stage {options.stage}` shows which image runs.",
        )
    facts = {"model": served, "image": release.image, "before": release.image_before, "url": url}
    options.print(facts, f"{url} answers with model {served}; `sentiment rollback` goes back to {release.image_before}")


@click.command()
@click.option("--to", "image", help="The image to go back to; by default the one that ran well before.")
@with_options
def rollback(options: Options, image: str | None) -> None:
    """Go back to the image that ran before."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        release, outputs = _roll(options, reporter, "rollback", image)
    url = release.url(outputs)
    options.print({"image": release.image, "url": url}, f"{url} runs {release.image}")


@click.command()
@with_options
def site(options: Options) -> None:
    """Upload what changed of the website."""
    with options.reporter() as reporter:
        change = website.upload(options.cloud, options.settings, deployed(options), reporter)
    facts = {"uploaded": change.uploaded, "deleted": change.deleted, "unchanged": change.unchanged}
    lines = [f"+ {key}" for key in change.uploaded] + [f"- {key}" for key in change.deleted]
    options.print(facts, "\n".join(lines) or "No change.")


@click.command()
@with_options
def image(options: Options) -> None:
    """Build and push the image of this checkout, unless the registry has it; print its name."""
    with options.reporter() as reporter:
        reference = options.image(reporter)
    options.print({"image": reference}, reference)


def deployed(options: Options) -> dict[str, str]:
    """Outputs of the stage's stacks.

    Raises:
        DeployError: there are none.
    """
    found = collect_outputs(options.cloud)
    if not found:
        raise DeployError(
            f"Nothing of stage {options.stage} is deployed here.",
            f"`sentiment deploy --stage {options.stage}` deploys it.",
        )
    return found


def _roll(
    options: Options, reporter: Reporter, command: str, image: str | None, wait: int = 0
) -> tuple[Release, dict[str, str]]:
    """Roll the service out to an image; None for the one that ran well before."""

    def plan() -> Release:
        return plans.service_alone(options.cloud, options.settings, image, options.public_url)

    return _execute(options, reporter, command, plan, wait=wait)


def _execute(
    options: Options,
    reporter: Reporter,
    command: str,
    plan: Callable[[], Release],
    allow_data_loss: bool = False,
    wait: int = 0,
) -> tuple[Release, dict[str, str]]:
    """Make a release as the only one who changes the stage; what it was, and all outputs."""
    confirm = data_loss_question(options, allow_data_loss)
    with changing(options.cloud, reporter, command, confirm, timeout=60.0 * wait) as work:
        release = plan()
        return release, execute(work, release)


def _say_where(options: Options, reporter: Reporter) -> None:
    if options.stage != LAPTOP_STAGE:
        reporter.note(f"Stage {options.stage} in account {options.cloud.account}, {options.cloud.region}")
