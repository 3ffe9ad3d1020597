"""Three ways from a push to a running stage: each workflow with its paths, its steps and what it changes."""

from __future__ import annotations

import re
from typing import Any

import yaml

from scripts import ROOT
from scripts.docs.graph import Graph

# Workflow -> what it changes: title, words, kind, icon.
CHANGES = {
    "site": ("Page", "files of the bucket, CloudFront", "page", "s3"),
    "service": ("ECS service", "a new revision, or the old one again", "compute", "ecs"),
    "infrastructure": ("Stacks", "every one but that of the pipelines", "network", "cloudformation"),
}
_MAKE = re.compile(r"^make [a-z-]+")


def graph() -> Graph:
    """A push, its three workflows, and what each of them changes."""
    graph = Graph("Deployment: three ways from a push to a running stage", legend=False, tall=True, longest=120)
    push = graph.add("push", "Push to main", "after the gate of the pull request", kind="person", icon="repository")
    for name, (title, words, kind, icon) in CHANGES.items():
        document = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))
        paths = document[True]["push"]["paths"]  # YAML reads "on" as true
        steps = _steps(list(document["jobs"].values())[-1])
        role = graph.add(f"{name} role", f"Role {name}", "one hour, no long-lived key", kind="access", icon="iam")
        way = graph.add(name, name, *paths, kind="api", icon="repository")
        work = graph.add(f"{name} steps", "Steps", *steps, kind="compute")
        graph.join(push, way)
        graph.join(way, role, "token of the job")
        graph.join(role, work)
        graph.join(work, graph.add(f"{name} target", title, words, kind=kind, icon=icon))
    return graph


def _steps(job: dict[str, Any]) -> list[str]:
    """The make targets that a job runs, in their order."""
    found = (_MAKE.match(str(step.get("run", ""))) for step in job["steps"])
    return [match[0] for match in found if match]
