"""What is removed from a state folder, and from which folder nothing is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.local import folder
from scripts.local.state import claim

URL = "http://127.0.0.1:8080"


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A state folder after a run with judgements."""
    with claim(tmp_path / "state", URL) as state:
        state.tables.write_text("judgements")
        state.receipt_key.write_text("key")
        (state.images / "abc").mkdir()
    return tmp_path / "state"


def make_clean(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what `make clean` does, with no more than the standard library."""
    return subprocess.run(
        [sys.executable, "-S", "-m", folder.__name__, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "STATE": str(state)},
        capture_output=True,
        text=True,
    )


def test_judgements_are_kept_and_named(used: Path) -> None:
    done = make_clean(used)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Kept in {used}: receipt-key, tables.db. `make clean-data` removes judgements.\n"
    assert (used / "tables.db").read_text() == "judgements"
    assert not (used / "images").exists()
    with claim(used, URL) as state:
        assert state.tables.read_text() == "judgements"


def test_judgements_go_when_asked(used: Path) -> None:
    assert make_clean(used, "--judgements").stdout == f"{used} is removed.\n"
    assert not used.exists()


def test_a_learner_s_lessons_are_kept_even_then(used: Path) -> None:
    (used / "lessons").mkdir()
    make_clean(used, "--judgements")
    assert (used / "lessons").is_dir()
    assert not (used / "tables.db").exists()


def test_nothing_is_removed_while_a_cloud_runs(used: Path) -> None:
    with claim(used, URL) as state:
        before = sorted(used.rglob("*"))
        done = make_clean(used, "--judgements")
        assert done.returncode == 1
        assert "stop it first (Ctrl-C" in done.stderr
        assert sorted(used.rglob("*")) == before
        assert state.tables.exists()


def test_nothing_is_removed_from_a_folder_of_somebody_s_own(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = make_clean(tmp_path, "--judgements")
    assert done.returncode == 1
    assert "nothing in it is removed" in done.stderr
    assert (tmp_path / "logs").is_dir()


def test_a_link_to_a_state_folder_is_cleaned_as_that_folder(tmp_path: Path) -> None:
    with claim(tmp_path / "state", URL):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "state")

    done = make_clean(tmp_path / "link")

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'state'} is removed.\n"


def test_there_may_be_nothing_to_remove(tmp_path: Path) -> None:
    assert make_clean(tmp_path / "none").returncode == 0


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STATE", "~/state")
    assert folder.chosen() == tmp_path / "state"
