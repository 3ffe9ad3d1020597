"""The pipelines as written: pinned, without long-lived keys, least permissions, each step a make target."""

from __future__ import annotations

import re

import pytest

from generator import catalogue
from scripts.cli.main import main
from scripts.stage import settings
from tests.contracts.workflows import FOLDER, PIPELINES, ROOT, all_workflows, made_commands, read, steps, targets

WORKFLOWS = all_workflows()
JOBS = [(name, job, body) for name, flow in WORKFLOWS.items() for job, body in flow["jobs"].items()]
each_job = pytest.mark.parametrize(("name", "job", "body"), JOBS, ids=[f"{name}.{job}" for name, job, _ in JOBS])
PATHS = {
    "site": ["site/**"],
    "service": ["container/**"],
    "infrastructure": [
        "generator/**",
        "templates/**",
        "lambda_src/**",
        "container/shared/**",
        "scripts/stages.toml",
    ],
}


def test_there_is_one_gate_one_look_at_the_platforms_the_retraining_and_three_pipelines():
    assert set(WORKFLOWS) == {"gate", "platforms", "retrain", *PIPELINES}


def test_the_platforms_run_the_two_commands_of_readme():
    flow = read("platforms")
    commands = (ROOT / "tests/newcomer/two-commands.sh").read_text()
    for command in ("make local", "make test"):
        assert re.search(rf"^{command}\b", commands, re.MULTILINE)
        assert f"\n{command} " in (ROOT / "README.md").read_text()
    for job in ("newcomer", "windows"):
        assert any("tests/newcomer/two-commands.sh" in step.run for step in steps(flow, job))
    systems = {each["system"].split("-")[0] for each in flow["jobs"]["newcomer"]["strategy"]["matrix"]["include"]}
    assert systems == {"ubuntu", "macos"}
    versions = {each["python"] for each in flow["jobs"]["newcomer"]["strategy"]["matrix"]["include"]}
    assert versions == {"3.11", "3.12", "3.13", "3.14"}


def test_the_gate_runs_what_make_check_runs():
    flow = read("gate")
    assert set(flow["on"]) == {"pull_request", "push"}
    assert [step.run for step in steps(flow, "check")] == [".ci/run"]
    script = (ROOT / ".ci/run").read_text().rstrip()
    assert script.endswith('make --no-print-directory check DONE="$beside" AGAIN=yes')
    beside = re.findall(r'^beside="(.+)"$', script, re.MULTILINE)
    assert len(beside) == 1 and "\nmake --no-print-directory $beside " in script
    checked = re.findall(r"^check: \$\(filter-out \$\(DONE\),(.+)\)  ##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(checked) == 1 and set(beside[0].split()) < set(checked[0].split())


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_starts_for_its_paths_on_main_alone(name):
    triggers = read(name)["on"]
    assert triggers["push"] == {"branches": ["main"], "paths": PATHS[name]}
    for path in triggers["push"]["paths"]:
        assert (ROOT / path).is_file() or (ROOT / path.removesuffix("/**")).is_dir()
    if name == "infrastructure":
        assert triggers["pull_request"] == {"paths": PATHS[name]}


def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is():
    pins: dict[str, tuple[str, str]] = {}
    for path in FOLDER.glob("*.yml"):
        for line in path.read_text().splitlines():
            if "uses:" in line:
                found = re.fullmatch(r"\s*- uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
                assert found, f"{path.name}: {line.strip()}"
                action, commit, version = found.groups()
                assert pins.setdefault(action, (commit, version)) == (commit, version), "two pins of one action"
    assert set(pins) == {"actions/checkout", "actions/setup-python", "aws-actions/configure-aws-credentials"}


def test_no_long_lived_key_is_anywhere():
    for path in FOLDER.glob("*.yml"):
        text = path.read_text()
        assert set(re.findall(r"secrets\.\w+", text)) <= {"secrets.RETRAIN_SENTENCES"}, "sentences, which open nothing"
        assert not re.search(r"aws[-_](access|secret)", text, re.IGNORECASE)


@each_job
def test_a_job_has_the_permissions_that_it_needs_and_no_other(name, job, body):
    assert WORKFLOWS[name]["permissions"] == {}
    wanted = {"contents": "read"}
    if name in PIPELINES:
        wanted["id-token"] = "write"
    if name == "retrain":
        wanted = {"contents": "write", "id-token": "write", "pull-requests": "write"}
    if name == "service":
        wanted["packages"] = "write"
    if job == "plan":
        wanted["pull-requests"] = "write"
    assert body["permissions"] == wanted
    (checkout,) = [step for step in body["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}
    assert body["timeout-minutes"] <= (60 if name in PIPELINES else 90), "a role's keys last for an hour"


@each_job
def test_a_pipeline_deploys_one_stage_after_the_other_from_an_environment_of_its_own(name, job, body):
    if name not in PIPELINES:
        return
    pipeline = "plan" if job == "plan" else name
    assert pipeline in catalogue.PIPELINES
    assert body["environment"] == f"${{{{ matrix.stage }}}}-{pipeline}"
    assert body["strategy"]["matrix"] == {"stage": '${{ fromJSON(vars.STAGES || \'["dev", "prod"]\') }}'}
    assert re.match(r"vars\.STAGES( &&|$)", body["if"]), "a fork that deploys nothing has no failing pipelines"
    assert body["strategy"]["max-parallel"] == 1
    assert "${{ matrix.stage }}" in body["concurrency"]["group"]
    assert body["concurrency"]["cancel-in-progress"] == (job == "plan"), "a deployment must not be cut off"


def test_retraining_runs_only_where_a_variable_names_the_stage_and_touches_main_by_a_pull_request_alone():
    flow = read("retrain")
    assert set(flow["on"]) == {"schedule", "workflow_dispatch"}
    ((name, asked),) = flow["on"]["workflow_dispatch"]["inputs"].items()
    assert (name, asked["type"], asked["required"]) == (catalogue.RETRAIN_INPUT, "choice", True)
    on_aws = [name for name in settings.stages() if settings.load(name).place == "aws"]
    assert asked["options"] == on_aws, "GitHub refuses what is not listed; a job would make an environment for it"
    job = flow["jobs"]["retrain"]
    assert job["if"] == "inputs.stage || vars.RETRAIN"
    assert job["environment"] == "${{ inputs.stage || vars.RETRAIN }}-retrain"
    assert job["env"]["STAGE"] == "${{ inputs.stage || vars.RETRAIN }}"
    assert job["concurrency"]["cancel-in-progress"] is False
    _, retrain, _ = found = steps(flow, "retrain")
    assert [step.target for step in found] == ["export", "retrain", "propose"]
    assert "--emoji-only" in retrain.run, "the model's file lists its words, and a branch shows it to everybody"
    assert retrain.run.endswith('PRIVATE=/dev/stdin ARGS="--new --emoji-only" <<<"$SENTENCES"')
    assert retrain.environment == {"SENTENCES": "${{ secrets.RETRAIN_SENTENCES }}"}, "in no file of the repository"


@each_job
def test_each_step_is_a_make_target_that_runs_by_hand(name, job, body):
    for step in steps(WORKFLOWS[name], job):
        if name == "platforms":
            continue  # those are README's commands, on systems that have none of this
        assert step.run == ".ci/run" or step.target in targets(), step.run
        assert "${{" not in step.run, "expressions belong into env, where no shell reads them"


@each_job
def test_no_step_before_the_sign_in_needs_aws(name, job, body):
    order = [step.get("run", step.get("uses", "")) for step in body["steps"]]
    signs_in = [n for n, what in enumerate(order) if what.startswith("aws-actions/")]
    asks = [n for n, what in enumerate(order) if re.match(r"make (site|stacks|roll|image|login|plan|export)\b", what)]
    assert not asks or (len(signs_in) == 1 and signs_in[0] < min(asks))


def test_every_command_of_a_stage_is_a_target_too():
    of_the_app = {"local", "load", "learn"}  # of no stage: targets of their own
    assert made_commands() == main.commands.keys() - of_the_app
    assert of_the_app <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_forks_do_not_get_to_ask_aws():
    assert "head.repo.full_name == github.repository" in read("infrastructure")["jobs"]["plan"]["if"]
