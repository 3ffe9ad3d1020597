"""The console at ``/console``: closed to whoever has no token, read-only, and true to what boto3 says."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from scripts.cloudformation.stacks import collect_outputs
from scripts.local.console import access, stacks
from scripts.local.console.blocks import BAD, BUSY, GOOD
from scripts.local.console.server import VIEWS, ChangeError, Looking
from scripts.local.session import STAGE
from tests.local.running import Answer, RunningApp

SECRETS = ("receipt-key", "sentiment-local-data", "CREATE_COMPLETE", "blocks")


def token(app: RunningApp) -> str:
    return app.console_url.partition("#token=")[2]


def ask(app: RunningApp, view: str, headers: dict[str, str], method: str = "GET") -> tuple[int, str, dict[str, str]]:
    """Status, content and headers of an answer; headers may have any Host."""
    with closing(http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)) as connection:
        connection.request(method, f"/console/data/{view}", headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), {name.lower(): value for name, value in reply.getheaders()}


def shown(app: RunningApp, view: str, query: str = "") -> list[dict[str, Any]]:
    """What a view consists of."""
    headers = {"Authorization": f"Bearer {token(app)}"}
    answer: Answer = app.request("GET", f"/console/data/{view}{query}", headers=headers)
    assert answer.status == 200, answer.body
    blocks: list[dict[str, Any]] = answer.json["blocks"]
    return blocks


def texts(block: dict[str, Any]) -> list[list[str]]:
    """A table's cells as the page writes them."""
    return [[str(cell["text"] if isinstance(cell, dict) else cell) for cell in row] for row in block["rows"]]


# --- strangers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer " + "0" * 64},
        {"Authorization": "TOKEN"},
        {"Cookie": "token=TOKEN"},
        {"Authorization": "Bearer TOKEN", "Host": "evil.example"},
        {"Authorization": "Bearer TOKEN", "Host": "sentiment.localhost"},
        {"Authorization": "Bearer TOKEN", "Origin": "http://evil.example"},
        {"Authorization": "Bearer TOKEN", "Origin": "http://127.0.0.1:1"},
        {"Authorization": "Bearer TOKEN", "Origin": "null"},
        {"Authorization": "Bearer TOKEN", "Sec-Fetch-Site": "cross-site"},
        {"Authorization": "Bearer TOKEN", "Sec-Fetch-Site": "same-site"},
        {"Authorization": "Bearer é"},
    ],
    ids=str,
)
@pytest.mark.parametrize("view", ["tables", "logs"])
def test_who_has_no_token_or_comes_from_elsewhere_sees_nothing(
    app: RunningApp, view: str, headers: dict[str, str]
) -> None:
    sent = {name: value.replace("TOKEN", token(app)) for name, value in headers.items()}
    status, content, got = ask(app, view, sent)

    assert status == 403
    assert not [secret for secret in SECRETS if secret in content]
    assert "access-control-allow-origin" not in got


def test_the_token_is_in_no_query_that_would_be_logged(app: RunningApp) -> None:
    status = ask(app, f"tables?token={token(app)}", {})[0]

    assert status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(app: RunningApp, method: str) -> None:
    assert ask(app, "tables", {"Authorization": f"Bearer {token(app)}"}, method)[0] == 405


def test_its_client_refuses_to_change_anything(app: RunningApp) -> None:
    looking = Looking(STAGE, app.endpoint_url, app.keys, None, app.url)

    assert looking.client("s3").list_buckets()["Buckets"]
    with pytest.raises(ChangeError):
        looking.client("s3").create_bucket(Bucket="of-the-console")
    with pytest.raises(ChangeError):
        looking.client("dynamodb").delete_table(TableName="of-the-console")


def test_every_run_has_a_token_of_its_own_which_is_not_the_key(app: RunningApp) -> None:
    assert len(token(app)) == 64
    assert token(app) not in (app.keys.secret_access_key, app.keys.front)
    assert token(app) == app.keys.console


def test_its_address_is_told_at_the_start(own: RunningApp) -> None:
    assert f"Console, for you alone: {own.console_url}\n" in own.said


def test_its_page_enables_nothing_but_its_own_files(app: RunningApp) -> None:
    for path, kind in (("/console", "text/html"), ("/console/console.js", "text/javascript")):
        answer = app.request("GET", path)

        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"


# --- what it shows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_view_can_be_had_and_says_where_it_is_from(app: RunningApp, view: str) -> None:
    blocks = shown(app, view)

    assert any(block.get("rows") for block in blocks)
    assert any("From " in block.get("note", "") or "Prices of" in block.get("note", "") for block in blocks)


@pytest.mark.parametrize("view", ["stacks", "roles", "tables", "buckets"])
def test_a_name_that_does_not_exist_is_said_not_to(app: RunningApp, view: str) -> None:
    blocks = shown(app, view, "?of=no-such-thing")

    assert "no-such-thing" in blocks[0]["note"]
    assert blocks[0]["tone"] == BAD


def test_stacks_have_the_status_that_boto3_says(app: RunningApp) -> None:
    found = app.cloud.client("cloudformation").describe_stacks()["Stacks"]
    rows = texts(shown(app, "stacks")[0])

    assert {row[0]: row[1] for row in rows} == {each["StackName"]: each["StackStatus"] for each in found}


def test_a_stack_that_a_learner_deploys_is_shown_too(own: RunningApp) -> None:
    client = own.cloud.client("cloudformation")
    body = "Resources:\n  Note:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: hello}\n"
    client.create_stack(StackName="sentiment-lesson", TemplateBody=body)
    client.get_waiter("stack_create_complete").wait(StackName="sentiment-lesson", WaiterConfig={"Delay": 1})
    try:
        everything, events = shown(own, "stacks")
        assert ["sentiment-lesson", "CREATE_COMPLETE"] in [row[:2] for row in texts(everything)]
        assert ["sentiment-lesson", "Note", "CREATE_COMPLETE"] in [row[1:4] for row in texts(events)]
    finally:
        client.delete_stack(StackName="sentiment-lesson")


def test_the_cost_of_today_counts_what_is_deployed(app: RunningApp) -> None:
    today, by_resource = shown(app, "cost")

    amounts = [float(row[2]) for row in texts(by_resource)]
    assert 0 < sum(amounts) < 10
    assert float(texts(today)[0][1]) == pytest.approx(sum(amounts), abs=0.0001 * len(amounts))
    assert amounts == sorted(amounts, reverse=True) or len(amounts) > 1
    assert any(row[0].startswith("cluster.") for row in texts(by_resource))


@pytest.fixture
def change_set(own: RunningApp) -> Iterator[tuple[str, str]]:
    """A change set that waits: seven instances at most."""
    client, name = own.cloud.client("cloudformation"), "console-test"
    stack = "sentiment-local-cluster"
    known = client.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    parameters = [
        {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
        if each["ParameterKey"] != "MaxInstances"
        else {"ParameterKey": "MaxInstances", "ParameterValue": "7"}
        for each in known
    ]
    client.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        UsePreviousTemplate=True,
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM"],
    )
    yield name, stack
    client.delete_change_set(ChangeSetName=name, StackName=stack)


def test_a_change_set_tells_before_after_and_why(own: RunningApp, change_set: tuple[str, str]) -> None:
    name, stack = change_set
    listed = [row for row in texts(shown(own, "changes")[0]) if row[2] == name]
    _, resources, properties = shown(own, "changes", f"?of={name}&stack={stack}")

    assert listed[0][3].startswith("AVAILABLE")
    assert ["AutoScalingGroup", "AWS::AutoScaling::AutoScalingGroup", "changes in place", ""] in texts(resources)
    changed = next(row for row in texts(properties) if row[1] == "MaxSize" and "Parameter" in row[4])
    before = own.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["MaxSize"]
    assert changed == [
        "AutoScalingGroup", "MaxSize", str(before), "7", "the Parameter MaxInstances has another value", "no",
    ]  # fmt: skip


def test_values_are_told_only_to_who_asks_for_them(own: RunningApp, change_set: tuple[str, str]) -> None:
    name, stack = change_set
    found = own.cloud.client("cloudformation").describe_change_set(ChangeSetName=name, StackName=stack)

    details = [detail for each in found["Changes"] for detail in each["ResourceChange"]["Details"]]
    assert details
    assert not [detail for detail in details if "AfterValue" in detail["Target"]]


def test_replacement_is_said_to_be_one() -> None:
    change = {"Action": "Modify", "Replacement": "True", "LogicalResourceId": "A", "ResourceType": "B"}
    detail = {
        "Target": {"Attribute": "Properties", "Name": "BucketName", "RequiresRecreation": "Always"},
        "ChangeSource": "ResourceReference",
        "CausingEntity": "Key",
    }

    assert stacks._head(change)[2] == {"text": "is replaced", "tone": BAD}
    assert stacks._detail(detail)[3:] == ["Key, which it refers to, is another resource", {"text": "yes", "tone": BAD}]


# --- the simulator -----------------------------------------------------------------------------------------------


def test_the_simulator_names_the_statement_of_a_lambdas_role(app: RunningApp) -> None:
    iam = app.cloud.client("iam")
    role = next(each["RoleName"] for each in iam.list_roles()["Roles"] if "RecordRole" in each["RoleName"])
    table = collect_outputs(app.cloud)["JudgementsTableName"]
    arn = app.cloud.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    found = access.statements(iam, role)

    put = access.simulate(iam, found, "dynamodb:PutItem", arn)
    delete = access.simulate(iam, found, "dynamodb:DeleteItem", arn)
    assert (put.text, put.tone) == ("Allowed: statement 2 of record allows it.", GOOD)
    assert (delete.text, delete.tone) == ("Denied: no statement allows it.", BAD)


def allow(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


@pytest.mark.parametrize(
    ("identity", "boundary", "text", "tone"),
    [
        (
            [allow("s3:*"), {**allow("s3:PutObject", Sid="NoWrites"), "Effect": "Deny"}],
            None,
            "Denied: statement 2 (NoWrites) of own denies it.",
            BAD,
        ),
        (
            [allow("s3:PutObject")],
            [allow("s3:GetObject")],
            "Denied: statement 1 of own allows it, but no statement of the permissions boundary does.",
            BAD,
        ),
        (
            [allow("s3:PutObject")],
            [allow("s3:*"), {**allow("s3:PutObject"), "Effect": "Deny"}],
            "Denied: statement 2 of the permissions boundary console-test denies it.",
            BAD,
        ),
        ([allow("s3:PutObject")], [allow("s3:*")], "Allowed: statement 1 of own allows it.", GOOD),
        ([], [allow("s3:*")], "Denied: no statement allows it.", BAD),
        (
            [allow("s3:PutObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "x"}})],
            None,
            "It depends: statement 1 of own allows it; the condition of statement 1 of own decides: "
            '{"StringEquals": {"aws:PrincipalTag/team": "x"}}',
            BUSY,
        ),
    ],
)
def test_a_deny_wins_and_a_boundary_limits(
    own: RunningApp, identity: list[dict[str, Any]], boundary: list[dict[str, Any]] | None, text: str, tone: str
) -> None:
    iam, name = own.cloud.client("iam"), "console-test"
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    more = {}
    if boundary is not None:
        document = json.dumps({"Version": "2012-10-17", "Statement": boundary})
        made = iam.create_policy(PolicyName=name, PolicyDocument=document)
        more["PermissionsBoundary"] = made["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)
    if identity:
        document = json.dumps({"Version": "2012-10-17", "Statement": identity})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    try:
        verdict = access.simulate(iam, access.statements(iam, name), "s3:PutObject", "arn:aws:s3:::b/k")
    finally:
        if identity:
            iam.delete_role_policy(RoleName=name, PolicyName="own")
        iam.delete_role(RoleName=name)
        if more:
            iam.delete_policy(PolicyArn=more["PermissionsBoundary"])

    assert (verdict.text, verdict.tone) == (text, tone)
