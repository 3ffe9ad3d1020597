"""Commands that look at a stage and change nothing: plan, status, outputs. Only options live here."""

from __future__ import annotations

import click

from scripts.cli.changing import IMAGE_HELP, deployed
from scripts.cli.options import LAPTOP_STAGE, Options, with_options
from scripts.cloudformation import preview
from scripts.look import status as looking
from scripts.release import images, plans
from scripts.stage.errors import ImageError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter

EXIT_CHANGES = 2
CTRL_C = "Ctrl-C: removing what this plan has begun, then stopping."


@click.command()
@click.option("--image", help=IMAGE_HELP)
@click.option("--keep-image", is_flag=True, help="Plan what `stacks` would change: the service keeps its image.")
@with_options
@click.pass_context
def plan(context: click.Context, options: Options, image: str | None, keep_image: bool) -> None:
    """Show what deploy would change: exit code 0 for nothing, 2 for something, 1 for an error."""
    with options.reporter() as reporter, Interrupt(lambda _: reporter.note(CTRL_C)) as interrupt:
        if keep_image:
            release = plans.stacks_alone(options.cloud, options.settings)
        else:
            release = plans.everything(options.cloud, options.settings, image or _image(options, reporter))
        found = preview.preview(options.cloud, release.stacks, interrupt)
    options.print(preview.as_json(found), preview.as_text(found))
    context.exit(EXIT_CHANGES if any(entry.changed for entry in found) else 0)


@click.command()
@with_options
def status(options: Options) -> None:
    """Show what runs where: stacks, model, revision, tasks, instances, targets, deployments."""
    found = looking.look(options.cloud, options.settings, options.public_url)
    options.print(found.as_json, found.text)


@click.command()
@with_options
def outputs(options: Options) -> None:
    """Print what the stacks put out: addresses, names, ARNs."""
    found = deployed(options)
    width = max(map(len, found))
    options.print(found, "\n".join(f"{key:{width}}  {value}" for key, value in sorted(found.items())))


def _image(options: Options, reporter: Reporter) -> str:
    """The image that deploy would run, without building it."""
    if options.stage == LAPTOP_STAGE:
        return options.image(reporter)
    try:
        reference = options.image_if_pushed()
    except ImageError as error:
        reference = images.current(options.cloud)
        if not reference:
            raise
        reporter.warn(f"{error.message} The plan leaves the image as it is: {reference}")
    return reference
