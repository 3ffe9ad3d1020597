"""Calls of AWS that the AWS CDK makes for the same stacks: only where CDK names a folder in which npm installed it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from click.testing import CliRunner
from moto.core.responses import BaseResponse
from moto.server import ThreadedMotoServer

from scripts.cli.main import main
from scripts.release import smoke
from scripts.stage.session import Cloud
from tests.bench.figures import Figure
from tests.second import gaps

NEEDS = "CDK"
TITLE = "Calls of AWS beside the CDK's"
ABOUT = """\
Stage `dev` is deployed to moto's server. Then both are asked what would change, which is nothing: `sentiment plan`, and
`cdk diff --all --method=template` on an app whose stacks are the same templates (`tests/bench/peer.cjs`; it finds one
list of tags in another order). Every request that reaches the server counts. The CDK's app needs no bootstrap stack, so
it asks for none; its usual one adds calls. `cdk deploy` could not be repeated: moto loses the change sets that the CDK
makes, and does not take its direct updates. Without a change it skips a stack after the same two calls (`canSkipDeploy`
in its source). Our `stacks` also takes and releases the stage's lock, looks at the service, at keys and at images
that worked, and on AWS runs a smoke test.

To repeat: `npm install --prefix FOLDER aws-cdk@2.1148.1 aws-cdk-lib@2 constructs@10`, then `CDK=FOLDER make bench
ONLY=peer`.
"""
IMAGE = f"docker.io/example/sentiment-rnn@sha256:{'a' * 64}"
KEYS = {"AWS_ACCESS_KEY_ID": "second", "AWS_SECRET_ACCESS_KEY": "second", "AWS_DEFAULT_REGION": "us-east-1"}


def missing() -> str:
    """What this machine lacks, "" for nothing."""
    return "" if NEEDS in os.environ else f"{NEEDS} names no folder in which npm installed the CDK"


def measure() -> Iterator[Figure]:
    """Count what reaches a server of moto's own, in this process."""
    gaps.install()
    calls: Counter[str] = Counter()
    real = BaseResponse.call_action

    def count(self: Any) -> Any:
        calls[self._get_action()] += 1
        return real(self)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(os.environ, {**KEYS, "NO_PROXY": host, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}),
        patch.object(BaseResponse, "call_action", count),
        patch.object(smoke, "smoke_test", lambda *_, **__: None),  # moto runs nothing that could be tested
        patch.object(Cloud, "poll_seconds", 0.05),
    ):
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            os.environ[name] = str(Path(folder) / "none")
        _ours("deploy", "--image", IMAGE)
        os.environ["GIVEN"] = str(_templates(Path(folder)))
        for name, run in {
            "sentiment plan": lambda: _ours("plan", "--image", IMAGE),
            "cdk diff": _cdk_diff,
            "sentiment stacks that changes nothing": lambda: _ours("stacks"),
        }.items():
            yield _counted(name, calls, run)
    server.stop()


def _counted(name: str, calls: Counter[str], run: Callable[[], None]) -> Figure:
    calls.clear()
    run()
    most = ", ".join(f"{each} {count}" for each, count in calls.most_common(3) if count > 1)
    return Figure(name, calls.total(), "calls", most)


def _ours(*arguments: str) -> None:
    result = CliRunner().invoke(main, [*arguments, "--stage", "dev"])
    if result.exit_code:
        raise RuntimeError(f"{' '.join(arguments)}: {result.stderr}")


def _templates(folder: Path) -> Path:
    """The deployed templates in files, and a file that lists them."""
    client = boto3.client("cloudformation")
    found = {}
    for stack in client.describe_stacks()["Stacks"]:
        path = folder / f"{stack['StackName']}.yaml"
        path.write_text(client.get_template(StackName=stack["StackName"])["TemplateBody"], encoding="utf-8")
        found[stack["StackName"]] = str(path)
    listed = folder / "given.json"
    listed.write_text(json.dumps(found), encoding="utf-8")
    return listed


def _cdk_diff() -> None:
    modules = Path(os.environ[NEEDS]).resolve() / "node_modules"
    app = Path(__file__).with_name("peer.cjs")
    command = [str(modules / ".bin" / "cdk"), "diff", "--all", "--method=template"]
    command += ["--no-notices", "--no-version-reporting"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, "--no-path-metadata", "--app", f"node {app}", "--output", folder],
            env={**os.environ, "NODE_PATH": str(modules), "CI": "true"},
            capture_output=True,
            text=True,
            timeout=300,
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
