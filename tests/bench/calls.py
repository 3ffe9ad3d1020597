"""The orchestrator's calls of AWS: what a command costs on an account, where each takes a tenth of a second or more."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from scripts.cli.main import main
from tests.bench.figures import Figure
from tests.bench.orchestrator import two_images
from tests.local.counting import counted
from tests.local.running import start_and_wait

TITLE = "Calls of AWS that a command makes"
ABOUT = """\
Counted on the laptop cloud, whose commands are those of AWS. What is repeated until something is over (the descriptions
of change sets, stacks, events and services) counts once; on AWS it is asked every three seconds. There each command
also asks who it is (one call), and `deploy` and `roll` ask for the registry's address and a token (two calls).
Rolling out another image from the stage's own registry gives and takes the tags that keep images there: five calls.
Not counted is what a command deletes of the lock that earlier commands left: about two calls for each of them.
"""


def measure() -> Iterator[Figure]:
    """Run each command once, in its own laptop cloud."""
    with tempfile.TemporaryDirectory() as folder:
        app = start_and_wait(Path(folder) / "state")
        os.environ["STATE"] = str(app.state)
        try:
            yield _calls("plan that finds no change", "plan")
            yield _calls("deploy that changes nothing", "deploy")
            yield _calls("roll that changes nothing", "roll")
            yield _calls("roll to another image", "roll", "--image", two_images(app, Path(folder))[1])
        finally:
            del os.environ["STATE"]
            app.close()


def _calls(name: str, *arguments: str) -> Figure:
    with counted() as calls:
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
    if result.exit_code:
        raise RuntimeError(f"{' '.join(arguments)}: {result.stderr}")
    most = ", ".join(f"{each} {count}" for each, count in calls.most_common(3) if count > 1)
    return Figure(name, calls.total(), "calls", most)
