"""Reads .github/workflows as plain data: jobs, steps, triggers. Judges nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from scripts import ROOT

FOLDER = ROOT / ".github" / "workflows"
PIPELINES = ("site", "service", "infrastructure")


@dataclass(frozen=True)
class Step:
    """One ``run:`` step: its words as the shell gets them, and the variables that it has on top of the job's."""

    run: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The make target that it runs, "" for another command."""
        words = self.run.split()
        return words[1] if words[0] == "make" else ""


def read(name: str) -> dict[str, Any]:
    """A workflow; YAML takes its key ``on`` for a truth, so that is put right."""
    document: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    document["on"] = document.pop(True)
    return document


def steps(workflow: dict[str, Any], job: str) -> list[Step]:
    """The ``run:`` steps of a job, in order."""
    return [Step(each["run"], each.get("env", {})) for each in workflow["jobs"][job]["steps"] if "run" in each]


def all_workflows() -> dict[str, dict[str, Any]]:
    """Every workflow by its name."""
    return {path.stem: read(path.stem) for path in sorted(FOLDER.glob("*.yml"))}


def targets() -> set[str]:
    """Every target of the Makefile that people type: those with a text for `make help`, and the commands."""
    text = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE)) | made_commands()


def made_commands() -> set[str]:
    """The commands that are targets too, by the Makefile's list."""
    listed = re.search(r"^COMMANDS := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed
    return set(listed[1].replace("\\\n", " ").split())
