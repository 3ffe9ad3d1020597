"""Writes the reference pages of settings, outputs, access, alarms, metrics and errors, each from its source."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from generator import catalogue
from scripts.cli.group import BugError, UsageError
from scripts.docs import access, error_pages, model
from scripts.docs.stack_pages import BANNER, table
from scripts.stage import errors, settings
from scripts.stage.errors import DeployError
from shared.problems import Problem

# A line of stages.toml: key, value and what the comment says.
_SETTING = re.compile(r"^(?P<key>[a-z_]+) = (?P<value>\"[^\"]*\"|\S+)\s*(?:#\s*(?P<words>.*))?$")


def pages(root: Path) -> dict[str, str]:
    """Name of each file in docs/reference/ -> its text.

    Args:
        root: folder of the project.
    """
    statuses = _statuses(yaml.safe_load((root / "docs" / "api" / "openapi.yaml").read_text(encoding="utf-8")))
    of_statuses = error_pages.pages(root, statuses)
    return {
        **{f"errors/{name}": text for name, text in of_statuses.items()},
        "settings.md": _settings(root / "scripts" / "stages.toml"),
        "outputs.md": _outputs(),
        "access.md": _access(),
        "alarms.md": _alarms(),
        "metrics.md": _metrics(),
        "errors.md": _errors(statuses),
    }


def _page(title: str, *parts: str) -> str:
    return "\n".join([f"# {title}\n", *parts, BANNER])


def _settings(path: Path) -> str:
    """Every setting with its default, what stages have instead, and which stacks take it."""
    own = {name: table for name, table in settings.tables(path).items() if name != "defaults"}
    takers: dict[str, list[str]] = {}
    described: dict[str, str] = {}
    for stack in model.stacks().values():
        for parameter, definition in (stack.document.get("Parameters") or {}).items():
            takers.setdefault(parameter, []).append(stack.stack)
            described[parameter] = str(definition.get("Description", ""))
    rows = []
    for line in path.read_text(encoding="utf-8").split("\n[defaults]\n")[1].split("\n[")[0].splitlines():
        if match := _SETTING.match(line):
            key = match["key"]
            others = [f"{stage}: `{_shown(values[key])}`" for stage, values in own.items() if key in values]
            name = settings.pascal(key)
            words = match["words"] or described.get(name, "")
            rows.append(
                (
                    f"`{key}`",
                    f"`{match['value']}`",
                    ", ".join(others),
                    words,
                    ", ".join(takers.get(name, ["the orchestrator"])),
                )
            )
    return _page(
        "Settings",
        "What differs between stages, in [scripts/stages.toml](../../scripts/stages.toml): a stage takes from"
        " `[defaults]` what it does not set. The setting `min_tasks` is the parameter `MinTasks` of the templates.\n",
        table(("Setting", "Default", "Stages with another", "What it does", "Used by"), rows),
    )


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _outputs() -> str:
    """Every output with its meaning, its stack, and the stacks that take it as a parameter."""
    rows = []
    for stack in model.stacks().values():
        for name, output in stack.outputs.items():
            takers = [each.stack for each in model.stacks().values() if name in each.parameters]
            rows.append((f"`{name}`", str(output.get("Description", "")), stack.stack, ", ".join(takers)))
    return _page(
        "Outputs",
        "What the stacks tell each other and you. An output feeds every parameter of the same name;"
        " `sentiment outputs --stage dev` prints the values of a stage, with `--json` for programs.\n",
        table(("Output", "What it is", "Stack", "Goes to"), sorted(rows)),
    )


def _access() -> str:
    """Every statement of every role, policy and permission."""
    apart = {each.name for each in catalogue.STACKS if each.apart}  # whose roles may do a lot

    def rows(of_pipelines: bool) -> str:
        its = (each for each in access.grants() if (each.stack in apart) == of_pipelines)
        return table((*access.HEADS, "Stack"), ((*access.row(each), each.stack) for each in its))

    return _page(
        "Access",
        "Who may do what: every role, policy and permission of the templates. The [picture of the eight main"
        " roles](../pictures/index.md#roles) shows them by service.\n",
        "## Of a stage\n",
        rows(of_pipelines=False),
        "## Of the pipelines\n",
        "Whatever they change, the app's roles may never do more than `RoleBoundary` allows.\n",
        rows(of_pipelines=True),
    )


def _alarms() -> str:
    """Every alarm with its condition in words."""
    rows = []
    for alarm in model.all_of("AWS::CloudWatch::Alarm"):
        known = alarm.properties
        when = f"{_compared(known)} for {known.get('EvaluationPeriods')} x {_seconds(known)}"
        link = f"[{alarm.id}](../operations/alarms.md#{alarm.id.lower()})"
        rows.append((link, alarm.stack, alarm.purpose, when, _words(known.get("TreatMissingData", "missing"))))
    return _page(
        "Alarms",
        "Each links to what it means and what to do. The last column says what minutes without a figure count as.\n",
        table(("Alarm", "Stack", "What it watches", "Fires at", "Missing data"), rows),
    )


def _compared(alarm: dict[str, Any]) -> str:
    signs = {
        "GreaterThanThreshold": ">",
        "GreaterThanOrEqualToThreshold": ">=",
        "LessThanThreshold": "<",
        "LessThanOrEqualToThreshold": "<=",
    }
    what = ", ".join(dict.fromkeys(_names(alarm))) or "an expression"
    return f"{what} {signs[alarm['ComparisonOperator']]} {_words(alarm.get('Threshold'))}"


def _names(alarm: dict[str, Any]) -> list[str]:
    if "MetricName" in alarm:
        return [model.as_text(alarm["MetricName"])]
    found = [each.get("MetricStat", {}).get("Metric", {}).get("MetricName") for each in alarm.get("Metrics", [])]
    return [model.as_text(name) for name in found if name]


def _seconds(alarm: dict[str, Any]) -> str:
    periods = [alarm.get("Period"), *(each.get("MetricStat", {}).get("Period") for each in alarm.get("Metrics", []))]
    known = [model.as_text(period) for period in periods if period]
    return f"{known[0]} s" if known else "its period"


def _words(value: Any) -> str:
    if isinstance(value, dict) and "Fn::If" in value:
        condition, one, other = value["Fn::If"]
        return f"{_words(other)} ({model.only(condition).removeprefix('only ')}: {_words(one)})"
    words = {"notBreaching": "is fine", "breaching": "fires", "ignore": "keeps the state"}
    return words.get(str(value)) or model.as_text(value)


def _metrics() -> str:
    """Every metric of ours, and those of AWS that alarms use."""
    ours = [
        ("Predictions", "Count", "Predictions made"),
        (
            "Abstained",
            "Count",
            "Predictions without a label: the confidence was below the threshold, or no word was known",
        ),
        ("Confidence", "None", "Confidence of each prediction, 0 to 1"),
        *((label.capitalize(), "Count", f"Predictions with the label {label}") for label in catalogue.LABELS),
    ]
    watched: dict[tuple[str, str], list[str]] = {}
    for alarm in model.all_of("AWS::CloudWatch::Alarm"):
        for namespace, name in _watched(alarm.properties):
            watched.setdefault((namespace, name), []).append(f"[{alarm.id}](alarms.md)")
    rows = [
        (f"`{space}`", f"`{name}`", ", ".join(dict.fromkeys(alarms)))
        for (space, name), alarms in sorted(watched.items())
    ]
    return _page(
        "Metrics",
        "## What the model predicts\n",
        "The service writes these into its log once a minute in the embedded metric format; CloudWatch makes metrics of"
        " them, in the namespace `Sentiment`, by stage and model revision.\n",
        table(("Metric", "Unit", "What it counts"), [(f"`{name}`", unit, words) for name, unit, words in ours]),
        "## What alarms watch\n",
        table(("Namespace", "Metric", "Alarms"), rows),
    )


def _watched(alarm: dict[str, Any]) -> list[tuple[str, str]]:
    stats = [each.get("MetricStat", {}).get("Metric", {}) for each in alarm.get("Metrics", [])]
    return [
        (model.as_text(each["Namespace"]), model.as_text(each["MetricName"]))
        for each in (alarm, *stats)
        if "MetricName" in each and "Namespace" in each
    ]


def _errors(statuses: list[tuple[str, str, str, str]]) -> str:
    """Every error of the command line, and every status of the API with when it comes."""
    linked = [(f"[{status}](errors/{status}.md)", *others) for status, *others in statuses]
    rows = []
    kinds: list[type[DeployError]] = [*_kinds(errors), UsageError, BugError]
    for kind in kinds:
        rows.append((f"`{kind.__name__}`", " ".join((kind.__doc__ or "").split()).split(". ")[0], str(kind.exit_code)))
    return _page(
        "Errors",
        "## Of the command line\n",
        "An error says what happened and, after `Next:`, what to do. With `--json`, `error.type` is the name below.\n",
        table(("Type", "When", "Exit code"), rows),
        "## Of the API\n",
        "Replies of our code are `application/problem+json` (RFC 9457): `type`, `title`, `status` and `detail`, which"
        " says what to do. The page of each status has all that it can say.\n",
        table(("Status", "Name", "When", "Operations"), linked),
    )


def _kinds(module: Any) -> list[type[DeployError]]:
    found = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, DeployError)]
    return [each for each in found if each is not DeployError]


def _statuses(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    shared = document["components"]["responses"]
    by_status: dict[str, tuple[list[str], list[str]]] = {}
    for path, item in document["paths"].items():
        for operation in (each for each in item.values() if isinstance(each, dict) and "responses" in each):
            for status, reply in operation["responses"].items():
                if int(status) < HTTPStatus.BAD_REQUEST:
                    continue
                reply = shared[reply["$ref"].rsplit("/", 1)[1]] if "$ref" in reply else reply
                whens, paths = by_status.setdefault(str(status), ([], []))
                whens.append(" ".join(reply["description"].split()))
                paths.append(f"`{path}`")
    return [
        (
            status,
            Problem(int(status), "").document["title"],
            " ".join(dict.fromkeys(whens)),
            ", ".join(dict.fromkeys(paths)),
        )
        for status, (whens, paths) in sorted(by_status.items())
    ]
