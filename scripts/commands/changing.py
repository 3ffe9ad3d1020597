"""Commands that change what a stage is made of: deploy, roll, promote, rollback, site, image. Only options here."""

from __future__ import annotations

import click

from scripts import image as images
from scripts import release as releasing
from scripts import site as website
from scripts import smoke
from scripts.cli import LAPTOP_STAGE, Options, data_loss_question, with_options
from scripts.deploy import api_url, collect_outputs
from scripts.errors import DeployError, SmokeTestError
from scripts.release import Target, release
from scripts.reporter import Reporter

SERVICE = frozenset({"service"})
IMAGE_HELP = "A pushed image to run, instead of the one of this checkout."


@click.command()
@click.option("--image", help=IMAGE_HELP)
@click.option("--allow-data-loss", is_flag=True, help="Agree to changes that replace or remove what holds data.")
@with_options
def deploy(options: Options, image: str | None, allow_data_loss: bool) -> None:
    """Bring every stack, the service and the site up to date."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        target = _target(options, reporter, allow_data_loss)
        outputs = release(target, image or options.image(reporter), "deploy")
    url = target.url(outputs)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")


@click.command()
@click.option("--image", help=IMAGE_HELP)
@with_options
def roll(options: Options, image: str | None) -> None:
    """Roll the service to the image of this checkout, and back when that does not work."""
    with options.reporter() as reporter:
        _say_where(options, reporter)
        _roll(options, reporter, image or options.image(reporter), "roll")


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
        _roll(options, reporter, image or releasing.previous_image(options.cloud), "rollback")


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
            f"`python -m scripts deploy --stage {options.stage}` deploys it.",
        )
    return found


def _roll(options: Options, reporter: Reporter, image: str, command: str) -> None:
    deployed(options)
    target = _target(options, reporter, allow_data_loss=False)
    outputs = release(target, image, command, SERVICE)
    options.print({"image": image, "url": target.url(outputs)}, f"{target.url(outputs)} runs {image}")


def _target(options: Options, reporter: Reporter, allow_data_loss: bool) -> Target:
    confirm = data_loss_question(options, allow_data_loss)
    return Target(options.cloud, options.settings, reporter, confirm, options.public_url)


def _say_where(options: Options, reporter: Reporter) -> None:
    if options.stage != LAPTOP_STAGE:
        reporter.note(f"Stage {options.stage} in account {options.cloud.account}, {options.cloud.region}")
