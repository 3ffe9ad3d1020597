"""Logging in to registries with short-lived tokens, with a docker that a test wrote and moto's ECR."""

import pytest
from moto import mock_aws

from scripts.image import login
from scripts.stage.errors import ImageError
from scripts.stage.session import Cloud

DOCKER = """#!/bin/sh
echo "$@" > "{said}"
cat >> "{said}"
{end}
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A docker that writes down what it was told; ``fails`` makes it refuse."""

    def make(end="exit 0"):
        said = tmp_path / "said"
        program = tmp_path / "docker"
        program.write_text(DOCKER.format(said=said, end=end))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return said

    return make


@pytest.fixture
def dev(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def test_githubs_registry_takes_the_jobs_own_token_on_stdin(dev, docker, monkeypatch):
    said = docker()
    monkeypatch.setenv("GITHUB_TOKEN", "short-lived")
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    assert login.login(dev, "ghcr.io/ada/sentiment-rnn") == "ghcr.io"
    assert said.read_text() == "login --username ada --password-stdin ghcr.io\nshort-lived"


def test_ecr_is_asked_for_a_token_of_its_own(dev, docker):
    said = docker()
    host = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    assert login.login(dev, f"{host}/sentiment-rnn") == host
    words, _, password = said.read_text().partition("\n")
    assert words == f"login --username AWS --password-stdin {host}"
    assert password


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        ("", "dev has no image_repository"),
        ("docker.io/you/rnn", "docker.io issues no short-lived tokens"),
        ("ghcr.io/you/rnn", "GITHUB_TOKEN is not set"),
    ],
)
def test_what_cannot_be_logged_in_to_is_told(dev, monkeypatch, repository, words):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(ImageError, match=words) as caught:
        login.login(dev, repository)
    assert caught.value.next_step


def test_a_refusal_is_passed_on(dev, docker, monkeypatch):
    docker(end="echo denied >&2; exit 1")
    monkeypatch.setenv("GITHUB_TOKEN", "short-lived")
    with pytest.raises(ImageError, match=r"ghcr\.io refuses the login: denied"):
        login.login(dev, "ghcr.io/you/rnn")
