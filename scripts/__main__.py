"""The command line, ``python -m scripts``: what each command is called and takes. The work is done elsewhere."""

from __future__ import annotations

import click

from scripts import deploy as deploying
from scripts import smoke
from scripts.cli import LAPTOP_STAGE, Commands, Options, data_loss_question, with_options
from scripts.errors import DeployError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Run the sentiment app on this machine or on AWS."""


@main.command()
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Port of the page.")
@click.pass_context
def local(context: click.Context, port: int) -> None:
    """Run the whole app on this machine until Ctrl-C."""
    from scripts.local import up  # the laptop cloud's packages are not needed to deploy to AWS

    context.exit(up.main(port=port))


@main.command()
@click.option("--image", help="A pushed image to deploy, instead of building the one of this checkout.")
@click.option("--allow-data-loss", is_flag=True, help="Agree to changes that replace or remove what holds data.")
@with_options
def deploy(options: Options, image: str | None, allow_data_loss: bool) -> None:
    """Bring every stack, the service and the site up to date."""
    with options.reporter() as reporter:
        if options.stage != LAPTOP_STAGE:
            reporter.note(f"Stage {options.stage} in account {options.cloud.account}, {options.cloud.region}")
        image_uri = image or options.image(reporter)
        confirm = data_loss_question(options, allow_data_loss)
        outputs = deploying.deploy(options.cloud, options.settings, image_uri, reporter, confirm)
        url = options.public_url or outputs["SiteUrl"]
        api_url = deploying.api_url(options.settings, outputs)
        token = smoke.export_token(options.cloud, options.settings)
        smoke.smoke_test(url, api_url, reporter, options.cloud, outputs, token)
    options.print({"url": url, "outputs": outputs}, f"Ready: {url}")


@main.command()
@with_options
def outputs(options: Options) -> None:
    """Print what the stacks put out: addresses, names, ARNs."""
    found = deploying.collect_outputs(options.cloud)
    if not found:
        raise DeployError(
            f"Nothing of stage {options.stage} is deployed here.",
            f"`python -m scripts deploy --stage {options.stage}` deploys it.",
        )
    width = max(map(len, found))
    options.print(found, "\n".join(f"{key:{width}}  {value}" for key, value in sorted(found.items())))


if __name__ == "__main__":
    main(prog_name="python -m scripts")
