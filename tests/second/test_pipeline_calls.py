"""Every call of every step of every pipeline, recorded on the second emulator and judged by the pipelines' policies.

Docker Hub and ECR, a run that changes something and one that does not. The judge is the policy evaluator of the laptop
cloud, which also runs the steps under these roles, the smoke test among them (tests/local/test_pipelines.py).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator import catalogue
from generator.stacks.pipeline import permissions
from scripts.app import lambdas
from scripts.app.lambdas import Package
from scripts.cloudformation.templates import load, load_all
from scripts.look import rights
from scripts.stage import settings
from scripts.stage.session import Cloud
from tests.contracts import evaluating
from tests.contracts.evaluating import REGION, Asked
from tests.contracts.workflows import made_commands, read, steps

STAGE, REPOSITORY = "dev", "example/sentiment"
HUB = "docker.io/example/sentiment-rnn"
IMAGE = f"{HUB}@sha256:{'a' * 64}"
# Each pipeline's workflow and job.
JOBS = {
    "plan": ("infrastructure", "plan"),
    "infrastructure": ("infrastructure", "deploy"),
    "service": ("service", "roll"),
    "site": ("site", "deploy"),
    "retrain": ("retrain", "retrain"),
}
# A docker that has what was pushed to it, by tag.
DOCKER = """#!/bin/sh
case "$1" in
  manifest) for last; do :; done
    [ -f "$PUSHED/$(echo "$last" | tr '/:' '__')" ] || { echo "manifest unknown" >&2; exit 1; }
    echo '{"Descriptor": {"digest": "sha256:DIGEST"}}' ;;
  push) touch "$PUSHED/$(echo "$3" | tr '/:' '__')" ;;
  *) cat >/dev/null </dev/null; echo 1 ;;
esac
""".replace("DIGEST", "b" * 64)
# Permissions of which no call is recorded here, and why each is needed nevertheless.
SMOKE = "the smoke test, which the laptop cloud runs"
TROUBLE = "a run that was cut off, or a stack that failed"
PUSH = "docker push, which speaks to the registry itself"
UNSEEN = {
    "dynamodb:DeleteItem": SMOKE,
    "dynamodb:Query": SMOKE,
    "ssm:GetParameter": f"{SMOKE}, if the export is private",
    "cloudformation:CancelUpdateStack": TROUBLE,
    "cloudformation:ContinueUpdateRollback": TROUBLE,
    "cloudformation:DeleteChangeSet": "a change set without changes, or one that came after Ctrl-C",
    "cloudformation:DeleteStack": TROUBLE,
    "cloudformation:DescribeEvents": "a template that CloudFormation's validation refuses",
    "cloudformation:UpdateTerminationProtection": "a stage that protects its data, at its first deployment",
    "cloudfront:CreateInvalidation": "a stage with CloudFront",
    f"ssm:DeleteParameter parameter/sentiment/{STAGE}/lock/*": "generations of the lock that went stale",
    **dict.fromkeys(
        (f"ssm:{call} parameter/sentiment/{STAGE}/images" for call in ("AddTagsToResource", "PutParameter")),
        "an image whose deployment was cut off before it was recorded",
    ),
    "logs:GetLogEvents": "a canary, which the laptop cloud runs",
    "ecs:UpdateService": "a service that was asleep",
    "apigateway:GET": "a smoke test that is answered 429",
    "ecs:ListTasks": TROUBLE,
    "ecs:DescribeTasks": TROUBLE,
    "ecr:BatchDeleteImage": "an image that neither runs any more nor can be rolled back to",
    "ecr:ListImages": "a stage whose images are in ECR, of which this one's are asked for",
    "ecr:GetAuthorizationToken": "a stage whose images are in ECR; where this one's are, the login asks for it",
    **{
        f"ecr:{call}": PUSH
        for call in (
            "BatchCheckLayerAvailability",
            "BatchGetImage",
            "CompleteLayerUpload",
            "GetDownloadUrlForLayer",
            "InitiateLayerUpload",
            "PutImage",
            "UploadLayerPart",
        )
    },
}


@dataclass
class Recorder:
    """What the orchestrator asks of AWS, by the pipeline whose step is running."""

    calls: dict[str, set[Asked]]
    pipeline: str = ""

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.pipeline:
            service = model.service_model.signing_name
            self.calls.setdefault(self.pipeline, set()).update(evaluating.asked(service, model.name, params))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder({})
    opened = Cloud._open

    def open_and_listen(self: Cloud, region: str | None, profile: str | None) -> Any:
        session = opened(self, region, profile)
        session.events.register("before-parameter-build", made.note)
        return session

    monkeypatch.setattr(Cloud, "_open", open_and_listen)
    return made


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, pushed = tmp_path / "bin" / "docker", tmp_path / "pushed"
    program.parent.mkdir()
    pushed.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PUSHED", str(pushed))
    monkeypatch.setenv("GITHUB_TOKEN", "a token that ends with the job")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give the stage other settings, as an edit of stages.toml does."""
    tables = settings.tables()

    def change(**values: Any) -> None:
        monkeypatch.setattr(settings, "tables", lambda path=None: {**tables, STAGE: {**tables[STAGE], **values}})

    return change


@pytest.mark.parametrize("registry", ["ghcr.io/example/sentiment-rnn", "ecr"], ids=["GitHub", "ECR"])
def test_every_call_of_every_step_is_allowed_and_no_permission_is_left_over(
    run, client, recorder, docker, stage, registry, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)  # where judgements are exported to
    own = {"pipeline_repository": REPOSITORY, "image_repository": registry}
    stage(**own)
    recorder.pipeline = "an administrator's first deployment"
    run("deploy", "--stage", STAGE, "--image", IMAGE)
    made = {each.action for each in recorder.calls.pop(recorder.pipeline)}
    assert made - set(rights.of_stage(settings.load(STAGE), REGION)) == set(), "the doctor does not ask about them"
    recorder.pipeline = ""
    run("pipeline", "--stage", STAGE)
    other_files(client("s3"))
    stage(**own, task_memory=200)
    monkeypatch.setattr(lambdas, "package", lambda: Package("lambdas/another.zip", b"another"))
    for first in (True, False):
        for recorder.pipeline, (workflow, job) in JOBS.items():
            for command in commands(workflow, job):
                run(*command, code=2 if first and recorder.pipeline == "plan" else 0)
    recorder.pipeline = ""
    run("destroy", "--stage", STAGE, "--yes")

    assert recorder.calls.keys() == set(catalogue.PIPELINES)
    for pipeline, recorded in recorder.calls.items():
        calls = recorded | set(change_sets(pipeline))
        role = evaluating.Role(f"{pipeline.capitalize()}Role", STAGE)
        assert evaluating.refused(role, calls) == [], pipeline
        left_over = {action for action, less in role.without_each() if not evaluating.refused(less, calls)}
        known = {each for each in left_over if UNSEEN.keys() & {each, each.partition(" ")[0]}}
        assert left_over == known, f"{pipeline} never needs them"


def other_files(s3: Any) -> None:
    """Have the page's bucket lack a file that the page has, and have one that it has not."""
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if f"-{STAGE}-site-" in each["Name"]]
    s3.delete_object(Bucket=bucket, Key=catalogue.SITE_INDEX)
    s3.put_object(Bucket=bucket, Key="an-older.js", Body=b"")


def change_sets(pipeline: str) -> Iterator[Asked]:
    """What a change set of each stack asks that a pipeline may change: one run changes only some of them."""
    stacks = {"site": [], "retrain": [], "service": permissions.SERVICE_STACKS}.get(
        pipeline, [each.stack for each in load_all()]
    )
    for stack in stacks:
        wanted = {"StackName": catalogue.stack_name(STAGE, stack), "TemplateBody": load(stack).body}
        role = f"arn:aws:iam::{evaluating.ACCOUNT}:role/{catalogue.stack_name(STAGE, 'pipeline')}-DeployRole-x"
        yield from evaluating.asked("cloudformation", "CreateChangeSet", {**wanted, "RoleARN": role})


def commands(workflow: str, job: str) -> Iterator[list[str]]:
    """What a job's steps run of our command line; what they do before the sign-in asks nothing of AWS."""
    for step in steps(read(workflow), job):
        if step.target == "plan-comment":
            yield ["plan", "--stage", STAGE, "--keep-image"]
        elif step.target in made_commands():
            typed = step.run.replace("${CANARY_MINUTES:-0}", "0")
            words = dict(word.split("=", 1) for word in shlex.split(typed)[2:])
            yield [step.target, "--stage", STAGE, *shlex.split(words.get("ARGS", ""))]
