"""What the doctor finds, and the fix that it names for each failure; against moto and stubs."""

import json
import time
from email.utils import formatdate

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from scripts.image import build
from scripts.look import account, doctor, rights
from scripts.look.findings import check
from scripts.release import zones
from scripts.release.place import AwsPlace
from scripts.stage import settings
from scripts.stage.errors import AdviceError, ImageError
from scripts.stage.session import Cloud
from tests.unit.scripts.stubs import StubbedCloud

PLACE = ("Docker", "image repository", "image platform", "export token")
ACCOUNT = ("permissions", "names", "zones", "instance type", "public page", "linked roles", "alarm address")
NEEDED = {"export_token_parameter": "/sentiment/dev/token", "image_repository": "docker.io/you/rnn"}


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """Whether this machine has a Docker engine does not matter."""
    monkeypatch.setattr(build, "engine_architecture", lambda: "amd64")


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(rights, "check", lambda cloud, settings: "moto cannot simulate policies")
    monkeypatch.setattr(account.Quota, "_allowed", lambda quota, cloud: 50.0)  # nor has it AWS's default quotas
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
    assert {*ACCOUNT, "quota: VPCs", "quota: load balancers"} <= found.keys()
    assert not [each.name for each in found.values() if not each.passed and not each.fix]
    assert found["credentials"].passed
    assert found["credentials"].detail == "account 123456789012"
    assert found["templates fresh"].passed
    assert found["machine image"].detail.startswith("ami-")
    assert found["Docker"].text == "FAIL  Docker: Docker is not installed\n      Fix: Install it"
    assert "image_repository" in found["image repository"].fix
    assert '--name /sentiment/dev/token --value "$(openssl rand -hex 32)"' in found["export token"].fix


def test_a_fit_machine_passes(aws, monkeypatch):
    monkeypatch.setattr(build, "check_docker", lambda: None)
    aws.client("ssm").put_parameter(Name="/sentiment/dev/token", Type="SecureString", Value="x")
    found = findings(aws, stage(**NEEDED))
    for name in (*PLACE, "names", "zones", "instance type", "region", "credentials", "clock", "machine image"):
        assert found[name].passed, found[name].text


def test_a_name_that_was_allowed_once_fails(aws):
    old = settings.Settings("dev-2", stage().values)
    named = next(each for each in doctor.examine(AwsPlace(old, aws.region), old) if each.name == "stage name")
    assert "cannot be deployed under this name" in named.detail
    assert not named.passed


@pytest.mark.parametrize(
    ("region", "passed", "warned"),
    [("us-east-1", True, False), ("eu-north-1", True, True), ("eu-south-1", False, True)],
)
def test_a_region_in_which_no_stage_can_be_fails_and_one_that_lacks_something_warns(region, passed, warned):
    chosen = Cloud("dev", region=region)
    found = check("region", lambda: doctor._region(chosen))
    assert found.passed is passed
    assert passed or "--region" in found.fix
    assert check("has", lambda: doctor._region_has(chosen, stage()), needed=False).warning is warned


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
    finding = check("clock", lambda: doctor._clock(cloud))
    assert finding.passed is passed
    assert passed or "Set the clock" in finding.fix


def test_a_clock_for_which_aws_refuses_the_credentials_is_told(monkeypatch):
    """The doctor stopped there, and its own advice for that refusal was to ask the doctor about the clock."""
    cloud = StubbedCloud()
    refused = {"HTTPHeaders": {"date": formatdate(time.time() - 3600, usegmt=True)}, "HTTPStatusCode": 403}
    for _ in range(2):
        words = ("SignatureDoesNotMatch", "Signature not yet current")
        cloud.stub("sts").add_client_error("get_caller_identity", *words, response_meta=refused)
    place = AwsPlace(stage(**NEEDED), cloud.region)
    place.cloud = cloud
    monkeypatch.setattr(build, "check_docker", lambda: None)
    found = {finding.name: finding for finding in doctor.examine(place, stage(**NEEDED))}
    assert not found["credentials"].passed
    assert "off by +36" in found["clock"].detail
    assert "Set the clock" in found["clock"].fix
    assert "machine image" not in found


def test_a_profile_that_is_not_there_fails_a_check_and_ends_no_list(monkeypatch):
    monkeypatch.setattr(build, "check_docker", lambda: None)
    place = AwsPlace(stage(**NEEDED), profile="nobodys")
    found = {finding.name: finding for finding in doctor.examine(place, stage(**NEEDED))}
    assert "nobodys" in found["credentials"].detail
    assert "list-profiles" in found["credentials"].fix
    assert "region" not in found, "one cause, one failure"


def test_what_a_deployment_is_denied_too_is_a_failure_and_what_only_the_doctor_asks_a_warning(cloud):
    for needed in (True, False):
        cloud.stub("ssm").add_client_error("get_parameter", "AccessDeniedException", "not allowed")
        finding = check("x", lambda: cloud.client("ssm").get_parameter(Name="x"), needed=needed)
        assert (finding.passed, finding.warning) == (not needed, not needed)
        assert "permission" in finding.fix


def test_what_only_the_doctor_asks_is_a_warning_if_it_is_not_answered():
    """A network without a way to Service Quotas, say, deploys all the same."""

    def look():
        raise EndpointConnectionError(endpoint_url="https://servicequotas.eu-central-1.amazonaws.com")

    for needed in (True, False):
        finding = check("x", look, needed=needed)
        assert (finding.passed, finding.warning) == (not needed, not needed)


def test_what_the_doctor_finds_wrong_is_a_failure_whoever_asks():
    def look():
        raise ImageError("no", "Fix it")

    assert not check("x", look, needed=False).passed


def test_what_a_deployment_asks_of_the_account_itself_fails_the_check(aws, monkeypatch):
    def denied(*_):
        raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "DescribeAvailabilityZones")

    monkeypatch.setattr(build, "check_docker", lambda: None)
    monkeypatch.setattr(zones, "fitting", denied)
    assert not findings(aws, stage())["zones"].passed


def test_a_region_to_go_to_has_vpc_links():
    fix = check("region", lambda: doctor._region(Cloud("dev", region="eu-south-1"))).fix
    assert "eu-central-1" in fix
    assert "ap-northeast-3" not in fix


def test_an_answer_that_aws_did_not_write_fails_one_check_and_not_all():
    def look():
        raise ResponseParserError("invalid XML received: b'<html>'")

    finding = check("x", look)
    assert not finding.passed
    assert "HTTPS_PROXY" in finding.fix


def test_a_warning_is_told_with_its_fix_and_is_no_failure():
    def look():
        raise AdviceError("nobody hears", "Set it")

    finding = check("alarms", look)
    assert finding.passed
    assert finding.text == "WARN  alarms: nobody hears\n      Fix: Set it"


@pytest.mark.parametrize(("instance_type", "warned"), [("t3.micro", False), ("t4g.micro", True)])
def test_an_image_for_another_processor_than_this_machines_is_a_warning(instance_type, warned):
    place = AwsPlace(stage(instance_type=instance_type), "eu-central-1")
    finding = check("image platform", place.checks["image platform"])
    assert finding.passed
    assert finding.warning == warned
    assert not warned or "binfmt" in finding.fix


@pytest.mark.parametrize(
    ("repository", "config", "warned"),
    [
        ("ecr", {}, False),
        ("docker.io/you/rnn", {"auths": {"https://index.docker.io/v1/": {}}}, False),
        ("you/rnn", {"auths": {"https://index.docker.io/v1/": {}}}, False),
        ("ghcr.io/you/rnn", {"credHelpers": {"ghcr.io": "gh"}}, False),
        ("ghcr.io/you/rnn", {"auths": {"https://index.docker.io/v1/": {}}}, True),
        ("ghcr.io/you/rnn", {"credsStore": "of-nobody"}, True),
    ],
)
def test_a_registry_that_docker_has_no_login_for_is_a_warning(tmp_path, monkeypatch, repository, config, warned):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps(config))
    place = AwsPlace(stage(image_repository=repository), "eu-central-1")
    finding = check("registry login", place.checks["registry login"])
    assert finding.warning == warned
    assert not warned or "docker login ghcr.io" in finding.fix
