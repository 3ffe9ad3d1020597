"""Runs the steps of a real workflow on this machine, against the laptop cloud, as a pipeline would after a push.

Only what a job's `run` steps do is done here; steps that use an action are named, with what stands for them on the
laptop. A job runs what is committed, so changes that are not are refused.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from scripts.lessons import beginning, role
from scripts.lessons.beginning import SCRATCH
from scripts.lessons.room import enter
from scripts.local.session import STAGE
from scripts.stage.errors import DeployError, SettingsError

WORKFLOWS = Path(".github") / "workflows"
LAST_RUN = SCRATCH / "workflow.json"
DEPLOYS = "infrastructure/deploy"  # the job that deploys the stacks
SHOWN_LINES = 12  # of a failed step, from its end
# What an action does for a job, and what stands for it here.
ACTIONS = {
    "actions/checkout": "this checkout, at the commit that is checked out",
}
CREDENTIALS = "aws-actions/configure-aws-credentials"


def run(root: Path, name: str, say: Callable[[str], None]) -> bool:
    """Run a job; return whether every step succeeded.

    Args:
        root: the learner's tree.
        name: workflow and job, such as ``infrastructure/deploy``.
        say: called with each step and the verdict.

    Raises:
        SettingsError: there is no such job.
        DeployError: something is not committed.
    """
    job = _job(root, name)
    if changed := beginning.changed_since(root, "HEAD"):
        raise DeployError(
            f"Not committed: {', '.join(changed)}. A pipeline sees only what is committed and pushed.",
            "`git commit --all` first; `make lesson-reset` undoes the commit later.",
        )
    commit = beginning.git(root, "rev-parse", "HEAD").strip()
    say(f"{name} at {commit[:7]}")
    keys: dict[str, str] = {}  # of the job's role, once a step has assumed it
    green = all(_step(root, job, step, keys, say) for step in job["steps"])
    say(f"{'GREEN' if green else 'RED'}  {name}")
    path = root / LAST_RUN
    path.parent.mkdir(parents=True, exist_ok=True)
    verdict = {"job": name, "commit": commit, "green": green, "in_role": bool(keys), "time": time.time()}
    path.write_text(json.dumps(verdict), encoding="utf-8")
    return green


def last(root: Path) -> dict[str, Any]:
    """The last run: job, commit, whether it was green and in its own role, and when; {} if there was none."""
    try:
        found = json.loads((root / LAST_RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _job(root: Path, name: str) -> dict[str, Any]:
    known = {}
    for path in sorted((root / WORKFLOWS).glob("*.yml")):
        for job, definition in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            known[f"{path.stem}/{job}"] = definition
    if name not in known:
        raise SettingsError(f"There is no job {name}.", f"The jobs are: {', '.join(known)}.")
    found: dict[str, Any] = known[name]
    return found


def _step(
    root: Path, job: dict[str, Any], step: dict[str, Any], keys: dict[str, str], say: Callable[[str], None]
) -> bool:
    if "uses" in step:
        action = step["uses"].split("@")[0]
        if action == CREDENTIALS:
            say(f"  -  {action}: {_assume(job, keys)}")
            return True
        say(f"  -  {action}: {ACTIONS.get(action, 'not run here')}")
        return True
    environment = {**_plain(job.get("env", {})), **_plain(step.get("env", {}))}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=root,
        env={**os.environ, **environment, **keys, "STAGE": STAGE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    say(f"  {'ok' if done.returncode == 0 else 'NO'}  {step['run'].strip()}")
    if done.returncode != 0:
        for line in done.stdout.splitlines()[-SHOWN_LINES:]:
            say(f"      {line}")
    return done.returncode == 0


def _assume(job: dict[str, Any], keys: dict[str, str]) -> str:
    """Add the keys of the job's role to the keys; what happened, in words."""
    found = role.keys_of_job(enter().cloud, job)
    if found is None:
        return "the laptop's own keys, since `sentiment pipeline --stage local` has not made its roles"
    name, its = found
    keys.update(its)
    return f"an hour as {name}"


def _plain(values: dict[str, Any]) -> dict[str, str]:
    """Variables that are text; an expression such as ``${{ vars.X }}`` has no value outside of GitHub."""
    return {key: str(value) for key, value in values.items() if not re.search(r"\$\{\{", str(value))}
