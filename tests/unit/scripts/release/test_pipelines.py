"""Letting the pipelines in: which provider is taken, and what GitHub must be told. The stack itself: tests/local."""

import re

import pytest
from moto import mock_aws

from generator import catalogue, parameters
from scripts.cloudformation import stacks
from scripts.release import pipelines
from scripts.stage import settings
from scripts.stage.errors import SettingsError
from scripts.stage.session import Cloud
from tests.unit.scripts.stubs import Recorder

ARN = f"arn:aws:iam::123456789012:oidc-provider/{catalogue.GITHUB_ISSUER}"


@pytest.fixture
def dev(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def provider(cloud, url):
    arguments = {"Url": url, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": []}
    return cloud.client("iam").create_open_id_connect_provider(**arguments)["OpenIDConnectProviderArn"]


def provider_of_others(cloud):
    return pipelines._provider_of_others(cloud, stacks.describe(cloud, "sentiment-dev-pipeline"))


def test_an_account_has_one_provider_which_another_stage_may_have_made(dev):
    assert provider_of_others(dev) == ""
    provider(dev, "https://tokens.example.com")
    assert provider_of_others(dev) == ""
    made = provider(dev, f"https://{catalogue.GITHUB_ISSUER}")
    assert provider_of_others(dev) == made


@pytest.mark.parametrize("given", ["", ARN])
def test_a_stage_that_has_its_stack_keeps_to_its_provider(dev, given):
    provider(dev, f"https://{catalogue.GITHUB_ISSUER}")
    template = (
        '{"Parameters": {"IdentityProviderArn": {"Type": "String"}}, "Resources": {"A": {"Type": "AWS::SNS::Topic"}}}'
    )
    parameters = [{"ParameterKey": "IdentityProviderArn", "ParameterValue": given}]
    dev.client("cloudformation").create_stack(
        StackName="sentiment-dev-pipeline", TemplateBody=template, Parameters=parameters
    )
    assert provider_of_others(dev) == given


def test_without_a_repository_nothing_is_let_in(dev):
    with pytest.raises(SettingsError, match="dev has no pipeline_repository") as caught:
        pipelines.let_in(dev, settings.load("dev"), None, Recorder())
    assert "stages.toml" in caught.value.next_step


def test_github_is_told_of_every_environment():
    outputs = {f"{name.capitalize()}RoleArn": f"arn:{name}" for name in catalogue.PIPELINES}
    words = pipelines.what_to_set(settings.load("dev"), outputs, "eu-central-1")
    for name in catalogue.PIPELINES:
        assert f"gh variable set AWS_ROLE_ARN --env dev-{name} --body arn:{name}" in words
        assert f"gh variable set AWS_REGION --env dev-{name} --body eu-central-1" in words
    assert """gh variable set STAGES --body '["dev"]'""" in words
    assert "Set pipeline_repository" in words


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("", True),
        ("you/sentiment", True),
        ("you@12/sentiment.on-aws@345", True),
        ("you", False),
        ("you@12/sentiment", False),
        ("you/sentiment@345", False),
        ("you/*", False),
        ("repo:you/sentiment", False),
    ],
)
def test_a_repository_is_named_as_githubs_tokens_do(name, fits):
    pattern = parameters.DEFINITIONS["PipelineRepository"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, name)) == fits
