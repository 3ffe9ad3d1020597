"""Loads the laptop cloud that runs, and draws how its tasks scale meanwhile."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.live import Live

from scripts.cloudformation.stacks import collect_outputs
from scripts.local import curve, load, scaler
from scripts.local.session import reach
from scripts.local.state import running


def watch(rate: int, seconds: int, picture: Path | None = None) -> None:
    """Send requests for a while, and show each second how many tasks there are.

    Args:
        rate: requests a second at the peak.
        seconds: how long the peak lasts.
        picture: SVG file for the curve.

    Raises:
        DeployError: no laptop cloud runs.
    """
    found = running()
    cloud = reach(found)
    outputs = collect_outputs(cloud)
    ecs = cloud.client("ecs")

    def tasks() -> int:
        services = ecs.describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])["services"]
        return int(services[0]["runningCount"])

    console = Console()
    console.print(f"A minute of AWS's scaling takes {scaler.MINUTE:g} s here. Ctrl-C ends the load.")
    samples: list[load.Sample] = []
    with Live(console=console, auto_refresh=False) as live:
        for sample in load.run(found["url"], rate, seconds, tasks):
            samples.append(sample)
            live.update(curve.table(samples, rate), refresh=True)
    answered, failed = sum(one.answered for one in samples), sum(one.failed for one in samples)
    most = max(one.tasks for one in samples)
    console.print(f"{answered} answered, {failed} failed; {samples[0].tasks} to {most} tasks, and {samples[-1].tasks}.")
    if picture is not None:
        title = f"{rate} requests a second for {seconds} s, then few: tasks follow"
        picture.write_text(curve.svg(samples, title), encoding="utf-8")
        console.print(f"The curve is in {picture}.")
