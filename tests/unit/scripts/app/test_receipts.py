"""The keys of receipts against moto: made once, kept on the laptop, and when a rotation would end what is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from generator import catalogue
from scripts.app import receipts
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud

NAME = catalogue.receipt_key_name("dev")


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def test_a_stage_gets_its_key_once_as_a_secret_with_its_tags(cloud):
    assert receipts.keys(cloud) == ()
    receipts.ensure(cloud)
    (key,) = receipts.keys(cloud)
    receipts.ensure(cloud)
    assert receipts.keys(cloud) == (key,)
    ssm = cloud.client("ssm")
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=NAME)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "sentiment", "stage": "dev"}
    receipts.forget(cloud)
    assert receipts.keys(cloud) == ()


def test_the_laptop_keeps_its_keys_over_a_restart_where_nobody_else_reads_them(cloud, tmp_path):
    kept = tmp_path / "receipt-key"
    receipts.ensure(cloud, kept)
    before = receipts.keys(cloud)
    assert kept.stat().st_mode & 0o077 == 0
    receipts.forget(cloud)  # what a restart does
    receipts.ensure(cloud, kept)
    assert receipts.keys(cloud) == before
    receipts.forget(cloud)
    kept.write_text("damaged")
    with pytest.raises(DeployError, match=r"32 bytes|URL-safe") as raised:
        receipts.ensure(cloud, kept)
    assert "Remove it" in raised.value.next_step


def test_a_second_rotation_within_a_day_would_end_good_receipts(cloud):
    assert not receipts.too_soon(cloud)
    receipts.ensure(cloud)
    assert not receipts.too_soon(cloud), "no key was replaced yet"
    both = f"{receipts.signing.new_key()} {receipts.signing.new_key()}"
    cloud.client("ssm").put_parameter(Name=NAME, Value=both, Type="SecureString", Overwrite=True)
    assert receipts.too_soon(cloud)
    assert not receipts.too_soon(cloud, datetime.now(UTC) + timedelta(days=1, minutes=1))
