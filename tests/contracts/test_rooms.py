"""The rooms of scripts/ import one another in their order, and the laptop is known in its own alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT

SCRIPTS = ROOT / "scripts"
LAPTOP = SCRIPTS / "local"
# What learners run is the laptop cloud; the commands `local` and `load` start and load it; one line chooses it.
MAY_IMPORT_IT = {SCRIPTS / "cli" / "run.py", SCRIPTS / "cli" / "places.py", *(SCRIPTS / "lessons").glob("*.py")}
OTHERS = sorted(path for path in SCRIPTS.rglob("*.py") if LAPTOP not in path.parents)
each_module = pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(SCRIPTS)))


def test_the_rooms_import_one_another_in_their_order():
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each_module
def test_the_laptop_is_imported_where_it_is_chosen_alone(path: Path):
    assert path in MAY_IMPORT_IT or not any(name.startswith("scripts.local") for name in imports(tree_of(path)))


@each_module
def test_nothing_asks_whether_it_is_on_the_laptop(path: Path):
    """No condition names the laptop's stage or endpoint, nor a name that speaks of the laptop."""
    for node in ast.walk(tree_of(path)):
        test = getattr(node, "test", None)  # of if, while, assert and conditional expressions
        words = ast.unparse(test).lower() if isinstance(test, ast.AST) else ""
        if path != SCRIPTS / "cli" / "places.py":
            assert not [word for word in ("laptop", "endpoint_url", "'local'", "emulat") if word in words], words
        for name in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "") or ""):
            assert "laptop" not in str(name).lower() or path == SCRIPTS / "cli" / "places.py", name


@pytest.mark.parametrize("source", ["if stage == 'local': pass", "x = 1 if cloud.endpoint_url else 2"])
def test_such_a_question_would_be_found(tmp_path: Path, source: str):
    path = tmp_path / "x.py"
    path.write_text(source)
    with pytest.raises(AssertionError):
        test_nothing_asks_whether_it_is_on_the_laptop(path)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> set[str]:
    """Full names of all that a module imports, inside functions too."""
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return plain | found
