"""Each pipeline's steps, read from its workflow, in the role that GitHub's token gets, against a laptop cloud."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from generator import catalogue
from scripts.local.session import VARIABLES
from scripts.stage.session import Cloud
from tests.contracts.workflows import PIPELINES, read, steps
from tests.local import checkout
from tests.local.running import start_and_wait

pytestmark = pytest.mark.cloud

REPOSITORY = "example/sentiment"
STACK = "sentiment-local-pipeline"
# A change that starts each pipeline, and the jobs that it starts.
CHANGES = {
    "site": ("site/index.html", "</body>", "<!-- another page --></body>"),
    "service": ("container/gunicorn.conf.py", '"""', '"""Another image. '),
    "infrastructure": ("generator/stacks/service/container.py", "STOP_SECONDS = 30", "STOP_SECONDS = 31"),
}
# GitHub's command line: says what it is asked, and knows of the comment that is in $FOUND.
GH = """#!/bin/sh
echo "gh $@" >> "$SAID"
[ "$2" = view ] && echo "$FOUND"
[ "$2" = view ] || cat build/plan.md >> "$SAID"
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    running = start_and_wait(tmp_path_factory.mktemp("pipelines") / "state")
    yield running
    running.close()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    made = checkout.copy_to(tmp_path_factory.mktemp("checkout") / "tree")
    stages = made / "scripts" / "stages.toml"
    stages.write_text(stages.read_text().replace("[local]\n", f'[local]\npipeline_repository = "{REPOSITORY}"\n', 1))
    return made


@pytest.fixture(scope="module")
def outputs(own, tree):
    """The pipelines' stack, deployed as an administrator does it; its outputs."""
    done = make(tree, own, {}, "make pipeline STAGE=local ARGS=--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def make(tree, own, keys, command, **environment):
    """Run a step's words in a shell, as GitHub does, with the keys of a role."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAPTOP_", "MAKE"))}
    variables = {**plain, "STATE": str(own.state), "STAGE": "local", "CI": "true", **keys, **environment}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command], cwd=tree, env=variables, capture_output=True, text=True, timeout=240
    )


def token(**claims):
    """An identity token as GitHub writes it; the emulator reads it without asking who signed it."""
    ours = {"iss": f"https://{catalogue.GITHUB_ISSUER}", "aud": catalogue.GITHUB_AUDIENCE, **claims}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, ours)
    ]
    return ".".join([*parts, "unsigned"])


def take_on(own, outputs, pipeline, **claims):
    """Keys of a pipeline's role, for a job whose token says so."""
    wanted = {"sub": f"repo:{REPOSITORY}:environment:local-{pipeline}", **claims}
    sts = own.cloud.client("sts")
    # AWS lets anybody ask who has a token that the provider signed. No provider signs here, so the run's key does.
    sts.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
    found = sts.assume_role_with_web_identity(
        RoleArn=outputs[f"{pipeline.capitalize()}RoleArn"], RoleSessionName="test", WebIdentityToken=token(**wanted)
    )["Credentials"]
    return keys_of(found)


def keys_of(found):
    """The environment's variables for some credentials."""
    values = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    return dict(zip(VARIABLES.values(), values, strict=True))


def client(own, keys, service):
    values = dict(zip(VARIABLES, keys.values(), strict=True))
    return boto3.client(service, endpoint_url=own.endpoint_url, region_name="us-east-1", **values)


def refused(call, **arguments):
    """Whether the role may not make a call."""
    try:
        call(**arguments)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"] or error.response["Error"]["Code"].endswith(
            "Unauthorized"
        )
    return False


def change(tree, pipeline):
    """Change what starts a pipeline, in the copy of the checkout; the file, to be put back by."""
    name, old, new = CHANGES[pipeline]
    path = tree / name
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    return path, before


@pytest.mark.parametrize("pipeline", catalogue.PIPELINES)
@pytest.mark.parametrize(
    "claims",
    [
        {"sub": f"repo:{REPOSITORY}:ref:refs/heads/main"},
        {"sub": f"repo:{REPOSITORY}:environment:prod-site"},
        {"sub": "repo:somebody/else:environment:local-site"},
        {"aud": "https://github.com/example"},
        {"iss": "https://tokens.example.com"},
    ],
    ids=["no environment", "other environment", "other repository", "other audience", "other issuer"],
)
def test_a_role_is_refused_to_any_other_job(own, outputs, pipeline, claims):
    with pytest.raises(ClientError, match="AccessDenied"):
        take_on(own, outputs, pipeline, **claims)


@pytest.mark.parametrize("pipeline", catalogue.PIPELINES)
def test_a_role_is_refused_to_the_other_pipelines_jobs(own, outputs, pipeline):
    for other in set(catalogue.PIPELINES) - {pipeline}:
        with pytest.raises(ClientError, match="AccessDenied"):
            take_on(own, outputs, pipeline, sub=f"repo:{REPOSITORY}:environment:local-{other}")


def test_the_pipelines_steps_in_order_each_in_its_own_role(own, tree, outputs, tmp_path):
    """Infrastructure first, as the others stand on it; each change is looked for where users meet it."""
    gh, said = tmp_path / "gh", tmp_path / "said"
    gh.write_text(GH)
    gh.chmod(0o755)
    commented = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SAID": str(said), "NUMBER": "12", "FOUND": ""}

    change(tree, "infrastructure")
    assert make(tree, own, {}, "make templates").returncode == 0
    run_job(tree, own, outputs, "infrastructure", "plan", "plan", commented)
    look, comment, mark, *plan = said.read_text().splitlines()
    assert look.startswith("gh pr view 12 --json comments --jq") and 'startswith("<!-- plan of local -->")' in look
    assert (comment, mark) == ("gh pr comment 12 --body-file build/plan.md", "<!-- plan of local -->")
    assert any("~  TaskDefinition" in line for line in plan)
    said.unlink()
    commented["FOUND"] = "https://github.com/example/sentiment/pull/12#issuecomment-77"
    run_job(tree, own, outputs, "infrastructure", "plan", "plan", commented)
    _, again, mark, *_ = said.read_text().splitlines()
    assert again.endswith("PATCH repos/{owner}/{repo}/issues/comments/77 --field body=@build/plan.md")
    assert mark == "<!-- plan of local -->", "the next plan writes over this stage's comment"
    before = task_definition(own)
    run_job(tree, own, outputs, "infrastructure", "deploy", "infrastructure")
    after = task_definition(own)
    assert after["containerDefinitions"][0]["stopTimeout"] == 31
    assert image(after) == image(before), "the image is the service pipeline's affair"

    change(tree, "service")
    run_job(tree, own, outputs, "service", "roll", "service", {"CANARY_MINUTES": "0.2"})
    assert image(task_definition(own)) != image(before)
    assert own.request("POST", "/api/getSentiment", {"review": "I am glad."}).status == 200

    change(tree, "site")
    assert b"another page" not in own.request("GET", "/").body
    run_job(tree, own, outputs, "site", "deploy", "site")
    assert b"another page" in own.request("GET", "/").body


def test_retraining_exports_in_its_role(own, tree, outputs):
    (export,) = [step for step in steps(read("retrain"), "retrain") if step.target == "export"]
    done = make(tree, own, take_on(own, outputs, "retrain"), export.run)
    assert done.returncode == 0, done.stderr
    assert (tree / "build/retrain/judgements.csv").read_text().startswith("id,review,sentiment")


def test_a_plan_says_in_its_role_why_a_template_is_refused(own, tree, outputs):
    path = tree / "templates/api.yaml"
    text = path.read_text()
    path.write_text(text.replace(" MaxAge:", " MaxAgee:"))
    try:
        done = make(tree, own, take_on(own, outputs, "plan"), WORK["plan"])
    finally:
        path.write_text(text)
    assert "Unsupported property [MaxAgee] (at /Resources/HttpApi" in " ".join(done.stderr.split())


def test_an_image_that_does_not_work_is_taken_back_by_the_pipeline(own, tree, outputs):
    before = image(task_definition(own))
    path, text = change_text(tree, "container/sentiment/app.py", "raise RuntimeError('broken on purpose')\n")
    try:
        (roll,) = [step for step in steps(read("service"), "roll") if step.target == "roll"]
        done = make(tree, own, take_on(own, outputs, "service"), roll.run)
    finally:
        path.write_text(text)
    assert done.returncode != 0
    assert image(task_definition(own)) == before
    assert own.request("POST", "/api/getSentiment", {"review": "I am glad."}).status == 200


WORK = {
    "site": "make site",
    "service": "make roll",
    "infrastructure": "make stacks",
    "plan": "make plan ARGS=--keep-image",
    "retrain": "make export",
}


@pytest.mark.parametrize("pipeline", catalogue.PIPELINES)
def test_no_role_can_do_the_others_work(own, tree, outputs, pipeline):
    assert set(WORK) == set(catalogue.PIPELINES)
    keys = take_on(own, outputs, pipeline)
    path, text = change_text(tree, "site/index.html", "<!-- not mine -->\n")
    others = {"site", "service", "infrastructure", "retrain"} - {pipeline}
    # Stacks are what the infrastructure role changes; it can roll none to another image, since it can push none.
    others -= {"service"} if pipeline == "infrastructure" else set()
    try:
        for other in others:
            done = make(tree, own, keys, WORK[other])
            assert done.returncode != 0 and "Access denied" in done.stderr, f"{pipeline} did the work of {other}"
    finally:
        path.write_text(text)
    assert b"not mine" not in own.request("GET", "/").body


def test_nobody_but_the_service_role_can_push_an_image(own, outputs):
    for pipeline in catalogue.PIPELINES:
        ecr = client(own, take_on(own, outputs, pipeline), "ecr")
        assert refused(ecr.get_authorization_token) == (pipeline != "service")


@pytest.mark.parametrize("pipeline", catalogue.PIPELINES)
def test_no_role_touches_judgements_or_secrets(own, outputs, pipeline):
    """The smoke test's own judgement is all that any of them may see or remove; retraining may read all others too."""
    keys = take_on(own, outputs, pipeline)
    table = own.cloud.client("cloudformation").describe_stacks(StackName="sentiment-local-data")["Stacks"][0]["Outputs"]
    name = next(each["OutputValue"] for each in table if each["OutputKey"] == "JudgementsTableName")
    dynamodb = client(own, keys, "dynamodb")
    key = {"id": {"S": "0" * 32}, "judgement": {"S": "x"}}
    assert refused(dynamodb.scan, TableName=name) == (pipeline != "retrain")
    assert refused(dynamodb.delete_item, TableName=name, Key=key)
    assert refused(dynamodb.delete_table, TableName=name)
    values = {":id": {"S": "0" * 32}}
    assert refused(dynamodb.query, TableName=name, KeyConditionExpression="id = :id", ExpressionAttributeValues=values)
    assert refused(client(own, keys, "lambda").invoke, FunctionName="sentiment-local-api-ExportFunction")


@pytest.mark.parametrize("pipeline", catalogue.PIPELINES)
def test_no_role_can_widen_what_pipelines_may_do(own, outputs, pipeline):
    keys = take_on(own, outputs, pipeline)
    cloudformation, iam = client(own, keys, "cloudformation"), client(own, keys, "iam")
    own_role = outputs[f"{pipeline.capitalize()}RoleArn"].split("/")[-1]
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    template = '{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}'
    assert refused(
        cloudformation.create_change_set,
        StackName=STACK,
        ChangeSetName="x",
        TemplateBody=template,
        ChangeSetType="UPDATE",
    )
    assert refused(cloudformation.delete_stack, StackName=STACK)
    assert refused(iam.put_role_policy, RoleName=own_role, PolicyName="x", PolicyDocument=everything)
    assert refused(iam.delete_role_permissions_boundary, RoleName="sentiment-local-api-RecordRole-x")
    boundary = "arn:aws:iam::000000000000:policy/sentiment-local-boundary-us-east-1"
    assert refused(iam.create_policy_version, PolicyArn=boundary, PolicyDocument=everything, SetAsDefault=True)
    assert refused(iam.create_user, UserName="somebody")


@pytest.mark.parametrize("pipeline", ["service", "infrastructure", "plan"])
def test_a_role_passes_no_other_role_to_cloudformation_than_its_own(own, outputs, pipeline):
    asking = client(own, take_on(own, outputs, pipeline), "cloudformation")
    wanted = {"StackName": "sentiment-local-service", "ChangeSetName": "x", "UsePreviousTemplate": True}
    others = [outputs["PlanRoleArn"], "arn:aws:iam::000000000000:role/admin"]
    assert all(refused(asking.create_change_set, **wanted, RoleARN=other) for other in others)
    assert not refused(asking.create_change_set, **wanted, RoleARN=outputs[catalogue.DEPLOY_ROLE])
    asking.delete_change_set(StackName="sentiment-local-service", ChangeSetName="x")


def test_cloudformations_role_makes_roles_within_the_boundary_alone(own, outputs):
    sts = own.cloud.client("sts")  # which here assumes it for CloudFormation
    keys = keys_of(sts.assume_role(RoleArn=outputs[catalogue.DEPLOY_ROLE], RoleSessionName="test")["Credentials"])
    iam, account = client(own, keys, "iam"), "000000000000"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    name, boundary = (
        "sentiment-local-api-TriedRole",
        f"arn:aws:iam::{account}:policy/sentiment-local-boundary-us-east-1",
    )
    assert refused(iam.create_role, RoleName=name, AssumeRolePolicyDocument=document)
    assert refused(iam.create_role, RoleName="another", AssumeRolePolicyDocument=document, PermissionsBoundary=boundary)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, PermissionsBoundary=boundary)
    try:
        root = own.cloud.client("iam")
        everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        wide = json.dumps({"Version": "2012-10-17", "Statement": everything})
        root.put_role_policy(RoleName=name, PolicyName="wide", PolicyDocument=wide)
        found = own.cloud.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="test"
        )
        bounded = keys_of(found["Credentials"])
        assert refused(client(own, bounded, "iam").list_users)
        assert refused(client(own, bounded, "dynamodb").delete_table, TableName="sentiment-local-data-JudgementsTable")
        assert refused(client(own, bounded, "cloudformation").delete_stack, StackName="sentiment-local-site")
    finally:
        root.delete_role_policy(RoleName=name, PolicyName="wide")
        root.delete_role(RoleName=name)


def run_job(tree, own, outputs, workflow, job, pipeline, environment=None):
    """Run a job's steps in order, in its pipeline's role; nothing but the sign-in is left out."""
    assert workflow in PIPELINES
    keys = take_on(own, outputs, pipeline)
    for step in steps(read(workflow), job):
        done = make(tree, own, keys, step.run, **(environment or {}))
        assert done.returncode == 0, f"{step.run}:\n{done.stdout}{done.stderr}"


def change_text(tree, name: str, more: str) -> tuple[Path, str]:
    """Put a line ahead of a file's first; the file and what was in it."""
    path = tree / name
    before = path.read_text()
    path.write_text(more + before)
    return path, before


def task_definition(own):
    cloud: Cloud = own.cloud
    ecs = cloud.client("ecs")
    cluster = next(arn for arn in ecs.list_clusters()["clusterArns"] if "sentiment-local" in arn)
    (service,) = ecs.describe_services(cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"])[
        "services"
    ]
    return ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]


def image(definition):
    return definition["containerDefinitions"][0]["image"]
