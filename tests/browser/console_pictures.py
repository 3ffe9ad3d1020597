"""Takes the documentation's pictures of the console, in light and dark: `python -m tests.browser.console_pictures`.

They are of a laptop cloud of its own, which has just judged a few texts and waits with a change set.
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from playwright.sync_api import Browser, Page, ViewportSize, expect

from scripts.cloudformation.stacks import collect_outputs
from tests.browser import chromium
from tests.local.running import RunningApp, start_and_wait

TARGET = Path(__file__).resolve().parents[2] / "docs" / "images"
TEXTS = ("I was so happy to see my old friends again", "I let my sister take the blame", "My old dog died this morning")
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZE = ViewportSize(width=960, height=600)
STACK, CHANGE_SET = "sentiment-local-cluster", "six-instances-at-most"


def take(browser: Browser, app: RunningApp, target: Path, schemes: Sequence[Scheme] = SCHEMES) -> list[Path]:
    """Take all pictures.

    Args:
        browser: a started browser.
        app: the laptop cloud.
        target: folder for the PNGs, ``console-NAME.png`` and ``console-NAME-dark.png``.
        schemes: ``light``, ``dark`` or both.

    Returns:
        The files.
    """
    _judge(app)
    files = []
    with _change_set(app):
        for scheme in schemes:
            ending = "" if scheme == "light" else f"-{scheme}"
            context = browser.new_context(viewport=SIZE, locale="en-GB", color_scheme=scheme)
            page = context.new_page()
            page.goto(app.console_url)
            for name, view in _views(app).items():
                files.append(target / f"console-{name}{ending}.png")
                _visit(page, app, view)
                page.screenshot(path=files[-1])
            context.close()
    return files


def _views(app: RunningApp) -> dict[str, str]:
    """Name of each picture -> the view that it shows."""
    outputs, iam = collect_outputs(app.cloud), app.cloud.client("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if "RecordRole" in each["RoleName"])
    found = app.cloud.client("dynamodb").describe_table(TableName=outputs["JudgementsTableName"])["Table"]
    arn = quote(found["TableArn"], safe="")
    return {
        "stacks": "stacks",
        "change-set": f"changes/{CHANGE_SET}?stack={STACK}",
        "services": "services",
        "targets": "targets",
        "instances": "instances",
        "alarms": "alarms",
        "logs": "logs",
        "access": f"roles/{role}?action=dynamodb%3ADeleteItem&resource={arn}",
        "items": f"tables/{outputs['JudgementsTableName']}",
        "objects": f"buckets/{outputs['SiteBucketName']}",
        "cost": "cost",
    }


def _visit(page: Page, app: RunningApp, view: str) -> None:
    page.goto(f"{app.url}/console#{view}")
    expect(page.locator("#content section").first).to_be_visible()
    expect(page.locator("#message")).to_be_empty()


def _judge(app: RunningApp) -> None:
    for review in TEXTS:
        said = app.request("POST", "/api/getSentiment", {"review": review}).json
        body = {"review": review, "sentiment": said["classification"] or "joy", "judgement": str(uuid.uuid4())}
        app.request("POST", "/api/setSentiment", {**body, "receipt": said["receipt"]})


@contextmanager
def _change_set(app: RunningApp) -> Iterator[None]:
    """A change set that waits: more instances at most."""
    client = app.cloud.client("cloudformation")
    known = client.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
    other = {"MaxInstances": "6"}
    parameters = [
        {"ParameterKey": key, "ParameterValue": other[key]} if key in other else
        {"ParameterKey": key, "UsePreviousValue": True}
        for key in (each["ParameterKey"] for each in known)
    ]  # fmt: skip
    client.create_change_set(
        StackName=STACK,
        ChangeSetName=CHANGE_SET,
        UsePreviousTemplate=True,
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM"],
    )
    yield
    client.delete_change_set(StackName=STACK, ChangeSetName=CHANGE_SET)


def main() -> int:
    """Take the pictures; say what is missing where they cannot be taken.

    Returns:
        Exit status: 0 when they are there.
    """
    executable = chromium.find()
    if executable is None:
        print("No Chromium: install your system's chromium package, or name one in CHROMIUM.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, chromium.launch(executable) as browser:
        app = start_and_wait(Path(folder) / "state")
        try:
            for file in take(browser, app, TARGET):
                print(file)
        finally:
            app.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
