"""Commands that change what a stage is made of, from deploy to the pipelines' stack. Only options live here."""

from __future__ import annotations

import click

from scripts.app import page as website
from scripts.cli.options import LAPTOP_STAGE, Options, data_loss_question, with_options
from scripts.cloudformation import templates
from scripts.image import content as images
from scripts.image import login as registry
from scripts.image import repository as repositories
from scripts.release import pipelines, smoke
from scripts.release import release as releasing
from scripts.release.deploy import api_url, collect_outputs
from scripts.release.release import Target, release
from scripts.stage import lock
from scripts.stage.errors import DeployError, SmokeTestError
from scripts.stage.reporter import Reporter

SERVICE = frozenset({"service"})
IMAGE_HELP = "A pushed image to run, instead of the one of this checkout."


DATA_LOSS = click.option(
    "--allow-data-loss", is_flag=True, help="Agree to changes that replace or remove what holds data."
)
WAIT = click.option(
    "--wait", default=0, show_default=True, type=click.IntRange(0), help="Minutes to wait for the stage's lock."
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
        target = _target(options, reporter, allow_data_loss, wait)
        outputs = release(target, image or options.image(reporter), "deploy")
    url = target.url(outputs)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")


@click.command()
@DATA_LOSS
@WAIT
@with_options
def stacks(options: Options, allow_data_loss: bool, wait: int) -> None:
    """Bring every stack up to date; the service keeps its image, the site its files."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        target = _target(options, reporter, allow_data_loss, wait)
        every = frozenset(template.stack for template in templates.load_all())
        outputs = release(target, releasing.image_to_keep(options.cloud), "stacks", every)
    url = target.url(outputs)
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
        chosen = image or options.image(reporter)
        url = _roll(options, reporter, chosen, "roll", wait)
    options.print({"image": chosen, "url": url}, f"{url} runs {chosen}")


@click.command()
@with_options
def promote(options: Options) -> None:
    """Roll the service to the model of this checkout, and see that it is the one that answers."""
    wanted = images.model_revision()
    with options.reporter() as reporter:
        _say_where(options, reporter)
        deployed(options)
        before = releasing.current_image(options.cloud)
        image = options.image(reporter)
        target = _target(options, reporter, allow_data_loss=False)
        outputs = release(target, image, "promote", SERVICE)
        served = smoke.served_model(target.url(outputs), api_url(options.settings, outputs))
    if served != wanted:
        raise SmokeTestError(
            f"The service answers with model {served} instead of {wanted}.", "`status` shows which image runs."
        )
    facts = {"model": served, "image": image, "before": before, "url": target.url(outputs)}
    options.print(facts, f"{target.url(outputs)} answers with model {served}; `rollback` goes back to {before}")


@click.command()
@click.option("--to", "image", help="The image to go back to; by default the one that ran well before.")
@with_options
def rollback(options: Options, image: str | None) -> None:
    """Go back to the image that ran before."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        chosen = image or releasing.previous_image(options.cloud)
        url = _roll(options, reporter, chosen, "rollback")
    options.print({"image": chosen, "url": url}, f"{url} runs {chosen}")


@click.command()
@WAIT
@with_options
def site(options: Options, wait: int) -> None:
    """Upload what changed of the website."""
    with options.reporter() as reporter, lock.hold(options.cloud, "site", 60.0 * wait, reporter.note):
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
            f"`python -m scripts deploy --stage {options.stage}` deploys it.",
        )
    return found


def _roll(options: Options, reporter: Reporter, image: str, command: str, wait: int = 0) -> str:
    """Roll; the page's address."""
    deployed(options)
    target = _target(options, reporter, allow_data_loss=False, wait=wait)
    return target.url(release(target, image, command, SERVICE))


def _target(options: Options, reporter: Reporter, allow_data_loss: bool, wait: int = 0) -> Target:
    confirm = data_loss_question(options, allow_data_loss)
    return Target(options.cloud, options.settings, reporter, confirm, options.public_url, patience=60.0 * wait)


def _say_where(options: Options, reporter: Reporter) -> None:
    if options.stage != LAPTOP_STAGE:
        reporter.note(f"Stage {options.stage} in account {options.cloud.account}, {options.cloud.region}")
