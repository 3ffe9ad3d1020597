"""The command line, ``sentiment``: gathers the commands. What they do is elsewhere."""

from __future__ import annotations

import click

from scripts.cli import changing, completion, costing, loading, looking, running
from scripts.cli.options import Commands
from scripts.local.runner import PROCESS, REGISTRY, RUNNERS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Run the sentiment app on this machine or on AWS."""


@main.command()
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0: any."
)
@click.option(
    "--runner",
    default=PROCESS,
    show_default=True,
    envvar="RUNNER",
    type=click.Choice(RUNNERS),
    help="What runs the tasks: plain processes, or containers of the real image.",
)
@click.option(
    "--registry",
    default=REGISTRY,
    show_default=True,
    envvar="REGISTRY",
    help="Where a registry on loopback may listen, through which the real image goes.",
)
@click.pass_context
def local(context: click.Context, port: int, runner: str, registry: str) -> None:
    """Run the whole app on this machine until Ctrl-C."""
    from scripts.local import up  # the laptop cloud's packages are not needed to deploy to AWS

    context.exit(up.main(port=port, runner=runner, registry=registry))


for command in (
    changing.deploy,
    changing.stacks,
    changing.pipeline,
    changing.login,
    changing.roll,
    changing.promote,
    changing.rollback,
    changing.site,
    changing.image,
    costing.cost,
    looking.plan,
    looking.status,
    looking.outputs,
    loading.load,
    running.scale,
    running.sleep,
    running.wake,
    running.logs,
    running.export,
    running.restore,
    running.forget,
    running.rotate_receipt_key,
    running.doctor,
    running.destroy,
    completion.completion,
):
    main.add_command(command)
