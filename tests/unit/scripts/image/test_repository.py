"""The stage's own repository, against moto; its deployment and logging in are tested with their own modules."""

import pytest
from moto import mock_aws

from generator import catalogue
from scripts.cloudformation import templates
from scripts.image import build, login, repository
from scripts.stage import settings
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

URI = "1.dkr.ecr.us-east-1.amazonaws.com/sentiment-dev-rnn"


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Cloud, "poll_seconds", 0.0)
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


@pytest.fixture
def stack(aws):
    """A stage whose registry is there."""
    body = next(each.body for each in templates.load_all() if each.stack == "registry")
    # moto makes up names in capital letters, which it then refuses; CloudFormation makes up good ones.
    body = body.replace("      EmptyOnDelete", "      RepositoryName: sentiment-dev-rnn\n      EmptyOnDelete")
    aws.client("cloudformation").create_stack(StackName="sentiment-dev-registry", TemplateBody=body)
    return aws


@pytest.fixture
def signed_in(monkeypatch):
    """Who signed in to what."""
    heard = []
    monkeypatch.setattr(build, "check_docker", lambda: None)
    monkeypatch.setattr(login, "login", lambda _cloud, uri: heard.append(uri))
    return heard


def set_to(repository):
    chosen = settings.load("dev")
    return Settings("dev", {**chosen.values, "image_repository": repository})


def test_a_stage_has_its_own_registry_unless_it_names_another():
    for stage in settings.stages():
        here = settings.load(stage)
        assert repository.chosen(here, repository.STACK) == (here.place == "aws")
    for stack in catalogue.STACKS:
        assert repository.chosen(settings.load("dev"), stack)
        assert repository.chosen(set_to("docker.io/you/rnn"), stack) == (stack.name != "registry")


def test_its_template_makes_what_it_should(stack):
    [made] = stack.client("ecr").describe_repositories()["repositories"]
    assert made["imageTagMutability"] == "IMMUTABLE"
    body = next(each.body for each in templates.load_all() if each.stack == "registry")
    for line in ("ScanOnPush: true", "EmptyOnDelete: true", "DeletionPolicy: Delete", "UpdateReplacePolicy: Retain"):
        assert line in body


def test_a_plan_before_the_registry_is_there_names_the_image_without_it(aws, signed_in):
    assert repository.reference(aws, set_to("ecr")).startswith("sentiment-rnn:")
    assert signed_in == []


def test_a_plan_asks_the_registry_once_it_is_there(stack, signed_in, monkeypatch):
    monkeypatch.setattr(build, "pushed_digest", lambda _reference, _architecture: "sha256:1")
    uri = stack.client("ecr").describe_repositories()["repositories"][0]["repositoryUri"]
    assert repository.reference(stack, set_to("ecr")) == f"{uri}@sha256:1"
    assert len(signed_in) == 1
