"""Asks every judge about the templates, prints what they say beside the floors, and fails under a floor.

checkov reads the templates as they lie; it knows Defaults and Conditions. The others read values and no functions, so
they get what AWS gets of the strict form, which is what a stage deploys that gives up nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts import ROOT
from scripts.cloudformation import templates
from scripts.stage import settings
from tests.judges.resolving import Deployed

HERE = Path(__file__).parent
PYTHON = ROOT / "build" / "judges" / "bin"
MODULES = HERE / "node_modules"
GUARD = MODULES / "@cdklabs" / "cdk-validator-cfnguard"

CHECKOV_FLOOR = 95.0  # per cent of checks, suppressed ones counted as failed
GUARD_FLOOR = 80.0  # per cent of Control Tower's rules that apply
NAG_CEILING = 5  # rules of AwsSolutions with errors
APART = ("pipeline", "registry")  # stacks that few stages have; their findings are counted for themselves
# Policies that say no more than they must, although a judge frowns: AWS knows no narrower form of these actions, and
# the ARN of a parameter that AWS itself keeps names no account.
NOT_NARROWER = (
    "ec2:assignprivateipaddresses",  # asked about without a resource before Lambda makes a function in a VPC;
    "ec2:deletenetworkinterface",  # generator/stacks/network/lambda_policy.py, which shuts the functions' code out
    "ec2:unassignprivateipaddresses",
    "unknown condition lambda:sourcefunctionarn",  # a key that every call from inside a Lambda has
    "ecr:getauthorizationtoken",
    "cloudformation:describestacks",  # the orchestrator lists all stacks
    "ssm:updateinstanceinformation",
    "resource_mismatch [{'action': 'ssm:getparameter'",
    "unknown_action",  # newer than parliament's list
)
# Policies with findings that stay, and why; docs/decisions.md tells more.
DECIDED = {
    "pipeline.ServiceRole": "passing CloudFormation its one role",
    "pipeline.InfrastructureRole": "the same, and reading AWS's own parameters, which are in no account",
    "pipeline.PlanRole": "the same",
    "pipeline.DeployRole": "CloudFormation alone assumes it; no data in it, no role without the boundary",
}


@dataclass(frozen=True)
class Verdict:
    """What a judge says: its figure, what the figure must be, whether it is, and what there is to fix."""

    judge: str
    figure: str
    floor: str
    holds: bool
    against: Sequence[str]


def strict(links: bool = False) -> dict[str, dict[str, Any]]:
    """Every template as AWS gets it from a stage that takes all defaults; with links, resources still name another."""
    defaults = {settings.pascal(key): str(value) for key, value in settings.tables()["defaults"].items()}
    values = {"Stage": "prod", **defaults}
    names = sorted(stack.name for stack in catalogue.STACKS)
    return {name: Deployed(templates.load(name), values, links).document() for name in names}


def laid_out(folder: Path, links: bool) -> Path:
    """The strict templates in files of a folder."""
    folder.mkdir()
    for stack, template in strict(links).items():
        (folder / f"{stack}.json").write_text(json.dumps(template, indent=1))
    return folder


def checkov(folder: Path) -> Verdict:
    """Hundreds of checks, each on each resource."""
    options = ["--framework", "cloudformation", "--compact", "--skip-download", "--output", "json"]
    report = json.loads(run([str(PYTHON / "checkov"), "--directory", str(ROOT / "templates"), *options]))
    passed, failed = report["summary"]["passed"], report["results"]["failed_checks"]
    against = [f"{one['check_id']} {one['resource'].split('.')[-1]}: {one['check_name']}" for one in failed]
    everything = passed + len(failed) + report["summary"]["skipped"]
    return rate("checkov", passed, everything, CHECKOV_FLOOR, against)


def guard(folder: Path) -> Verdict:
    """Control Tower's proactive rules. A rule holds when no template breaks it."""
    system = ("macos" if sys.platform == "darwin" else "ubuntu", "aarch64" if _is_arm() else "x86_64")
    binary, rules = GUARD.joinpath("bin", *system, "cfn-guard"), GUARD / "rules" / "control-tower" / "cfn-guard"
    options = ["--output-format", "json", "--show-summary", "none", "--structured"]
    reports = json.loads(
        run(
            [
                str(binary),
                "validate",
                "--rules",
                str(rules),
                "--data",
                str(laid_out(folder / "values", links=False)),
                *options,
            ]
        )
    )
    held = {rule for report in reports for rule in report["compliant"]}
    broken: dict[str, list[str]] = {}
    for report in reports:
        for one in report["not_compliant"]:
            broken.setdefault(one["Rule"]["name"], []).append(Path(report["name"]).stem)
    against = [f"{rule.removesuffix('_check')}: {', '.join(stacks)}" for rule, stacks in sorted(broken.items())]
    return rate("guard Control Tower", len(held - broken.keys()), len(held | broken.keys()), GUARD_FLOOR, against)


def nag(folder: Path) -> Verdict:
    """AwsSolutions, the pack of AWS's own architects."""
    found = json.loads(run(["node", str(HERE / "nag.mjs"), str(laid_out(folder / "links", links=True))]))
    errors = [one for one in found if one["severity"] == "error"]
    rules = {one["rule"].split("[")[0] for one in errors}
    against = [f"{one['rule']} {one['where']}" for one in errors]
    app = [one for one in errors if one["where"].split(".")[0] not in APART]
    figure = f"{len(rules)} rules broken, {len(app)} + {len(errors) - len(app)} findings"
    return Verdict("cdk-nag AwsSolutions", figure, f"at most {NAG_CEILING} rules", len(rules) <= NAG_CEILING, against)


def policies(folder: Path) -> Verdict:
    """parliament and cloudsplaining on every IAM policy."""
    wanted = [
        (f"{stack}.{name} {policy.get('PolicyName', '')}", policy["PolicyDocument"])
        for stack, template in strict().items()
        for name, body in template["Resources"].items()
        if body["Type"].startswith("AWS::IAM::")
        for policy in [*body["Properties"].get("Policies", []), body["Properties"]]
        if "PolicyDocument" in policy
    ]
    said = json.loads(run([str(PYTHON / "python"), str(HERE / "policies.py")], json.dumps(wanted)))
    against = [
        f"{name}: {finding}" for name, finding in said if not any(one in finding.lower() for one in NOT_NARROWER)
    ]
    frowned = {line.split(": ")[0] for line in against}
    decided = {name for name in frowned if name.startswith(tuple(DECIDED))}
    figure = f"{len(wanted) - len(frowned)} of {len(wanted)} clean, {len(decided)} decided"
    against = [line for line in against if line.split(": ")[0] not in decided]
    against += [f"{name}: decided, {why}" for name, why in DECIDED.items()]
    return Verdict("parliament, cloudsplaining", figure, "clean or decided", frowned <= decided, against)


def rate(judge: str, passed: int, everything: int, floor: float, against: Sequence[str]) -> Verdict:
    """A share of all that was judged."""
    share = 100 * passed / everything
    return Verdict(judge, f"{share:.1f} % ({passed} of {everything})", f"{floor:.0f} %", share >= floor, against)


def run(command: Sequence[str], text: str | None = None) -> str:
    """What a judge prints; that it found something is no failure, that it prints nothing is."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=300)
    if not done.stdout:
        raise SystemExit(f"{command[0]} said nothing, and exited with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _is_arm() -> bool:
    import platform

    return platform.machine() in ("arm64", "aarch64")


def main(judges: Sequence[Callable[[Path], Verdict]] = (checkov, guard, nag, policies)) -> int:
    """Ask them all.

    Returns:
        Exit status: 1 when a figure is under its floor.
    """
    with tempfile.TemporaryDirectory() as name:
        verdicts = [judge(Path(name)) for judge in judges]
    for verdict in verdicts:
        print(f"{'holds' if verdict.holds else 'FAILS'}  {verdict.judge:27} {verdict.figure:34} {verdict.floor}")
    for verdict in verdicts:
        print(f"\n{verdict.judge} says against us:")
        print("\n".join(f"  {line}" for line in verdict.against) or "  nothing")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
