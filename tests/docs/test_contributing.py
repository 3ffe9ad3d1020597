"""The recipes of the contributing guide, followed step by step in a copy of the tree, and what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import ROOT
from tests.local import checkout

GUIDE = (ROOT / "docs" / "contributing.md").read_text()
STEP = re.compile(
    r'<!-- recipe: (?:new (\S+)|(\S+) (before|after|replace) "((?:[^"\\]|\\.)*)") -->\n\n( *)```\w+\n(.*?)\n\5```', re.S
)
CHECKS = [f"tests/contracts/test_{name}.py" for name in ("facts", "permissions", "prices", "templates", "wiring")]
CHECKS += ["tests/unit/lambda_src/test_openapi.py"]
UNTAUGHT = "test_the_model_that_is_shipped_tells_apart_the_labels_of_the_catalogue"


@dataclass(frozen=True)
class Step:
    """One step: the file, where in it (nothing for a new file), and the text."""

    file: str
    how: str
    mark: str
    text: str

    def follow(self, tree: Path) -> None:
        path = tree / self.file
        if not self.how:
            assert not path.exists()
            path.write_text(self.text + "\n")
            return
        before = path.read_text()
        assert self.mark in before, f"{self.file} has no {self.mark!r} any more"
        text = {
            "before": f"{self.text}\n{self.mark}",
            "after": f"{self.mark}{self.text}\n",
            "replace": self.text.strip(),
        }[self.how]
        path.write_text(before.replace(self.mark, text, -1 if self.how == "replace" else 1))


def steps(recipe: str) -> list[Step]:
    """The steps of one recipe, in order."""
    section = GUIDE.partition(f"## Add a {recipe}\n")[2].partition("\n## ")[0]
    found = []
    for new, file, how, mark, indent, text in STEP.findall(section):
        unescaped = mark.replace('\\"', '"').replace("\\n", "\n")
        lines = [line.removeprefix(indent) for line in text.split("\n")]
        found.append(Step(new or file, how, unescaped, "\n".join(lines)))
    return found


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run([sys.executable, "-m", *command], cwd=tree, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("recipe", ["route", "stack", "label"])
def test_every_step_that_the_guide_shows_is_understood(recipe):
    section = GUIDE.partition(f"## Add a {recipe}\n")[2].partition("\n## ")[0]
    assert len(steps(recipe)) == section.count("<!-- recipe:") == section.count("```") / 2 >= 5
    assert textwrap.dedent(steps(recipe)[0].text) or recipe


def test_the_recipes_do_what_they_promise(tmp_path):
    tree = checkout.copy_to(tmp_path / "tree")
    for recipe in ("route", "stack", "label"):
        for step in steps(recipe):
            step.follow(tree)
    assert run(tree, "generator").returncode == 0
    for name, words in (
        ("notes.yaml", "NotesTopicArn"),
        ("api.yaml", "GET /getLabels"),
        ("api.yaml", "shame,surprise"),
    ):
        assert words in (tree / "templates" / name).read_text()
    run(tree, "ruff", "format", "generator", "lambda_src")
    run(tree, "ruff", "check", "--fix", "generator")
    assert run(tree, "ruff", "check", "generator", "lambda_src").stdout == "All checks passed!\n"
    done = run(tree, "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *CHECKS)
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.M)
    assert set(failed) == {UNTAUGHT}, done.stdout[-3000:]
