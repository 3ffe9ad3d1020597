"""What the doctor finds, and the fix that it names for each failure; against moto and stubs."""

import time
from email.utils import formatdate

import pytest
from moto import mock_aws

from scripts.image import build
from scripts.look import doctor
from scripts.release.place import AwsPlace
from scripts.stage import settings
from scripts.stage.errors import ImageError
from scripts.stage.session import Cloud

NEEDED = {"export_token_parameter": "/sentiment/dev/token", "image_repository": "docker.io/you/rnn"}


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def stage(**values):
    loaded = settings.load("dev")
    return settings.Settings("dev", {**loaded.values, **values})


def findings(cloud, chosen):
    place = AwsPlace(chosen, cloud.region)
    return {finding.name: finding for finding in doctor.examine(place, chosen)}


def test_each_failure_comes_with_its_fix(aws, monkeypatch):
    def no_docker():
        raise ImageError("Docker is not installed", "Install it")

    monkeypatch.setattr(build, "check_docker", no_docker)
    found = findings(aws, stage(export_token_parameter="/sentiment/dev/token", image_repository=""))
    assert found["credentials"].passed
    assert found["credentials"].detail == "account 123456789012"
    assert found["templates fresh"].passed
    assert found["machine image"].detail.startswith("ami-")
    assert found["Docker"].text == "FAIL  Docker: Docker is not installed\n      Fix: Install it"
    assert "image_repository" in found["image repository"].fix
    assert "put-parameter" in found["export token"].fix


def test_a_fit_machine_passes(aws, monkeypatch):
    monkeypatch.setattr(build, "check_docker", lambda: None)
    aws.client("ssm").put_parameter(Name="/sentiment/dev/token", Type="SecureString", Value="x")
    found = findings(aws, stage(**NEEDED))
    for name in ("Docker", "image repository", "region", "credentials", "clock", "machine image", "export token"):
        assert found[name].passed, found[name].text


def test_without_credentials_nothing_is_asked_that_needs_them(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = findings(Cloud("dev", region="us-east-1"), stage(**NEEDED))
    assert not found["credentials"].passed
    assert "aws configure" in found["credentials"].fix
    assert "clock" not in found


@pytest.mark.parametrize(("off", "passed"), [(0, True), (290, True), (-600, False), (600, False)])
def test_a_clock_that_aws_would_refuse_is_told(cloud, off, passed):
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": formatdate(time.time() - off, usegmt=True)}}}
    cloud.stub("sts").add_response("get_caller_identity", answer)
    finding = doctor._check("clock", lambda: doctor._clock(cloud))
    assert finding.passed is passed
    assert passed or "Set the clock" in finding.fix


@pytest.mark.parametrize(("value", "passed"), [(8.0, True), (5.0, False)])
def test_a_quota_that_is_too_small_is_told(cloud, value, passed):
    asked = {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A"}
    cloud.stub("service-quotas").add_response("get_service_quota", {"Quota": {"Value": value}}, asked)
    finding = doctor._check("quota", lambda: doctor._quota(cloud, "ec2", "L-1216C47A", 8.0))
    assert finding.passed is passed
    assert finding.passed or "5, but 8 are needed" in finding.detail


def test_a_check_that_aws_refuses_is_a_failure_not_a_crash(cloud):
    cloud.stub("service-quotas").add_client_error("get_service_quota", "AccessDeniedException", "not allowed")
    finding = doctor._check("quota", lambda: doctor._quota(cloud, "ec2", "L-1216C47A", 8.0))
    assert not finding.passed
    assert "permission" in finding.fix
