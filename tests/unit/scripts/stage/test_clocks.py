"""Times that AWS wrote are compared with AWS's clock: the operator's may be an hour ahead or behind."""

from __future__ import annotations

import re

from scripts import ROOT

OWN_CLOCK = re.compile(r"\btime\.time\(|datetime\.now\(|date\.today\(|utcnow\(")
# What is about this machine alone: the laptop cloud, lessons on it, and the documentation.
OF_THIS_MACHINE = ("local", "lessons", "docs")
MAY = {
    "scripts/stage/session.py": "Cloud.now, which corrects it",
    "scripts/look/doctor.py": "measures how far this machine's clock is off",
    "scripts/cli/look.py": "`cost`, which asks no server",
}


def test_nothing_that_speaks_with_aws_goes_by_this_machines_clock():
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "scripts").rglob("*.py")
        if path.relative_to(ROOT / "scripts").parts[0] not in OF_THIS_MACHINE and OWN_CLOCK.search(path.read_text())
    }
    assert found == MAY.keys()
