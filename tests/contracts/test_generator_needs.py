"""What `make templates` and `make templates-fresh` have people install: Troposphere, not all that the gate needs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from scripts import ROOT

LOCK = ROOT / "requirements" / "generator.txt"
LOADED = """
import sys
from importlib.metadata import packages_distributions
import generator.__main__, scripts.local.update_behaviors
names = packages_distributions()
tops = {name.partition(".")[0] for name in sys.modules}
print("\\n".join(sorted({each.lower() for top in tops for each in names.get(top, ())})))
"""


@pytest.mark.parametrize("target", ["templates", "templates-fresh"])
def test_the_templates_are_made_without_what_only_the_gate_needs(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"scripts/environment\.sh (\w+)$", done.stdout, re.M) == ["generator"]


def test_the_generator_imports_only_what_is_locked_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    locked = set(re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.M))
    loaded = {name.replace("_", "-") for name in done.stdout.split()} - {"sentiment-on-aws", "setuptools"}

    assert {"troposphere", "awacs"} <= loaded <= locked | {"certifi"}, loaded - locked
