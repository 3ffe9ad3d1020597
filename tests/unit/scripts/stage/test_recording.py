"""Recording that a killed command left off is noticed and switched on by the next one."""

from __future__ import annotations

import io
import zipfile

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.cloudformation import work
from scripts.stage import recording
from scripts.stage.errors import AccessDeniedError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud


class Warned(Reporter):
    """Remembers warnings."""

    def __init__(self):
        self.warned = []

    def warn(self, message):
        self.warned.append(message)


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = Cloud("dev", region="us-east-1")
        made.poll_seconds = 0
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = boto3.client("iam", "us-east-1").create_role(RoleName="r", AssumeRolePolicyDocument=trust)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("record.py", "")
        made.client("lambda").create_function(
            FunctionName="record", Runtime="python3.11", Role=role["Role"]["Arn"], Handler="record.handler",
            Code={"ZipFile": code.getvalue()},
        )  # fmt: skip
        yield made


def reserved(cloud):
    found = cloud.client("lambda").get_function_concurrency(FunctionName="record")
    return found.get("ReservedConcurrentExecutions")


def test_it_is_off_meanwhile_and_as_before_afterwards(cloud):
    for before in (None, 7):
        if before:
            cloud.client("lambda").put_function_concurrency(FunctionName="record", ReservedConcurrentExecutions=before)
        with recording.off(cloud, "record"):
            assert reserved(cloud) == 0
        assert (reserved(cloud), recording.left_off(cloud)) == (before, None)


def test_the_next_command_switches_on_what_a_killed_one_left_off(cloud):
    killed = recording.off(cloud, "record")
    killed.__enter__()
    reporter = Warned()
    with work.changing(cloud, reporter, "forget"):
        assert reserved(cloud) is None
    assert reporter.warned == [recording.LEFT_OFF]
    with work.changing(cloud, reporter, "forget"):
        pass
    assert len(reporter.warned) == 1


def test_a_function_that_is_gone_does_not_stop_anybody(cloud):
    killed = recording.off(cloud, "record")
    killed.__enter__()
    cloud.client("lambda").delete_function(FunctionName="record")
    reporter = Warned()
    for _ in range(2):
        with work.changing(cloud, reporter, "forget"):
            assert recording.left_off(cloud) is None
    assert reporter.warned == [recording.LEFT_OFF]


def test_who_may_not_switch_it_on_changes_nothing_and_says_who_may(cloud, monkeypatch):
    killed = recording.off(cloud, "record")
    killed.__enter__()
    reporter, real = Warned(), BaseClient._make_api_call

    def refuse(client, operation, arguments):
        if operation == "DeleteFunctionConcurrency":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
        return real(client, operation, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", refuse)
        with pytest.raises(AccessDeniedError) as raised, work.changing(cloud, reporter, "roll"):
            pytest.fail("the smoke test would fail, and the rollback undo what works")
    assert raised.value.message == recording.STAYS_OFF
    assert "run `sentiment restore --stage dev ...` again; then run" in raised.value.next_step
    assert (reserved(cloud), reporter.warned) == (0, [])
    with work.changing(cloud, reporter, "forget"):
        assert reserved(cloud) is None, "the lock is free, and the note still there"
    assert reporter.warned == [recording.LEFT_OFF]
