"""The command that loads the laptop cloud, to watch it scale. What is sent and how it is drawn is in scripts.local."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from scripts.cli import options
from scripts.cloudformation.stacks import collect_outputs
from scripts.stage.session import Cloud


@click.command()
@click.option("--rate", default=60, show_default=True, type=click.IntRange(1, 1000), help="Requests a second at peak.")
@click.option("--seconds", default=40, show_default=True, type=click.IntRange(1, 3600), help="How long the peak lasts.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="SVG file for the curve.")
def load(rate: int, seconds: int, picture: Path | None) -> None:
    """Load the laptop cloud that runs, and watch its tasks scale from one to three and back."""
    from scripts.local import curve, scaler  # the laptop cloud's packages are not needed on AWS
    from scripts.local import load as loading

    found = options.laptop()
    cloud = Cloud(options.LAPTOP_STAGE, found["endpoint_url"])
    outputs = collect_outputs(cloud)
    ecs = cloud.client("ecs")

    def tasks() -> int:
        services = ecs.describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])["services"]
        return int(services[0]["runningCount"])

    console = Console()
    console.print(f"A minute of AWS's scaling takes {scaler.MINUTE:g} s here. Ctrl-C ends the load.")
    samples: list[loading.Sample] = []
    with Live(console=console, auto_refresh=False) as live:
        for sample in loading.run(found["url"], rate, seconds, tasks):
            samples.append(sample)
            live.update(curve.table(samples, rate), refresh=True)
    answered, failed = sum(one.answered for one in samples), sum(one.failed for one in samples)
    most = max(one.tasks for one in samples)
    console.print(f"{answered} answered, {failed} failed; {samples[0].tasks} to {most} tasks, and {samples[-1].tasks}.")
    if picture is not None:
        title = f"{rate} requests a second for {seconds} s, then few: tasks follow"
        picture.write_text(curve.svg(samples, title), encoding="utf-8")
        console.print(f"The curve is in {picture}.")
