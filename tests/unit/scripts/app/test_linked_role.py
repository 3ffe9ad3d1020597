"""ECS's own role against moto: made before the first deployment of an account, and left alone afterwards."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.app import linked_role
from scripts.stage.session import Cloud


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def test_an_account_gets_the_role_once(cloud):
    linked_role.ensure(cloud)
    (role,) = cloud.client("iam").list_roles()["Roles"]
    assert role["Path"] == "/aws-service-role/ecs.amazonaws.com/"
    linked_role.ensure(cloud)
    assert len(cloud.client("iam").list_roles()["Roles"]) == 1


@pytest.mark.parametrize(("code", "fine"), [("InvalidInput", True), ("AccessDenied", True), ("ServiceFailure", False)])
def test_a_role_that_is_there_or_not_ours_to_make_stops_nothing(cloud, monkeypatch, code, fine):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code, "Message": "..."}}, "CreateServiceLinkedRole")

    monkeypatch.setattr(cloud.client("iam"), "create_service_linked_role", refuse)
    if fine:
        linked_role.ensure(cloud)
    else:
        with pytest.raises(ClientError):
            linked_role.ensure(cloud)
