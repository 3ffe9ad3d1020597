"""The command line, ``python -m scripts``: gathers the commands. What they do is elsewhere."""

from __future__ import annotations

import click

from scripts.cli import Commands
from scripts.commands import changing, costing, loading, looking, running


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Run the sentiment app on this machine or on AWS."""


@main.command()
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0: any."
)
@click.pass_context
def local(context: click.Context, port: int) -> None:
    """Run the whole app on this machine until Ctrl-C."""
    from scripts.local import up  # the laptop cloud's packages are not needed to deploy to AWS

    context.exit(up.main(port=port))


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
    running.rotate_receipt_key,
    running.doctor,
    running.destroy,
):
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="python -m scripts")
