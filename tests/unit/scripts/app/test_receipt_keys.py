"""The keys of receipts against moto: made once, kept on the laptop, and when a rotation would end what is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from generator import catalogue
from scripts.app import receipt_keys
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from shared import receipts

NAME = catalogue.receipt_key_name("dev")


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def test_a_stage_gets_its_key_once_as_a_secret_with_its_tags(cloud):
    assert receipt_keys.keys(cloud) == ()
    receipt_keys.ensure(cloud)
    (key,) = receipt_keys.keys(cloud)
    receipt_keys.ensure(cloud)
    assert receipt_keys.keys(cloud) == (key,)
    ssm = cloud.client("ssm")
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=NAME)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "sentiment", "stage": "dev"}
    receipt_keys.forget(cloud)
    assert receipt_keys.keys(cloud) == ()


def test_the_laptop_keeps_its_keys_over_a_restart_where_nobody_else_reads_them(cloud, tmp_path):
    kept = tmp_path / "receipt-key"
    receipt_keys.ensure(cloud, kept)
    before = receipt_keys.keys(cloud)
    assert kept.stat().st_mode & 0o077 == 0
    receipt_keys.forget(cloud)  # what a restart does
    receipt_keys.ensure(cloud, kept)
    assert receipt_keys.keys(cloud) == before
    receipt_keys.forget(cloud)
    kept.write_text("damaged")
    with pytest.raises(DeployError, match=r"32 bytes|URL-safe") as raised:
        receipt_keys.ensure(cloud, kept)
    assert "Remove it" in raised.value.next_step


def test_a_second_rotation_within_a_day_would_end_good_receipts(cloud, monkeypatch):
    assert not receipt_keys.too_soon(cloud)
    receipt_keys.ensure(cloud)
    assert not receipt_keys.too_soon(cloud), "no key was replaced yet"
    both = f"{receipts.new_key()} {receipts.new_key()}"
    cloud.client("ssm").put_parameter(Name=NAME, Value=both, Type="SecureString", Overwrite=True)
    assert receipt_keys.too_soon(cloud)
    monkeypatch.setattr(cloud, "now", lambda: datetime.now(UTC) + timedelta(days=1, minutes=1))
    assert not receipt_keys.too_soon(cloud)
