"""The region of a command: the one that the AWS CLI would use in the same shell, unless the stage has its own."""

import pytest

from scripts.release.place import AwsPlace
from scripts.stage import region, settings
from scripts.stage.region import Region
from scripts.stage.settings import Settings

EVERYWHERE = {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A shell with two profiles, and no variable of AWS."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", *region.VARIABLES):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("[default]\nregion = ap-south-1\n[profile work]\nregion = sa-east-1\n[profile bare]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return monkeypatch


@pytest.mark.parametrize(
    ("option", "setting", "profile", "environment", "wanted"),
    [
        ("us-west-2", "eu-central-1", "work", EVERYWHERE, Region("us-west-2", "--region")),
        (None, "eu-central-1", "work", EVERYWHERE, Region("eu-central-1", "stages.toml")),
        (None, "", "work", EVERYWHERE, Region("eu-north-1", "AWS_REGION")),
        (None, "", "work", {"AWS_DEFAULT_REGION": "eu-west-2"}, Region("eu-west-2", "AWS_DEFAULT_REGION")),
        (None, "", "work", {"AWS_REGION": ""}, Region("sa-east-1", "profile work")),
        (None, "", None, {}, Region("ap-south-1", "profile default")),
        (None, "", "bare", {}, Region("", "profile bare")),
    ],
)
def test_the_first_that_names_a_region_decides(shell, option, setting, profile, environment, wanted):
    assert region.choose(option, setting, profile, environment) == wanted


def test_a_command_goes_where_aws_region_says_and_says_so(shell):
    shell.setenv("AWS_REGION", "eu-north-1")
    shell.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    cloud = AwsPlace(Settings("dev", {**settings.load("dev").values})).cloud
    assert cloud.client("ecs").meta.region_name == cloud.region == "eu-north-1"
    assert cloud.region_in_words == "eu-north-1 (from AWS_REGION)"


def test_of_two_profiles_the_one_decides_that_the_aws_cli_prefers(shell):
    """boto3 prefers the other: a command would go to another account than `aws` in the same shell."""
    shell.setenv("AWS_DEFAULT_PROFILE", "bare")
    shell.setenv("AWS_PROFILE", "work")
    cloud = AwsPlace(settings.load("dev")).cloud
    assert cloud._session.profile_name == "work"
    assert cloud.region_in_words == "sa-east-1 (from profile work)"


def test_a_profile_that_only_the_older_variable_names_counts(shell):
    shell.setenv("AWS_DEFAULT_PROFILE", "work")
    assert AwsPlace(settings.load("dev")).cloud.region_in_words == "sa-east-1 (from profile work)"
