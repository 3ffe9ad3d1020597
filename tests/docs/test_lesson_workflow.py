"""Running a workflow's job here: its steps in order up to the first that fails, on what is committed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.lessons import workflow
from scripts.stage.errors import DeployError, SettingsError

WORKFLOW = """
jobs:
  deploy:
    env: {STAGE: "${{ matrix.stage }}", GREETING: hello}
    steps:
      - uses: actions/checkout@0123 # v6
      - run: test -f fixed
      - uses: some/other@0123
      - run: echo "$STAGE $GREETING $HERE" > /dev/stderr; test "$STAGE $GREETING $HERE" = "local hello yes"
        env: {HERE: "yes"}
"""


def git(tree: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words], cwd=tree, check=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "site.yml").write_text(WORKFLOW)
    (tmp_path / ".gitignore").write_text(".local/\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        git(tmp_path, *words)
    return tmp_path


def test_a_job_is_red_at_its_first_failing_step_and_green_after_the_fix_is_committed(tree: Path) -> None:
    said: list[str] = []
    assert workflow.run(tree, "site/deploy", said.append) is False
    assert said[1:] == [
        "  -  actions/checkout: this checkout, at the commit that is checked out",
        "  NO  test -f fixed",
        "RED  site/deploy",
    ]
    assert workflow.last(tree)["green"] is False

    (tree / "fixed").write_text("")
    with pytest.raises(DeployError, match="Not committed: fixed"):
        workflow.run(tree, "site/deploy", said.append)
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "fix")
    said.clear()
    assert workflow.run(tree, "site/deploy", said.append) is True, said
    assert said[3] == "  -  some/other: not run here" and said[-1] == "GREEN  site/deploy"
    assert workflow.last(tree)["green"] is True


@pytest.mark.parametrize(
    ("role", "said", "key"), [(None, "the laptop's own keys", ""), (("R", {"KEY": "k"}), "an hour as R", "k")]
)
def test_steps_after_the_credentials_have_the_keys_of_the_role_alone(
    tree: Path, monkeypatch: pytest.MonkeyPatch, role: tuple[str, dict[str, str]] | None, said: str, key: str
) -> None:
    monkeypatch.setattr(workflow, "enter", lambda: SimpleNamespace(cloud=None))
    monkeypatch.setattr(workflow.role, "keys_of_job", lambda cloud, job: role)
    monkeypatch.delenv("KEY", raising=False)
    steps = f"""
jobs:
  deploy:
    steps:
      - run: test -z "$KEY"
      - uses: aws-actions/configure-aws-credentials@0123
      - run: test "$KEY" = "{key}"
"""
    (tree / ".github" / "workflows" / "site.yml").write_text(steps)
    git(tree, "commit", "-q", "-am", "credentials")
    lines: list[str] = []

    assert workflow.run(tree, "site/deploy", lines.append) is True, lines
    assert any(said in line for line in lines)
    assert workflow.last(tree)["in_role"] is (role is not None)


def test_a_job_that_is_not_there_is_answered_with_those_that_are(tree: Path) -> None:
    with pytest.raises(SettingsError) as error:
        workflow.run(tree, "site/no", print)
    assert "site/deploy" in error.value.next_step


def test_before_any_run_there_is_no_last_one(tree: Path) -> None:
    assert workflow.last(tree) == {}
