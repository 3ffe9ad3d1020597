"""Who can reach what: the front shows site and API alone, everything listens on loopback alone, roles are enforced."""

from __future__ import annotations

import http.client
from collections import Counter
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from scripts.cloudformation.stacks import collect_outputs
from tests.local.running import RunningApp


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/_ministack/health", {}),
        ("POST", "/_ministack/reset", {}),
        ("GET", "/?list-type=2", {}),
        ("GET", "/", {"x-amz-target": "DynamoDB_20120810.ListTables"}),
        ("POST", "/", {"x-amz-target": "DynamoDB_20120810.ListTables"}),
        ("POST", "/?Action=ListRoles&Version=2010-05-08", {}),
        ("POST", "/api/getStats", {"x-amz-target": "DynamoDB_20120810.ListTables"}),
        ("GET", "/api/x", {"host": "dynamodb.us-east-1.amazonaws.com"}),
        ("GET", "/api/../../_ministack/health", {}),
        ("GET", "/_aws/execute-api/x/$default/getStats", {}),
        ("PUT", "/index.html", {}),
        ("DELETE", "/index.html", {}),
    ],
)
def test_the_front_shows_site_and_api_alone(app: RunningApp, method: str, path: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    connection.request(method, path, b"{}" if method == "POST" else None, headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()

    for told in ("TableNames", "<Contents>", "ListRolesResponse", "localstack", "s3control"):
        assert told not in content
    assert answer.status in (200, 400, 403, 404, 405)
    assert answer.status != 200 or content.lower().startswith("<!doctype html>")
    assert app.request("GET", "/").status == 200
    assert app.request("GET", "/api/getStats").status == 200


def test_a_visitor_who_stays_is_answered_every_time(app: RunningApp) -> None:
    """More requests than a server lets through one connection by itself, and the front's to the emulator is one too."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    statuses = Counter[int]()
    for _ in range(1_100):
        connection.request("GET", "/config.json")
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
    connection.close()
    assert statuses == {200: 1_100}


def test_an_unknown_route_is_the_gateways_404(app: RunningApp) -> None:
    answer = app.request("GET", "/api/nothing")

    assert (answer.status, answer.json) == (404, {"message": "Not Found"})


def test_a_body_beyond_the_gateways_limit_is_refused(app: RunningApp) -> None:
    assert app.request("POST", "/api/setSentiment", b"x" * (10 * 1024 * 1024 + 1)).status == 413


def test_everything_listens_on_loopback_alone(app: RunningApp) -> None:
    sockets = [each for process in app.processes() for each in process.net_connections("inet")]
    listening = {each.laddr for each in sockets if each.laddr and not each.raddr}  # TCP, and UDP without a peer

    assert len(listening) >= 3  # front, emulator, a task
    assert {address.ip for address in listening} == {"127.0.0.1"}


class Caller:
    """Somebody with the rights of one Lambda's role, and nothing else."""

    def __init__(self, app: RunningApp, function: str) -> None:
        resources = app.cloud.client("cloudformation").describe_stack_resources(StackName="sentiment-local-api")
        roles = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources["StackResources"]}
        arn = app.cloud.client("iam").get_role(RoleName=roles[f"{function}Role"])["Role"]["Arn"]
        keys = app.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        self._session = boto3.session.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1"
        )
        self._endpoint = app.endpoint_url

    def may(self, service: str, call: str, **arguments: Any) -> bool:
        try:
            getattr(self._session.client(service, endpoint_url=self._endpoint), call)(**arguments)
        except ClientError as error:
            assert "AccessDenied" in error.response["Error"]["Code"], error
            return False
        return True


def test_a_lambda_may_do_what_its_role_says_and_no_more(app: RunningApp) -> None:
    outputs = collect_outputs(app.cloud)
    judgements, counts = outputs["JudgementsTableName"], outputs["CountsTableName"]
    item = {"id": {"S": "x"}, "judgement": {"S": "y"}}

    stats, export = Caller(app, "Stats"), Caller(app, "Export")
    assert stats.may("dynamodb", "scan", TableName=counts)
    assert not stats.may("dynamodb", "scan", TableName=judgements)
    assert not stats.may("dynamodb", "delete_item", TableName=counts, Key={"model": {"S": "x"}, "shard": {"N": "0"}})
    assert export.may("dynamodb", "scan", TableName=judgements)
    assert not export.may("dynamodb", "put_item", TableName=judgements, Item=item)
    assert not export.may("s3", "put_object", Bucket=outputs["SiteBucketName"], Key="index.html", Body=b"x")
    assert not export.may("iam", "list_roles")


def test_tables_keep_the_settings_of_their_template(app: RunningApp) -> None:
    table = collect_outputs(app.cloud)["JudgementsTableName"]
    backups = app.cloud.client("dynamodb").describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]

    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
