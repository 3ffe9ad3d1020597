"""Commands that run the app on this machine. What they do is in ``scripts.local``, imported when one is run."""

from __future__ import annotations

from pathlib import Path

import click

from scripts.local.runner import PROCESS, REGISTRY, RUNNERS


@click.command()
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the page; 0 for any free one.",
)
@click.option(
    "--runner",
    default=PROCESS,
    show_default=True,
    envvar="RUNNER",
    type=click.Choice(RUNNERS),
    help="What runs the tasks: processes, or containers of the real image.",
)
@click.option(
    "--registry",
    default=REGISTRY,
    show_default=True,
    envvar="REGISTRY",
    help="Address of a registry on loopback, for the real image.",
)
@click.option(
    "--page-port",
    envvar="PAGE_PORT",
    type=click.IntRange(0, 65535),
    help="Serve the page on a port of its own too, so that it calls the API across origins, as on AWS; 0: any.",
)
@click.pass_context
def local_command(context: click.Context, port: int, runner: str, registry: str, page_port: int | None) -> None:
    """Run the whole app on this machine, until Ctrl-C."""
    from scripts.local import up

    context.exit(up.main(port=port, runner=runner, registry=registry, page_port=page_port))


@click.command()
@click.option("--rate", default=60, show_default=True, type=click.IntRange(1, 1000), help="Requests a second at peak.")
@click.option("--seconds", default=40, show_default=True, type=click.IntRange(1, 3600), help="How long the peak lasts.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="SVG file for the curve.")
def load_command(rate: int, seconds: int, picture: Path | None) -> None:
    """Put load on the laptop cloud and watch its tasks scale."""
    from scripts.local import watch

    watch.watch(rate, seconds, picture)
