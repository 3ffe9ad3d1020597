"""The registry's stack is deployed by the engine, under the lock; logging in is tested with its own module."""

import pytest
from moto import mock_aws

from scripts.cloudformation import apply
from scripts.cloudformation.apply import Outcome
from scripts.image import build, login
from scripts.release import registry
from scripts.stage import lock, settings
from scripts.stage.errors import StageLockedError
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings
from tests.unit.scripts.stubs import NOON, TAGS, Recorder

URI = "1.dkr.ecr.us-east-1.amazonaws.com/sentiment-dev-rnn"


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def set_to(repository):
    return Settings("dev", {**settings.load("dev").values, "image_repository": repository})


def test_the_registry_is_deployed_alone_and_logged_in_to(aws, monkeypatch):
    """moto gives no outputs to a stack made by a change set, so CloudFormation's part is replaced."""
    reporter = Recorder()
    brought_up, signed_in = [], []

    def bring_up(work, step, parameters, bucket, state):
        brought_up.append((step.name, step.template.stack, parameters, state))
        with pytest.raises(StageLockedError, match=r"\(image, "):
            lock.hold(aws, "deploy").__enter__()
        return Outcome({"RepositoryUri": URI}, changed=len(brought_up) == 1)

    monkeypatch.setattr(apply, "bring_up", bring_up)
    monkeypatch.setattr(build, "check_docker", lambda: None)
    monkeypatch.setattr(login, "login", lambda _cloud, uri: signed_in.append(uri))
    assert registry.ready(aws, set_to("ecr"), reporter).image_repository == URI
    assert brought_up == [("sentiment-dev-registry", "registry", {"Stage": "dev"}, None)]
    assert signed_in == [URI]
    registry.ready(aws, set_to("ecr"), reporter)
    steps = [("registry", "waiting"), ("registry", "working")]
    assert reporter.said == [*steps, ("registry", "done"), *steps, ("registry", "unchanged")]
    made = [entry["Name"] for entry in aws.client("ssm").describe_parameters()["Parameters"]]
    assert all(name.startswith(f"{lock.path('dev')}/") for name in made), "no receipt key is made"
    with lock.hold(aws, "deploy"):  # it has been released
        pass


def test_a_registry_that_is_there_is_logged_in_to_without_the_lock(cloud, monkeypatch):
    """Two calls then, instead of those of a deployment; `deploy` and `stacks` bring its stack up to date."""
    entry = {"StackName": "sentiment-dev-registry", "StackId": "arn:r", "StackStatus": "UPDATE_COMPLETE"}
    outputs = [{"OutputKey": "RepositoryUri", "OutputValue": URI}]
    cloud.stub("cloudformation").add_response(
        "describe_stacks", {"Stacks": [{**entry, "CreationTime": NOON, "Tags": TAGS, "Outputs": outputs}]}
    )
    monkeypatch.setattr(build, "check_docker", lambda: None)
    monkeypatch.setattr(login, "login", lambda _cloud, uri: None)
    reporter = Recorder()
    assert registry.ready(cloud, set_to("ecr"), reporter).image_repository == URI
    assert reporter.said == []


def test_any_other_registry_is_left_to_who_logged_in_to_it(cloud):
    chosen = set_to("docker.io/you/sentiment-rnn")
    assert registry.ready(cloud, chosen, Recorder()) == chosen
