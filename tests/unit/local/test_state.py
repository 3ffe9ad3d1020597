"""The state folder: one cloud at a time, and nothing in it of an earlier run but judgements and images."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.local import folder
from scripts.local.state import StateError, claim

URL = "http://127.0.0.1:8080"


def test_a_second_cloud_is_told_who_uses_the_folder(tmp_path: Path) -> None:
    with (
        claim(tmp_path / "state", URL),
        pytest.raises(StateError) as refused,
        claim(tmp_path / "state", "http://other"),
    ):
        pass

    assert f"process {os.getpid()}, {URL}" in refused.value.message
    assert str(tmp_path / "state") in refused.value.message
    assert "STATE=" in refused.value.next_step


def test_the_refused_changes_nothing(tmp_path: Path) -> None:
    with claim(tmp_path, URL) as state:
        state.publish(url=URL)
        with pytest.raises(StateError), claim(tmp_path, "http://other"):
            pass
        assert json.loads(state.cloud.read_text()) == {"url": URL}
        assert state.logs.is_dir()


def test_the_folder_is_free_again_after_use(tmp_path: Path) -> None:
    with claim(tmp_path, URL):
        pass
    with claim(tmp_path, URL) as state:
        assert state.folder == tmp_path


def test_only_judgements_and_images_outlive_a_run(tmp_path: Path) -> None:
    with claim(tmp_path, URL) as state:
        state.tables.write_text("judgements")
        (state.images / "abc").mkdir()
        (state.logs / "emulator.log").write_text("old words")
        (state.temporary / "x").write_text("x")
        state.publish(url=URL)
    assert not state.cloud.exists()
    assert not state.temporary.exists()
    assert (state.logs / "emulator.log").exists()  # to be read after the end

    with claim(tmp_path, URL) as state:
        assert state.tables.read_text() == "judgements"
        assert (state.images / "abc").is_dir()
        assert not list(state.logs.iterdir())


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    folder.mark(tmp_path)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "worker.py").write_text("x")
    (tmp_path / "cloud.json").write_text("{}")

    with claim(tmp_path, URL) as state:
        assert not state.cloud.exists()
        assert not list(state.temporary.iterdir())


def test_a_folder_that_cannot_be_made_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StateError) as refused, claim(tmp_path / "file" / "state", URL):
        pass
    assert str(tmp_path / "file" / "state") in refused.value.message
    assert "STATE=folder" in refused.value.next_step


def test_the_environment_names_the_folder_and_the_project_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", str(tmp_path / "mine"))
    with claim(None, URL) as state:
        assert state.folder == tmp_path / "mine"

    assert (ROOT / "pyproject.toml").is_file()


def test_a_folder_of_somebody_s_own_is_refused_and_left_alone(tmp_path: Path) -> None:
    for name in ("logs", "tmp", "images/holiday"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "logs" / "diary.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(StateError) as refused, claim(tmp_path, URL):
        pass

    assert "images, logs, tmp" in refused.value.message
    assert "STATE=folder" in refused.value.next_step
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["tables.db", "tables.journal", "receipt-key"])
def test_judgements_copied_from_elsewhere_are_no_reason_to_refuse(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("kept")
    with claim(tmp_path, URL):
        pass
    assert (tmp_path / name).read_text() == "kept"


def test_a_folder_from_before_there_was_a_marker_is_known_by_its_lock(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "lock").write_text(json.dumps({"pid": 1, "url": URL}))
    with claim(tmp_path, URL):
        pass
    assert not folder.strangers(tmp_path)
    assert (tmp_path / folder.MARKER).is_file()


@pytest.mark.parametrize("name", ["images", "logs", "tmp"])
def test_what_a_link_in_the_folder_leads_to_is_left_alone(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine"
    (mine / "photos").mkdir(parents=True)
    with claim(tmp_path / "state", URL):
        pass
    place = tmp_path / "state" / name
    if place.exists():
        place.rmdir()
    place.symlink_to(mine)

    with claim(tmp_path / "state", URL) as state:
        assert place.is_dir() and not place.is_symlink()
        assert state.folder.is_dir()
    assert (mine / "photos").is_dir()
